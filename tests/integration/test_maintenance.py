"""Day partitions, retention and statistics on a real database, beside a stream that goes on."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from psycopg import errors

from include.db.connect import Role, connect
from include.db.migrate import migrate
from include.errors import RetentionBlockedError
from include.hourly.accept import accept_hour
from include.hourly.run import settle_due
from include.maintenance.run import drop_expired_days, make_days_ahead, prune_results, refresh_statistics
from include.notices.run import tell
from tests.support.inline_stream import InlineStream
from tests.support.pipeline import Pipeline, event
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration
# Older than readings are kept, even if their records had waited in Kafka.
EXPIRED_DAYS = 98
LONGEST_TRY_SECONDS = 0.2
INSERT = (
    "insert into heartbeats (customer_id, heart_rate, event_time, risk_level) "
    "values (gen_random_uuid(), 60, timezone('utc', now()), 'Normal')"
)


def days_ago(days: int) -> datetime:
    """Return noon of a day, counted from today."""
    return datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=days)


def store_readings(pipeline: Pipeline, *days: int) -> InlineStream:
    """Store ten readings and one rejected record for each of these days, all recorded today.

    As if readings had been kept for longer until now, and on a topic that takes any timestamp.
    """
    pipeline.lift_limits()
    longer = pipeline.settings.having(readings_retention_days=400)
    migrate(longer)
    stream = InlineStream(longer)
    for day in days:
        at = days_ago(day)
        values = [*(event(number, at=at) for number in range(10)), b"{"]
        pipeline.send(values, timestamp_ms=int(at.timestamp() * 1000))
    stream.drain()
    return stream


def settle_hours(pipeline: Pipeline) -> None:
    """Publish every hour that has readings."""
    pipeline.run(
        "insert into settled_hours (hour, state, readings, ledger_readings, revision, run_id) "
        "select hour, 'published', sum(readings), sum(readings), 1, 1 from touched_hours group by hour"
    )
    pipeline.run("update touched_hours set noted_at = null")


def move_back(pipeline: Pipeline, table: str, column: str, days: int) -> None:
    """Date a table's rows that many days back."""
    days_since = f"generate_series(current_date - {days + 1}, current_date, interval '1 day') as day"
    pipeline.run(f"select ensure_day_partition('{table}', day::date) from {days_since}")  # noqa: S608
    pipeline.run(f"update {table} set {column} = {column} - interval '{days} days'")  # noqa: S608


def partitions(pipeline: Pipeline, parent: str) -> set[str]:
    where = f"where inhparent = '{parent}'::regclass"
    return {name for (name,) in pipeline.rows(f"select inhrelid::regclass::text from pg_inherits {where}")}  # noqa: S608


def leaf(parent: str, days: int) -> str:
    return f"{parent}_{days_ago(days):%Y%m%d}"


def test_today_and_the_next_days_are_made_once(pipeline: Pipeline) -> None:
    first = make_days_ahead(pipeline.settings)
    second = make_days_ahead(pipeline.settings)

    assert first == {"heartbeats": 4, "dead_letters": 4, "stream_commits": 4}
    assert second == {}
    assert leaf("heartbeats", -3) in partitions(pipeline, "heartbeats")


def test_an_expired_day_goes_whole_and_the_accounts_still_add_up(pipeline: Pipeline) -> None:
    store_readings(pipeline, 1, EXPIRED_DAYS - 1, EXPIRED_DAYS, EXPIRED_DAYS + 1)
    settle_hours(pipeline)

    dropped = drop_expired_days(pipeline.settings)

    assert dropped == {"heartbeats": 20}
    kept = {leaf("heartbeats", 1), leaf("heartbeats", EXPIRED_DAYS - 1)}
    assert partitions(pipeline, "heartbeats") == kept
    assert pipeline.rows("select parent, day - current_date, rows from retention_log order by day") == [
        ("heartbeats", -(EXPIRED_DAYS + 1), 10),
        ("heartbeats", -EXPIRED_DAYS, 10),
    ]
    assert pipeline.report().problems == []
    assert drop_expired_days(pipeline.settings) == {}


