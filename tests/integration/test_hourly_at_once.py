"""Runs of the hourly job beside one another, and beside the stream."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import NamedTuple

import psycopg
import pytest

from include.db.connect import Role, connect
from include.errors import SettlingBusyError
from include.settings import Settings
from include.summaries import store
from include.summaries.run import settle_due, settle_hour
from tests.support.hours import HOUR, Sink, published, recompute, states, steady
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration

EIGHT = datetime(2026, 11, 20, 8)  # noqa: DTZ001 - UTC without a zone, as the columns are
NINE = EIGHT + HOUR


def test_two_runs_of_an_hour_at_once_publish_it_once(settings: Settings, sink: Sink) -> None:
    readings = steady(EIGHT)
    sink.store(readings)

    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(lambda _: settle_hour(settings, EIGHT), range(2)))

    assert sorted(len(run.revised) for run in runs) == [0, 1]
    assert published(settings) == recompute(readings, [EIGHT])
    assert states(settings) == {EIGHT: ("published", 180, 1)}


def test_a_run_that_waits_too_long_for_another_says_so(settings: Settings) -> None:
    with (
        connect(settings, Role.HOURLY, autocommit=True) as first,
        connect(settings, Role.HOURLY, autocommit=True) as second,
    ):
        store.lock_settling(first, wait_seconds=1)

        with pytest.raises(SettlingBusyError, match="another run has been settling hours for 1 s"):
            store.lock_settling(second, wait_seconds=1)


def test_whenever_an_hour_reads_as_published_its_sums_equal_the_readings(
    settings: Settings, sink: Sink
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
