"""Runs of the hourly job beside one another, and beside the stream."""

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import psycopg
import pytest

from include.db.connect import Role, connect
from include.db.locks import holding
from include.errors import SettlingBusyError
from include.hourly import run
from include.hourly.run import settle_due, settle_hour
from include.hourly.types import Settlement
from include.quality.types import HourVerdict
from include.settings import Settings
from tests.support.hours import HOUR, Measurement, Writer, counted, published, recompute, states, steady
from tests.support.pipeline import Pipeline
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration

EIGHT = datetime(2026, 11, 20, 8)  # noqa: DTZ001 - UTC without a zone, as the columns are
NINE = EIGHT + HOUR
STANDING = "select state, unsettled_readings, unsettled_since from hour_status"
# Sessions that wait for another one's lock; the settling is the only one that could.
WAITING = (
    "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' "
    "and usename = 'heartbeat_hourly'"
)


def test_two_runs_of_an_hour_at_once_publish_it_once(settings: Settings, sink: Writer) -> None:
    readings = steady(EIGHT)
    sink.store(readings)

    def settle_patiently(_: int) -> Settlement:
        """Settle as the workflow does, whose task is tried again."""
        return wait_until(lambda: settle_if_free(settings), lambda done: done is not None)  # type: ignore[return-value]

    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(settle_patiently, range(2)))

    assert sorted(len(run.revised) for run in runs) == [0, 1]
    assert published(settings) == recompute(readings, [EIGHT])
    assert states(settings) == {EIGHT: ("published", 180, 1)}


def settle_if_free(settings: Settings) -> Settlement | None:
    try:
        return settle_hour(settings, EIGHT)
    except SettlingBusyError:
        return None


def test_a_run_beside_another_gives_way_at_once_and_says_so(settings: Settings, sink: Writer) -> None:
    sink.store(steady(EIGHT))

    with (
        connect(settings, Role.HOURLY, autocommit=True) as first,
        holding(first, run.SETTLING_LOCK),
        # Were it to wait, the lock would not come free before the test's own time is over.
        pytest.raises(SettlingBusyError, match="another run is settling hours"),
    ):
        settle_hour(settings, EIGHT)

    assert states(settings) == {EIGHT: ("open", 0, 0)}
    assert len(settle_hour(settings, EIGHT).revised) == 1


def test_whenever_an_hour_reads_as_published_its_sums_equal_the_readings(
    settings: Settings, sink: Writer
) -> None:
    late = steady(EIGHT, customers=1, every_seconds=36, first=1000)
    sink.store(steady(EIGHT))
    settle_hour(settings, EIGHT)
    is_over, seen = threading.Event(), list[Sight]()

    def write() -> None:
        for number, reading in enumerate(late):
            sink.store([reading])
            if number % 25 == 24:  # bursts that outlast a settling, and a rest
                wait_until(lambda: seen[-1].state, "published".__eq__)

    def watch() -> None:
        with connect(settings, Role.READER, autocommit=True) as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            while not is_over.is_set():
                seen.append(observe(connection))

    with ThreadPoolExecutor(2) as pool:
        writing, watching = pool.submit(write), pool.submit(watch)
        try:
            while not writing.done():
                settle_hour(settings, EIGHT)
        finally:
            is_over.set()
        writing.result(), watching.result()
    settle_due(settings, before=NINE)

    assert {one.state for one in seen} == {"published", "reopened"}
    assert [one for one in seen if one.state == "published" and one.summed != one.stored] == []
    assert [one for one in seen if one.state == "reopened" and one.summed == one.stored] == []
    assert published(settings) == recompute([*steady(EIGHT), *late], [EIGHT])


def test_a_reading_that_comes_while_its_hour_is_settled_disturbs_nothing_and_waits_for_the_next_run(
    pipeline: Pipeline, settings: Settings, sink: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    readings, late = steady(EIGHT), [Measurement(uuid.uuid4(), 160, EIGHT + timedelta(minutes=5))]
    sink.store(readings)
    real, came_at = run.check_hours, list[datetime]()

    def check_beside_the_stream(*facts: Any) -> tuple[int, tuple[HourVerdict, ...]]:
        came_at.extend(at for (at,) in pipeline.rows("select timezone('utc', clock_timestamp())"))
        sink.store(late)
        return real(*facts)

    monkeypatch.setattr(run, "check_hours", check_beside_the_stream)
    settle_hour(settings, EIGHT)
    monkeypatch.setattr(run, "check_hours", real)

    assert published(settings) == recompute(readings, [EIGHT])
    [(state, unsettled, since)] = pipeline.rows(STANDING)
    assert (state, unsettled) == ("reopened", 1)
    assert since >= came_at[0]
    settle_due(settings, before=NINE)
    assert published(settings) == recompute([*readings, *late], [EIGHT])
    assert pipeline.rows(STANDING) == [("published", 0, None)]


def test_a_count_that_commits_while_the_settled_counters_are_noted_is_not_taken_as_settled(
    pipeline: Pipeline, settings: Settings, sink: Writer
) -> None:
    sink.store(steady(EIGHT))

    with ThreadPoolExecutor(1) as pool, pipeline.owner() as stream:
        with stream.transaction():
            stream.execute(counted(f"{EIGHT}", 1).encode())
            settling = pool.submit(settle_hour, settings, EIGHT)
            wait_until(lambda: pipeline.rows(WAITING), lambda rows: rows == [(1,)])
        settling.result()

    [(state, unsettled, since)] = pipeline.rows(STANDING)
    assert (state, unsettled) == ("reopened", 1)
    assert since is not None


def test_what_a_run_that_broke_off_left_marked_is_marked_as_done_by_the_next(
    pipeline: Pipeline, settings: Settings, sink: Writer
) -> None:
    sink.store(steady(EIGHT))
    settle_hour(settings, EIGHT)
    pipeline.run(f"update touched_hours set noted_at = '{EIGHT}'")  # noqa: S608 - as before its last step
    assert pipeline.rows(STANDING) == [("published", 0, EIGHT)]

    assert settle_due(settings, before=NINE).decisions == ()

    assert pipeline.rows(STANDING) == [("published", 0, None)]


def test_the_counters_of_two_partitions_never_wait_for_one_another(
    pipeline: Pipeline, settings: Settings, sink: Writer
) -> None:
    sink.store(steady(EIGHT))

    with pipeline.owner() as other_task, other_task.transaction():
        other_task.execute("select from touched_hours where partition = 0 for update")
        with Writer(settings, partition=1) as beside:
            beside.store(steady(EIGHT, customers=1, every_seconds=360, first=99))
            found = pipeline.rows("select partition, readings from touched_hours order by 1")

    assert found == [(0, 180), (1, 10)]


class Sight(NamedTuple):
    """Of one instant: the hour's state, the readings that are published of it and those that there are."""

    state: str
    summed: int
    stored: int


def observe(connection: psycopg.Connection) -> Sight:
    """Look at the only hour that there is."""
    with connection.transaction():
        [(state,)] = connection.execute("select state from hour_status").fetchall()
        [(summed,)] = connection.execute("select sum(readings) from customer_hourly").fetchall()
        [(stored,)] = connection.execute("select count(*) from heartbeats").fetchall()
    return Sight(state, int(summed), stored)