def test_the_counters_of_a_day_go_with_its_readings_and_what_comes_later_goes_too(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    settings = pipeline.settings.having(stack_dir=tmp_path)
    stream = store_readings(pipeline, 1, EXPIRED_DAYS)
    settle_hours(pipeline)
    hour = days_ago(EXPIRED_DAYS).replace(tzinfo=None)
    expired = f"where hour::date = '{hour.date()}'"
    standing = f"select state, unsettled_readings from hour_status {expired}"  # noqa: S608

    drop_expired_days(settings)

    assert pipeline.count(f"touched_hours {expired}") == 0
    assert pipeline.count("touched_hours") > 0
    assert pipeline.rows(standing) == [("published", 0)]
    at = days_ago(EXPIRED_DAYS)
    pipeline.send([event(500, at=at)], timestamp_ms=int(at.timestamp() * 1000))
    stream.drain()
    assert pipeline.rows(standing) == [("reopened", 1)]
    assert settle_due(settings, before=hour + timedelta(hours=1)).dropped_hours == (hour,)
    assert pipeline.rows(standing) == [("published", 0)]
    assert drop_expired_days(settings) == {"heartbeats": 1}
    assert pipeline.count(f"touched_hours {expired}") == 0


def test_dropped_days_of_ledger_and_dead_letters_stay_in_the_accounts(pipeline: Pipeline) -> None:
    stream = store_readings(pipeline, 1)
    move_back(pipeline, "stream_commits", "committed_at", 40)
    move_back(pipeline, "dead_letters", "recorded_at", 40)
    pipeline.send([event(500), b"["])
    stream.drain()
    settle_hours(pipeline)
    before = pipeline.report()

    dropped = drop_expired_days(pipeline.settings)

    after = pipeline.report()
    assert dropped["dead_letters"] == 1
    assert dropped["stream_commits"] >= 1
    assert after.problems == []
    assert [p.records for p in after.partitions] == [p.records for p in before.partitions]
    assert after.by_reason == {"malformed_json": 1}
    assert pipeline.rows("select sum(dead_letters), sum(quarantined) from dropped_totals") == [(1, 1)]


def test_gaps_and_rewinds_that_are_dropped_stay_in_the_accounts(pipeline: Pipeline) -> None:
    store_readings(pipeline, 1)
    settle_hours(pipeline)
    pipeline.run(
        "insert into stream_commits (topic_id, partition, from_offset, to_offset, kind, epoch) "
        "select topic_id, partition, next_offset, next_offset + 30, kind, 1 "
        "from stream_offsets cross join (values ('gap'), ('rewind')) as kinds (kind)"
    )
    move_back(pipeline, "stream_commits", "committed_at", 40)

    drop_expired_days(pipeline.settings)

    assert pipeline.report().problems == []
    assert {(p.gap, p.rewound) for p in pipeline.report().partitions} == {(30, 30)}


@pytest.mark.parametrize(
    "change",
    [
        "update settled_hours set state = 'withheld', reason = 'test'",
        "update touched_hours set readings = readings + 1, noted_at = now()",
        "delete from settled_hours",
    ],
)
def test_a_day_with_an_hour_that_is_not_published_stays(pipeline: Pipeline, change: str) -> None:
    store_readings(pipeline, EXPIRED_DAYS)
    settle_hours(pipeline)
    pipeline.run(change)

    assert drop_expired_days(pipeline.settings) == {}

    assert pipeline.count("heartbeats") == 10
    with (
        connect(pipeline.settings, Role.HOURLY) as connection,
        pytest.raises(errors.ObjectNotInPrerequisiteState),
    ):
        connection.execute("select drop_day_partition('heartbeats', %s)", [days_ago(EXPIRED_DAYS).date()])


def test_an_hour_that_is_stuck_keeps_no_day_but_that_of_its_readings(pipeline: Pipeline) -> None:
    store_readings(pipeline, EXPIRED_DAYS, EXPIRED_DAYS + 1)
    settle_hours(pipeline)
    for table, column in (("stream_commits", "committed_at"), ("dead_letters", "recorded_at")):
        move_back(pipeline, table, column, EXPIRED_DAYS)
    stuck = f"where hour::date = '{days_ago(EXPIRED_DAYS).date()}'"
    pipeline.run(f"update settled_hours set state = 'withheld', reason = 'test' {stuck}")  # noqa: S608

    dropped = drop_expired_days(pipeline.settings)

    assert dropped["heartbeats"] == 10
    assert dropped["dead_letters"] == 2
    assert dropped["stream_commits"] >= 1
    assert (pipeline.count("heartbeats"), pipeline.count("dead_letters")) == (10, 0)
    assert pipeline.report().problems == []


def test_the_day_of_an_hour_that_a_person_has_accepted_is_dropped(pipeline: Pipeline, tmp_path: Path) -> None:
    settings = pipeline.settings.having(stack_dir=tmp_path)
    store_readings(pipeline, EXPIRED_DAYS)
    hour = days_ago(EXPIRED_DAYS).replace(tzinfo=None)
    pipeline.run("update heartbeats set risk_level = 'High'")
    settle_due(settings, before=hour + timedelta(hours=1))
    assert drop_expired_days(settings) == {}

    accept_hour(settings, hour.isoformat(), reason="nobody can mend it")

    assert drop_expired_days(settings) == {"heartbeats": 10}
    assert pipeline.count("reopened_hours") == 0


@pytest.mark.parametrize("days", [-1, 0, 1])
def test_a_young_day_cannot_be_dropped_whatever_is_asked(pipeline: Pipeline, days: int) -> None:
    make_days_ahead(pipeline.settings)

    with (
        connect(pipeline.settings, Role.HOURLY) as connection,
        pytest.raises(errors.ObjectNotInPrerequisiteState, match="too young"),
    ):
        connection.execute("select drop_day_partition('heartbeats', %s)", [days_ago(days).date()])


def test_nothing_but_the_day_tables_can_be_dropped(pipeline: Pipeline) -> None:
    with connect(pipeline.settings, Role.HOURLY, autocommit=True) as connection:
        with pytest.raises(errors.RaiseException, match="no day partitions are kept"):
            connection.execute("select drop_day_partition('stream_offsets', '2020-01-01')")
        with pytest.raises(errors.InsufficientPrivilege):
            connection.execute("drop table heartbeats")
        with pytest.raises(errors.InsufficientPrivilege):
            connection.execute("select fold_day('stream_commits', 'stream_commits')")


@contextmanager
def open_insert(pipeline: Pipeline) -> Iterator[None]:
    """Hold a transaction open that has inserted a reading of today."""
    with connect(pipeline.settings, Role.STREAM) as connection:
        connection.execute(INSERT)
        yield
        connection.rollback()


def insert_seconds(pipeline: Pipeline, is_over: threading.Event, took: list[float]) -> None:
    """Insert one reading after another until it is over, and note how long each took."""
    with connect(pipeline.settings, Role.STREAM, autocommit=True) as connection:
        while not is_over.wait(0.01):
            began = time.monotonic()
            with connection.transaction(force_rollback=True):
                connection.execute(INSERT)
            took.append(time.monotonic() - began)


def test_an_open_insert_delays_the_drop_and_the_drop_delays_no_insert_for_long(pipeline: Pipeline) -> None:
    make_days_ahead(pipeline.settings)
    store_readings(pipeline, EXPIRED_DAYS)
    settle_hours(pipeline)
    is_over = threading.Event()
    took: list[float] = []
    dropped: list[dict[str, int]] = []
    inserts = threading.Thread(target=lambda: insert_seconds(pipeline, is_over, took))
    drop = threading.Thread(target=lambda: dropped.append(drop_expired_days(pipeline.settings)))

    with open_insert(pipeline):
        inserts.start()
        drop.start()
        waiting = "select count(*) from pg_locks where not granted and mode = 'AccessExclusiveLock'"
        wait_until(lambda: pipeline.rows(waiting)[0][0], lambda count: count > 0, interval_seconds=0.01)
        # The next two may queue behind the waiting drop; the third has begun after it.
        done = len(took) + 2
        wait_until(lambda: len(took), lambda count: count > done, interval_seconds=0.01)
        assert dropped == []
    drop.join()
    is_over.set()
    inserts.join()

    assert dropped == [{"heartbeats": 10}]
    assert max(took) < 25 * LONGEST_TRY_SECONDS


def test_a_table_that_is_never_free_is_reported_and_left_whole(pipeline: Pipeline) -> None:
    make_days_ahead(pipeline.settings)
    store_readings(pipeline, EXPIRED_DAYS)
    settle_hours(pipeline)

    with open_insert(pipeline), pytest.raises(RetentionBlockedError, match="could not drop heartbeats"):
        drop_expired_days(pipeline.settings)

    assert pipeline.count("heartbeats") == 10
    assert pipeline.count("retention_log") == 0


def test_old_results_go_and_those_that_an_hour_rests_on_stay(pipeline: Pipeline) -> None:
    for age in (29, 31):
        when = f"timezone('utc', now()) - interval '{age} days'"
        pipeline.run(f"insert into health_checks values ({when}, 'lag', 'ok', 0, 1, 'm')")  # noqa: S608
        run = f"'1', now(), now(), 1, {when}"
        columns = "policy_version, first_hour, last_hour, hours, started_at"
        pipeline.run(f"insert into quality_runs ({columns}) values ({run}), ({run})")  # noqa: S608
    pipeline.run(
        "insert into settled_hours (hour, state, readings, ledger_readings, revision, run_id) "
        "select '2026-01-01 10:00', 'published', 1, 1, 1, max(id) from quality_runs"
    )

    pruned = prune_results(pipeline.settings)

    assert pruned == {
        "health_checks": 1,
        "notices": 0,
        "quality_runs": 1,
        "customer_hourly": 0,
        "held_back_customers": 0,
        "accepted_failures": 0,
        "hour_ends": 0,
        "alarms": 0,
        "messages": 0,
        "alarm_touches": 0,
        "customer_hourly_alarms": 0,
    }
    assert pipeline.count("quality_runs") == 3
    assert pipeline.count("quality_runs join settled_hours on run_id = id") == 1


def test_alarms_go_with_the_readings_that_they_are_of_and_an_open_one_stays(pipeline: Pipeline) -> None:
    settings, kept = pipeline.settings, pipeline.settings.retention_days.stored_readings
    pipeline.run("insert into alarm_policies values ('1', now(), '{}')")
    for number, (days, state) in enumerate(
        [(kept + 2, "cleared"), (kept + 2, "retracted"), (kept + 2, "open"), (kept - 2, "cleared")], start=1
    ):
        opened = f"timezone('utc', now()) - interval '{days} days'"
        cleared = opened if state == "cleared" else "null"
        pipeline.run(
            "insert into alarms (customer_id, rule, severity, onset, opened, cleared, readings, state, policy_version) "  # noqa: S608
            f"values (gen_random_uuid(), 'high', 'warning', {opened}, {opened}, {cleared}, 1, '{state}', '1')"
        )
        pipeline.run(
            "insert into alarm_events (alarm_id, number, kind, onset, opened) "  # noqa: S608
            f"values ({number}, 1, 'opened', now(), now())"
        )
        pipeline.run(f"insert into alarm_told (alarm_id, channel) values ({number}, 1)")  # noqa: S608
        pipeline.run(f"insert into outbox (event_id) values ({number})")  # noqa: S608
        pipeline.run(
            "insert into messages (key, channel, body, planned_at) "  # noqa: S608
            f"values (gen_random_uuid(), 1, '{{}}', {opened})"
        )
        pipeline.run(
            f"insert into alarm_touches (customer_id, since, noted_at) values (gen_random_uuid(), now(), {opened})"  # noqa: S608
        )

    pruned = prune_results(settings)

    assert {key: pruned[key] for key in ("alarms", "messages", "alarm_touches")} == {
        "alarms": 2,
        "messages": 3,
        "alarm_touches": 3,
    }
    left = [(3,), (4,)]
    assert pipeline.rows("select id from alarms order by id") == left
    assert pipeline.rows("select alarm_id from alarm_events order by 1") == left
    assert pipeline.rows("select alarm_id from alarm_told order by 1") == left
    assert pipeline.rows("select event_id from outbox order by 1") == left


def test_an_expired_day_that_has_to_stay_keeps_its_alarms(pipeline: Pipeline) -> None:
    pipeline.take_any_day()
    pipeline.run("insert into alarm_policies values ('1', now(), '{}')")
    days = pipeline.settings.retention_days.stored_readings + 3
    pipeline.run(f"select ensure_day_partition('heartbeats', current_date - {days})")
    at = f"timezone('utc', now()) - interval '{days - 1} days'"
    pipeline.run(
        "insert into alarms (customer_id, rule, severity, onset, opened, cleared, readings, state, policy_version) "  # noqa: S608
        f"values (gen_random_uuid(), 'high', 'warning', {at}, {at}, {at}, 1, 'cleared', '1')"
    )

    assert prune_results(pipeline.settings)["alarms"] == 0


def test_the_sums_of_a_customers_hours_go_when_they_are_too_old_and_never_before_their_readings(
    pipeline: Pipeline,
) -> None:
    pipeline.run(
        "insert into customer_hourly (hour, customer_id, readings, normal, elevated, high, min_bpm, avg_bpm, max_bpm, "
        "first_event, last_event) "
        "select date_trunc('day', timezone('utc', now())) - make_interval(days => days, hours => -1), "
        "gen_random_uuid(), 1, 1, 0, 0, 60, 60, 60, now(), now() "
        "from unnest(array[1, 50, 99, 100, 101, 102, 400]) as days, generate_series(1, 3)"
    )
    short = pipeline.settings.having(summaries_retention_days=100)
    shorter_than_the_readings = pipeline.settings.having(summaries_retention_days=1)

    assert prune_results(short)["customer_hourly"] == 9
    assert prune_results(shorter_than_the_readings)["customer_hourly"] == 6

    kept = "select current_date - hour::date as days, count(*) from customer_hourly group by 1 order by 1"
    assert pipeline.rows(kept) == [(1, 3), (50, 3)]


def test_who_was_held_back_and_what_was_accepted_goes_with_its_hour_and_nobody_is_told(
    pipeline: Pipeline,
) -> None:
    days = "timezone('utc', now())::date - unnest(array[1, 99, 101, 102])"
    pipeline.run(
        "insert into held_back_customers (hour, customer_id, rule, observed, readings, rejected, detail) "
        f"select {days}, gen_random_uuid(), 'rule', 1, 0, 30, 'x'"
    )
    pipeline.run(
        "insert into accepted_failures (hour, rule, observed, failure, accepted_by, reason) "
        f"select {days}, 'rule', 1, 'x', 'somebody', 'because'"
    )
    settings = pipeline.settings.having(summaries_retention_days=100)
    # One of the days still has its readings, as where an hour of it is not published.
    pipeline.take_any_day()
    pipeline.run(f"select ensure_day_partition('heartbeats', '{days_ago(102).date()}')")
    migrate(settings)
    tell(settings, [])
    assert pipeline.count("notices") == 4

    pruned = prune_results(settings)

    assert (pruned["held_back_customers"], pruned["accepted_failures"]) == (1, 1)
    ages = "select current_date - hour::date from {} order by 1"
    for table in ("held_back_customers", "accepted_failures"):
        assert pipeline.rows(ages.format(table)) == [(1,), (99,), (102,)]
    tell(settings, [])
    subjects = {subject for (subject,) in pipeline.rows("select subject from notices where is_failing")}
    assert subjects == {f"customers of {days_ago(age):%Y-%m-%d}T00:00Z" for age in (1, 99, 102)}
    assert pipeline.count("notices") == 3


def test_nobody_can_delete_a_persons_word_about_an_hour_whose_readings_are_kept(pipeline: Pipeline) -> None:
    pipeline.run(
        "insert into accepted_failures (hour, rule, observed, failure, accepted_by, reason) "
        "select timezone('utc', now())::date - unnest(array[1, 96, 99]), 'rule', 1, 'x', 'somebody', 'because'"
    )

    with connect(pipeline.settings, Role.HOURLY, autocommit=True) as connection:
        [(deleted,)] = connection.execute("select forget_acceptances('infinity')").fetchall()

    assert deleted == 1
    assert pipeline.rows("select current_date - hour::date from accepted_failures order by 1") == [
        (1,),
        (96,),
    ]


def test_statistics_cover_the_whole_table(pipeline: Pipeline) -> None:
    store_readings(pipeline, 1, 2)

    refresh_statistics(pipeline.settings)

    assert pipeline.rows("select reltuples from pg_class where relname = 'heartbeats'") == [(20.0,)]
    columns = "select count(*) from pg_stats where tablename = 'heartbeats' and inherited"
    assert pipeline.rows(columns)[0][0] > 0
