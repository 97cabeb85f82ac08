"""What a large table costs: the stream that writes to it, the hourly job, the page, Grafana, a customer's day, upkeep.

The same is measured on an empty table and beside many other readings, which one statement fills in. All of it needs
about 150 bytes of disk per reading, twice while it is filled.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID

from psycopg import sql

from include.db.connect import Connection, Role, connect
from include.domain.hours import HOUR
from include.errors import StreamFailedError
from include.hourly.run import settle_hour
from include.live import store
from include.maintenance.rules import READINGS
from include.maintenance.store import drop_day, list_days
from include.maintenance.types import Day
from include.settings import Settings
from tools.bench.bodies import STEP_US, probe_customer
from tools.bench.drain import drain_once, stored_count
from tools.bench.figures import EMPTY_TABLE, LARGE_TABLE, MS, SECONDS
from tools.bench.generator import send_backlog
from tools.bench.ground import (
    Bench,
    backlog_start_us,
    checkpoint,
    clear,
    fill_table,
    filled_customer,
    fresh_topic,
    take_back,
)
from tools.bench.options import BenchOptions
from tools.bench.systems import Stream
from tools.grafana.macros import Range, expand, panels, span

HOUR_READINGS = 3_600_000
LOOKS = 7
GRAFANA_RANGE = timedelta(hours=1)
# What settling has left, so that the hour is settled anew in each round.
FORGET_HOURS = "truncate settled_hours, customer_hourly, risk_hourly, quality_runs cascade"
STATISTICS = "select refresh_statistics('heartbeats')"
MAKE_KEY = (
    "create unique index concurrently bench_key on {table} (slot_of(event_time), customer_id, event_time)"
)
# A day that is as good as expired: of yesterday and today nothing may be dropped.
OLD_BY = timedelta(days=20)
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - the database's times are UTC without a zone


@dataclass(frozen=True, slots=True)
class _Times:
    """Where in the past each piece lies, so that none meets another: filled in, the hour, the drained backlogs."""

    hour: datetime
    drained_us: int

    @classmethod
    def of(cls, options: BenchOptions) -> "_Times":
        """Reckon back from a minute ago."""
        drained_us = backlog_start_us(options.records)
        first = _EPOCH + timedelta(microseconds=drained_us)
        return cls(first.replace(minute=0, second=0, microsecond=0) - HOUR, drained_us)


def measure_large(bench: Bench) -> None:
    """Measure on an empty table, then beside `table_rows` other readings."""
    for subject, rows in ((EMPTY_TABLE, 0), (LARGE_TABLE, bench.options.table_rows)):
        times = _Times.of(bench.options)
        clear(bench.settings)
        if rows:
            with _timed(bench, "filling", subject):
                fill_table(bench.settings, rows, until=times.hour)
            bench.figures.note("filling", subject, "rows", rows)
        _measure_drain(bench, subject, times)
        with fresh_topic(bench.settings) as settings:
            _store_hour(bench, settings, times.hour)
            for _ in range(bench.options.rounds):
                _measure_hour(bench, settings, subject, times.hour)
            measure_looks(bench, settings, subject)
            measure_upkeep(bench, settings, subject)
            _measure_drop(bench, settings, subject, times.hour - OLD_BY)


def _measure_drain(bench: Bench, subject: str, times: _Times) -> None:
    """Drain the same backlog again and again; what the round before has stored is taken out first."""
    for _ in range(bench.options.rounds):
        with fresh_topic(bench.settings) as settings:
            send_backlog(settings, bench.options.records, times.drained_us)
            take_back(settings, _EPOCH + timedelta(microseconds=times.drained_us))
            checkpoint(settings)
            drain_once(bench, settings, Stream(), times.drained_us, subject=subject)


def _store_hour(bench: Bench, settings: Settings, hour: datetime) -> None:
    """Let the stream store an hour of 3.6 M readings, 2,000 per second in its first half."""
    before = stored_count(settings)
    first_us = (hour - _EPOCH) // timedelta(microseconds=1)
    send_backlog(settings, HOUR_READINGS, first_us)
    with Stream().running(settings, bench.folder, drain=True) as running:
        for process in running.processes:
            if process.wait() != 0:
                raise StreamFailedError(f"the stream failed: see {running.logs}")
    if (stored := stored_count(settings) - before) != HOUR_READINGS:
        raise StreamFailedError(f"{HOUR_READINGS:,} readings were sent, {stored:,} are stored")
    with connect(settings, Role.OWNER, autocommit=True) as owner:
        owner.execute("vacuum analyze heartbeats")
    checkpoint(settings)


def _measure_hour(bench: Bench, settings: Settings, subject: str, hour: datetime) -> None:
    with connect(settings, Role.OWNER, autocommit=True) as owner:
        owner.execute(FORGET_HOURS)
    with _timed(bench, f"settling {HOUR_READINGS:,} readings", subject):
        settlement = settle_hour(settings, hour)
    if settlement.newly_withheld:
        raise StreamFailedError(f"the hour was withheld: {settlement.newly_withheld[0].verdict.reason}")


def measure_looks(bench: Bench, settings: Settings, subject: str) -> None:
    """Time what people look at; the newest reading takes the place of now, since nothing is sent meanwhile."""
    with connect(settings, Role.READER, autocommit=True) as reader:
        now = _newest(reader)
        customer = probe_customer(0)
        for name, look in _looks(reader, now, customer):
            bench.figures.note(f"look: {name}", subject, MS, _median_ms(look))
        for name, statement in _panels(now, customer):
            bench.figures.note(
                f"Grafana: {name}", subject, MS, _median_ms(partial(reader.execute, statement))
            )


def _looks(reader: Connection, now: datetime, customer: UUID) -> Iterator[tuple[str, Callable[[], object]]]:
    yield "the last minutes' flow", partial(store.read_flow, reader, now, None)
    yield "customers now", partial(store.read_customers, reader, now)
    yield "checks and hours", partial(store.read_slow, reader, now)
    quarter, day = now - timedelta(minutes=15), now - timedelta(days=1)
    yield "a customer's quarter of an hour", partial(store.read_customer, reader, customer, quarter, now)
    yield "a customer's day", partial(store.read_customer, reader, filled_customer(), day, now)
    # He has readings in what was drained alone, so the search goes on to the beginning of the day.
    yield "a day with few readings", partial(store.read_customer, reader, customer, day, now)


def _panels(now: datetime, customer: UUID) -> Iterator[tuple[str, bytes]]:
    chosen = Range(now - GRAFANA_RANGE, now)
    variables = {"customer": [str(customer)], "partition": ["0", "1"]}
    for board, panel in panels():
        for target in panel.get("targets", ()):
            sql = expand(
                target["rawSql"], chosen, least_step=span(panel.get("interval") or "1s"), variables=variables
            )
            yield f"{board['uid']}, {panel['title']}", sql.encode()


def measure_upkeep(bench: Bench, settings: Settings, subject: str) -> None:
    """Time the daily statistics, and another key for each day, as a migration makes it."""
    with connect(settings, Role.OWNER, autocommit=True) as owner:
        for name, act in (
            ("statistics of all days", partial(owner.execute, STATISTICS)),
            ("another key for all days", partial(_make_keys, owner)),
        ):
            with _timed(bench, f"upkeep: {name}", subject):
                act()


def _measure_drop(bench: Bench, settings: Settings, subject: str, hour: datetime) -> None:
    """Time the drop of an old day, of which this hour has all readings."""
    _store_hour(bench, settings, hour)
    settle_hour(settings, hour)
    with (
        connect(settings, Role.OWNER, autocommit=True) as owner,
        _timed(bench, f"upkeep: a day of {HOUR_READINGS:,} readings dropped", subject),
    ):
        dropped = drop_day(owner, Day(READINGS, hour.date()))
    if dropped != HOUR_READINGS:
        raise StreamFailedError(f"a day of {HOUR_READINGS:,} readings was to be dropped, but had {dropped}")


def _make_keys(owner: Connection) -> None:
    """Make the index that each day has once more, beside those who store, and drop it."""
    for day in list_days(owner, READINGS):
        table = sql.Identifier(f"{READINGS}_{day.day:%Y%m%d}")
        owner.execute(sql.SQL(MAKE_KEY).format(table=table))
        owner.execute("drop index bench_key")


@contextmanager
def _timed(bench: Bench, part: str, subject: str) -> Iterator[None]:
    """Note how many seconds a `with` block took."""
    begun = time.monotonic()
    yield
    bench.figures.note(part, subject, SECONDS, time.monotonic() - begun)


def _median_ms(look: Callable[[], object]) -> float:
    """Return how long a look takes, the first one left out, whose plans and pages are not at hand yet."""
    took = []
    for _ in range(LOOKS + 1):
        begun = time.perf_counter()
        look()
        took.append((time.perf_counter() - begun) * 1000)
    return statistics.median(took[1:])


def _newest(reader: Connection) -> datetime:
    row = reader.execute("select newest_reading('infinity')").fetchone()
    newest: datetime = row[0] if row else datetime.now(UTC).replace(tzinfo=None)
    return newest + timedelta(microseconds=STEP_US)
