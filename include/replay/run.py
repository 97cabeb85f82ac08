"""Send dead letters to the topic again, each once, whatever breaks in between.

A letter is claimed in the database before it is sent, and marked once every replica has acknowledged its copy. If the
process dies in between, the next run searches Kafka, from where its partitions ended before the claim, for copies by
their `replayed_from` header: those it finds are marked, the rest is released. If Kafka has deleted that part by then, a
letter may be sent twice, but its reading is still stored only once.
"""

import time
from collections import Counter
from dataclasses import asdict, dataclass, replace

from include.broker.topic import Broker, TimestampLimits, Topic, open_broker
from include.db.clock import read_clock
from include.db.connect import Connection, Role, connect, readable_errors
from include.db.locks import holding
from include.errors import ReplayBusyError
from include.log import get_logger
from include.replay import store
from include.replay.rules import record_time_ms
from include.replay.sender import Sender, find_copies, open_sender
from include.replay.types import BrokenRun, Delivery, Letter, ReplayReport, Selection
from include.settings import Settings

REPLAY_LOCK = "heartbeat-replay"
CHUNK_LETTERS = 500
CHUNK_BYTES = 8 * 1024 * 1024
OUTCOME_INTERVAL_SECONDS = 1.0
# The stream takes copies up within a second; after an outage the outcome can be looked up in replay_outcomes.
OUTCOME_WAIT_SECONDS = 120.0

log = get_logger()


@dataclass(frozen=True, slots=True)
class _Replay:
    """What the steps of one replay share."""

    settings: Settings
    connection: Connection
    broker: Broker
    topic: Topic
    limits: TimestampLimits


def replay_dead_letters(settings: Settings, selection: Selection, *, dry_run: bool) -> ReplayReport:
    """Send what the selection names and has not been sent before; with `dry_run`, only count it.

    In this order:
    1. clear up what a broken run to the same topic left open
    2. claim a chunk, noting first where Kafka ends
    3. send it and wait for the acknowledgements
    4. mark what arrived, release what was refused
    """
    with connect(settings, Role.REPLAY, autocommit=True) as connection, readable_errors(settings):
        # Leave out what fails again while this runs: it would go round in circles.
        now = read_clock(connection)
        selection = replace(selection, until=min(selection.until or now, now))
        if dry_run:
            chosen = store.count_letters(connection, settings.kafka.topic, selection)
            report = ReplayReport(None, chosen, {}, {}, found_sent=0)
        else:
            report = _replay(settings, connection, selection)
    log.info("dead_letters_replayed", is_dry_run=dry_run, **asdict(report))
    return report


def trace_outcomes(
    settings: Settings, run_id: int | None, *, wait_seconds: float = OUTCOME_WAIT_SECONDS
) -> dict[str, int]:
    """Wait until the stream has processed a run's copies, or the time is up, and count what became of them.

    A copy that repeats a stored reading counts as accepted. A dry run has no copies.
    """
    if run_id is None:
        return {}
    deadline = time.monotonic() + wait_seconds
    with connect(settings, Role.REPLAY, autocommit=True) as connection, readable_errors(settings):
        outcomes = store.count_outcomes(connection, run_id)
        while "waiting" in outcomes and time.monotonic() < deadline:
            time.sleep(OUTCOME_INTERVAL_SECONDS)
            outcomes = store.count_outcomes(connection, run_id)
    log.info("replay_traced", run_id=run_id, outcomes=outcomes)
    return outcomes


def _replay(settings: Settings, connection: Connection, selection: Selection) -> ReplayReport:
    with (
        holding(connection, REPLAY_LOCK, else_raise=ReplayBusyError()),
        open_broker(settings) as broker,
    ):
        topic = broker.topic(settings.kafka.topic)
        session = _Replay(settings, connection, broker, topic, broker.timestamp_limits(topic))
        found_sent = sum(_close_broken(session, run) for run in store.broken_runs(connection, topic.name))
        chosen = store.count_letters(connection, topic.name, selection)
        with open_sender(settings, session.topic) as sender:
            run_id = store.begin_run(connection, session.topic)
            sent, refused = _send_all(session, sender, run_id, selection)
        store.end_run(connection, run_id)
    return ReplayReport(run_id, chosen, dict(sent), dict(refused), found_sent)


def _close_broken(session: _Replay, run: BrokenRun) -> int:
    """Find out what a broken run had sent, mark it and release the rest; return how many were found."""
    wanted = store.claimed_places(session.connection, run.run_id)
    copies = {}
    # What was sent to an earlier topic of the same name is gone with it.
    if wanted and run.topic_id == session.topic.topic_id:
        copies = find_copies(
            session.settings, session.broker, session.topic, starts=run.claim_offsets, wanted=wanted
        )
    store.mark_replayed(session.connection, run.run_id, list(copies.items()))
    store.end_run(session.connection, run.run_id)
    log.warning("broken_replay_closed", run_id=run.run_id, claimed_count=len(wanted), sent_count=len(copies))
    return len(copies)


def _send_all(
    session: _Replay, sender: Sender, run_id: int, selection: Selection
) -> tuple[Counter[str], Counter[str]]:
    """Send chunk by chunk; return how many letters of each reason were sent and refused."""
    sent: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    last: Letter | None = None
    while remaining := selection.limit - sent.total() - refused.total():
        ends = {partition: held.end for partition, held in session.broker.ranges(session.topic).items()}
        letters = store.claim_letters(
            session.connection,
            run_id,
            session.topic,
            selection,
            after=last,
            claim_offsets=ends,
            max_letters=min(CHUNK_LETTERS, remaining),
            max_bytes=CHUNK_BYTES,
        )
        if not letters:
            break
        deliveries = _send(session, sender, letters)
        copies = [(each.letter.place, each.copy) for each in deliveries if each.copy]
        store.mark_replayed(session.connection, run_id, copies)
        sent.update(each.letter.reason for each in deliveries if each.copy)
        refused.update(each.letter.reason for each in deliveries if not each.copy)
        last = letters[-1]
    return sent, refused


def _send(session: _Replay, sender: Sender, letters: list[Letter]) -> list[Delivery]:
    now = read_clock(session.connection)
    keep_days = session.settings.retention_days.kafka
    return sender.send(
        [
            (
                letter,
                record_time_ms(letter, now=now, kafka_retention_days=keep_days, limits=session.limits),
            )
            for letter in letters
        ]
    )
