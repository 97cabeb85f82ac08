"""What each measurement stands on: a topic of its own, empty tables, a database at rest."""

import hashlib
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from include.broker.topic import open_broker
from include.db.connect import Role, connect
from include.db.days import ensure_day
from include.errors import StreamFailedError
from include.settings import Settings
from include.stream.run import prepare
from stack.administrator import administer
from tools.bench.bodies import CUSTOMERS, STEP_US
from tools.bench.figures import Figures
from tools.bench.options import BenchOptions
from tools.bench.probe import LOOK_SECONDS, Probe, Sighting
from tools.bench.systems import Compiled, Consumers, Running, Stream, System, has_go

PATIENCE_SECONDS = 180
# The next launch would take in the round before as what its alarms have missed, beside its own work.
ALARMS = "fresh_readings, alarm_memory, alarm_touches, alarms, outbox"
CLEAR = f"truncate heartbeats, dead_letters, stream_commits, stream_offsets, touched_hours, {ALARMS} cascade"
# The past of as many customers as a backlog has, each with a reading in a second.
FILL = """
insert into heartbeats (customer_id, heart_rate, event_time, risk_level)
select md5('bench' || place %% %(customers)s)::uuid, 60 + place %% 39,
    %(until)s::timestamp - place * %(step_us)s * interval '1 microsecond', 'Normal'
from generate_series(1, %(rows)s::bigint) as places (place)
"""


@dataclass(frozen=True, slots=True)
class Bench:
    """One run of the bench on its stack."""

    settings: Settings
    folder: Path
    options: BenchOptions
    figures: Figures
    server_pids: dict[str, int]

    def in_turn(self, round_number: int) -> list[System]:
        """Return what is measured side by side; who comes first changes from round to round."""
        systems: list[System] = [Stream(), Consumers(self.options.gather_ms / 1000)]
        return systems[::-1] if round_number % 2 else systems

    def all_in_turn(self, round_number: int) -> list[System]:
        """Return the same and, where Go is installed, the compiled consumer in the middle."""
        first, last = self.in_turn(round_number)
        return [first, *([Compiled(self.options.gather_ms / 1000)] if has_go() else []), last]


@contextmanager
def fresh_topic(settings: Settings) -> Iterator[Settings]:
    """Give settings that name a new topic, and delete it in the end."""
    own = settings.having(kafka_topic=f"bench_{uuid.uuid4().hex[:12]}")
    prepare(own)
    try:
        yield own
    finally:
        with open_broker(own) as broker:
            broker.delete_topic(own.kafka.topic)


def clear(settings: Settings) -> None:
    """Empty the tables, make the days' partitions, and let the database write down what it still holds back."""
    with connect(settings, Role.OWNER, autocommit=True) as owner:
        owner.execute(CLEAR)
        today = datetime.now(UTC).date()
        for offset in (-1, 0, 1):
            ensure_day(owner, "heartbeats", today + timedelta(days=offset))
    checkpoint(settings)


def take_back(settings: Settings, since: datetime) -> None:
    """Take the readings since then out again, with all that the alarms know."""
    with connect(settings, Role.OWNER, autocommit=True) as owner:
        owner.execute("delete from heartbeats where event_time >= %s", [since])
        owner.execute(f"truncate {ALARMS} cascade")
        owner.execute("vacuum heartbeats")


def fill_table(settings: Settings, rows: int, *, until: datetime | None = None) -> None:
    """Put many readings of the hours before `until`, or now, into the table, so that its index is as deep as in use."""
    until = until or datetime.now(UTC).replace(tzinfo=None) - timedelta(minutes=1)
    with connect(settings, Role.OWNER, autocommit=True) as owner:
        for days in range(timedelta(microseconds=rows * STEP_US).days + 2):
            ensure_day(owner, "heartbeats", until.date() - timedelta(days=days))
        owner.execute(FILL, {"customers": CUSTOMERS, "rows": rows, "until": until, "step_us": STEP_US})
        owner.execute("vacuum analyze heartbeats")
    checkpoint(settings)


def filled_customer() -> UUID:
    """Return one of those whose past `fill_table` makes."""
    return UUID(hashlib.md5(b"bench1", usedforsecurity=False).hexdigest())


def checkpoint(settings: Settings) -> None:
    """Let the database write down what it still holds back, so that no measurement pays for the one before."""
    with administer(settings) as administrator:
        administrator.execute("checkpoint")


def backlog_start_us(records: int) -> int:
    """Return where a backlog begins that ends a minute ago."""
    return time.time_ns() // 1000 - records * STEP_US - 60_000_000


def watch(
    probe: Probe,
    running: Running,
    *,
    every_seconds: float = LOOK_SECONDS,
    patience_seconds: float = PATIENCE_SECONDS,
) -> Iterator[list[Sighting]]:
    """Look again and again; raise StreamFailedError if the system ends, or nothing is seen for too long."""
    heard_at = time.monotonic()
    for found in probe.looks(every_seconds=every_seconds):
        yield found
        if found:
            heard_at = time.monotonic()
            continue
        running.require_alive()
        if time.monotonic() - heard_at > patience_seconds:
            raise StreamFailedError(
                f"no new reading was seen for {patience_seconds:.0f} s: see {running.logs}"
            )
