"""The pipeline at a glance, for the command line: the live page's own figures, read once."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from include.broker.topic import open_broker, unreachable
from include.db.clock import read_clock
from include.db.connect import Connection
from include.errors import HeartbeatError
from include.hourly.types import HourRow
from include.live import store
from include.live.session import Session
from include.live.types import CheckRow, Ends, RecentLatency, StreamState
from include.settings import Settings

BROKER_TIMEOUT_MS = 3000
MOST_HOURS = 3


@dataclass(frozen=True, slots=True)
class Overview:
    """What is known of the pipeline at this moment, and in one line each what cannot be asked; the rest is None."""

    stream: StreamState | None = None
    lag_records: int | None = None
    records_per_second: float | None = None
    latency: RecentLatency | None = None
    hours: Sequence[HourRow] = ()
    checks: Sequence[CheckRow] = ()
    problems: list[str] = field(default_factory=list)


def read_overview(settings: Settings) -> Overview:
    """Ask the broker and the database; one that does not answer is a problem that is told, and not an error."""
    ends, session = _read_ends(settings), Session(settings)
    problems = [ends.problem] if ends.problem else []
    try:
        return session.ask(lambda connection: _read(connection, ends, problems))
    except HeartbeatError as error:
        return Overview(problems=[*problems, str(error)])
    finally:
        session.close()


def _read_ends(settings: Settings) -> Ends:
    try:
        with open_broker(settings, timeout_ms=BROKER_TIMEOUT_MS) as broker:
            topic = broker.topic(settings.kafka.topic)
            ranges = broker.reachable_ranges(topic)
            problem = unreachable(topic, ranges)
            return Ends(topic.topic_id, ranges, problem=str(problem) if problem else None)
    except HeartbeatError as error:
        return Ends(problem=str(error))


def _read(connection: Connection, ends: Ends, problems: list[str]) -> Overview:
    now = read_clock(connection)
    flow = store.read_flow(connection, now, arriving=None)
    partitions = store.read_broker(connection, ends).partitions
    return Overview(
        stream=store.read_stream(connection, now),
        lag_records=None if ends.problem else sum(partition.lag for partition in partitions),
        records_per_second=flow.rates.accepted + flow.rates.duplicates + flow.rates.quarantined,
        latency=flow.latency,
        hours=store.read_newest_hours(connection, now, most=MOST_HOURS),
        checks=store.read_checks(connection),
        problems=problems,
    )
