"""A database in which every panel has something to show.

What the panels are judged by is stored by the product itself: readings through the stream's transactions, hours by
the hourly job, findings by the checks. Beneath lie rows of earlier days, so that there are days to leave out.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from psycopg import sql

from include.db.connect import Role, connect
from include.db.queries import query
from include.errors import HealthCheckFailedError
from include.handling.people import acknowledge
from include.handling.store import read_alarms
from include.health.run import run_checks
from include.hourly.run import settle_hour
from include.settings import Settings
from tests.support.alarms import SetProgress, catch_up, evaluating
from tests.support.hours import HOUR, Measurement, Writer, steady
from tests.support.inline_stream import InlineStream
from tests.support.pipeline import Pipeline, event, fresh_pipeline
from tools.grafana.macros import Range

CUSTOMER = uuid.UUID(int=1)
EARLIER_DAYS = 8


@dataclass(frozen=True, slots=True)
class FilledPipeline:
    """The database, and the instant up to which it was filled."""

    pipeline: Pipeline
    now: datetime

    def range(self, width: timedelta) -> Range:
        """Return the range that ends with what was stored last."""
        return Range(self.now - width, self.now)


@contextmanager
def filled_pipeline(stack: Settings, data_docs: Path) -> Iterator[FilledPipeline]:
    """Give a database of its own, filled; it is dropped at the end."""
    with fresh_pipeline(stack) as pipeline:
        settings = pipeline.settings.having(stack_dir=data_docs)
        _settle_hours(pipeline, settings)
        _raise_alarms(settings)
        _stream(pipeline)
        _add_earlier_days(pipeline)
        with suppress(HealthCheckFailedError):  # what Kafka has lost is there to be shown, too
            run_checks(settings.having(health_quarantine_fail_share=1.0))
        now = pipeline.rows("select timezone('utc', clock_timestamp())")[0][0]
        yield FilledPipeline(pipeline, now)


def _settle_hours(pipeline: Pipeline, settings: Settings) -> None:
    """Two hours ago is published with a warning, three hours ago withheld, the last full hour stays open."""
    this_hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0, tzinfo=None)
    good, bad, late = this_hour - 2 * HOUR, this_hour - 3 * HOUR, this_hour - HOUR
    with Writer(settings) as sink:
        for hour in (good, bad, late):
            # In the first minutes of an hour the alarm lies in the one before: nothing steady shall interrupt it there.
            sink.store(each for each in steady(hour) if each.at < this_hour - timedelta(minutes=10))
            sink.store(Measurement(CUSTOMER, bpm, hour + timedelta(seconds=30 + bpm)) for bpm in (110, 150))
        sink.store(Measurement(uuid.UUID(int=8), 0, good + timedelta(seconds=second)) for second in range(30))
        rejected = [(b"{", good + timedelta(seconds=number)) for number in range(60)]
        sink.store_values([*rejected, (b'{"customer_id": 1}', good)])
    pipeline.run("update heartbeats set ingested_at = event_time + interval '1 second'")
    pipeline.run(
        "insert into heartbeats (customer_id, heart_rate, event_time, risk_level) "  # noqa: S608
        f"values ('{uuid.UUID(int=9)}', 70, '{bad}', 'Normal')"
    )
    for hour in (good, bad):
        settle_hour(settings, hour)
    with connect(settings, Role.OWNER, autocommit=True) as connection:
        gap = {"topic_id": uuid.UUID(int=7), "partition": 0, "from_offset": 90_000, "to_offset": 90_010}
        connection.execute(query("stream/insert_jump"), {**gap, "kind": "gap", "epoch": 1})


def _raise_alarms(settings: Settings) -> None:
    """Some minutes ago the customer had an alarm that is over; another one's is open, and acknowledged."""
    began = datetime.now(UTC).replace(tzinfo=None) - timedelta(minutes=5)

    def at(second: int) -> datetime:
        return began + timedelta(seconds=second)

    with Writer(settings) as sink, evaluating(settings, SetProgress()) as evaluator:
        catch_up(evaluator)
        sink.store(Measurement(CUSTOMER, 160, at(second)) for second in range(0, 90, 5))
        sink.store(Measurement(CUSTOMER, 95, at(second)) for second in range(90, 130, 5))
        sink.store(Measurement(uuid.UUID(int=6), 35, at(second)) for second in range(0, 90, 5))
        catch_up(evaluator)
    with connect(settings, Role.READER) as reader:
        [critical] = read_alarms(reader, severity="critical", customer=uuid.UUID(int=6), most=2)
    acknowledge(settings, critical.id, actor="operator")


def _stream(pipeline: Pipeline) -> None:
    """A launch commits what three customers send just now, one of them High, and some records that are no reading."""
    stream = InlineStream(pipeline.settings)
    now = datetime.now(UTC)
    rates = (72, 112, 155)
    for seconds in range(40, 0, -2):
        at = now - timedelta(seconds=seconds)
        pipeline.send(event(0, at=at, customer=who, heart_rate=rates[who]) for who in range(3))
        pipeline.send(
            event(1, at=at, customer=0, heart_rate=rate) for rate in ((120, 150)[seconds % 4 // 2],)
        )
    pipeline.send([b"{", b"[]", b'{"customer_id": 1}'])
    stream.drain()
    pipeline.run(
        "update dead_letters set replayed_at = recorded_at where id = (select min(id) from dead_letters)"
    )


def _add_earlier_days(pipeline: Pipeline) -> None:
    """Earlier rows in every table that grows, and statistics over them."""
    with pipeline.owner() as connection:
        for parent in ("heartbeats", "dead_letters", "stream_commits"):
            connection.execute(
                "select ensure_day_partition(%s, (timezone('utc', now()) - make_interval(days => day))::date) "
                "from generate_series(0, %s) as day",
                (parent, EARLIER_DAYS),
            )
        for statement in _EARLIER:
            connection.execute(sql.SQL(statement).format(minutes=sql.Literal(EARLIER_DAYS * 24 * 60)))
        connection.execute("analyze")


# Nothing of this lies in the last half hour: what is new comes from the product.
_EARLIER = (
    """insert into heartbeats (customer_id, heart_rate, event_time, risk_level, ingested_at)
    select '00000000-0000-0000-0000-0000000000aa', 70, at, 'Normal', at
    from generate_series(30, {minutes}, 5) as number
    cross join lateral (select timezone('utc', now()) - number * interval '1 minute' as at) as instants""",
    """insert into stream_commits (topic_id, partition, from_offset, to_offset, accepted, epoch,
        latency_p50_ms, latency_p99_ms, committed_at)
    select '00000000-0000-0000-0000-000000000007', number % 2, number * 10, number * 10 + 10, 10, 1,
        200, 400, timezone('utc', now()) - number * interval '1 minute'
    from generate_series(30, {minutes}, 5) as number""",
    """insert into dead_letters (topic_id, topic, partition, "offset", reason, detail, recorded_at, kafka_timestamp)
    select '00000000-0000-0000-0000-000000000008', 'earlier', 0, number, 'missing_field', 'earlier', at, at
    from generate_series(30, {minutes}, 5) as number
    cross join lateral (select timezone('utc', now()) - number * interval '1 minute' as at) as instants""",
    """insert into health_checks (checked_at, name, status, value, threshold, message)
    select timezone('utc', now()) - number * interval '1 minute', name, 'ok', 1, 2, 'earlier'
    from generate_series(30, {minutes}, 5) as number
    cross join unnest(array['lag', 'commit_age', 'freshness', 'quarantine', 'lease', 'disk', 'database']) as name""",
    # Each earlier hour was checked five times; the last run is the one that counts.
    """insert into settled_hours (hour, state, readings, ledger_readings, mean_bpm, revision, run_id)
    select date_trunc('hour', timezone('utc', now())) - number * interval '1 hour', 'published', 10, 10, 70, 1,
        1000 + number * 5 + 4
    from generate_series(8, {minutes} / 60) as number""",
    """insert into quality_runs (id, policy_version, first_hour, last_hour, hours)
    overriding system value
    select run_id - number, 'earlier', hour, hour, 1
    from settled_hours cross join generate_series(0, 4) as number where run_id > 1000""",
    """insert into hour_facts (run_id, hour, readings, ledger_readings, ledger_difference, null_values, out_of_range,
        wrong_levels, repeated_readings, outside_hour, early_readings, quarantined)
    select id, first_hour, 10, 10, 0, 0, 0, 0, 0, 0, 0, 0 from quality_runs where id > 1000""",
    """insert into quality_results (run_id, hour, expectation, severity, passed)
    select id, first_hour, 'earlier_' || number, 'warning', true
    from quality_runs cross join generate_series(1, 10) as number where id > 1000""",
    """insert into alarms (customer_id, rule, severity, onset, opened, cleared, readings, state, policy_version)
    select '00000000-0000-0000-0000-0000000000aa', 'high', 'warning', at, at + interval '1 minute',
        at + interval '4 minutes', 10, 'cleared', version
    from alarm_policies
    cross join generate_series(30, {minutes}, 5) as number
    cross join lateral (select timezone('utc', now()) - number * interval '1 minute' as at) as instants""",
)
