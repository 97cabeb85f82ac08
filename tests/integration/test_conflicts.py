"""Readings that stand there already, or another heart rate in their place: the work grows with their number alone."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from include.db.connect import Connection, Role, connect
from include.db.queries import query
from include.domain.validation import Readings
from include.sink.days import DayPartitions
from include.sink.put import copy_readings, sort_readings
from include.stream.types import Launch
from tests.support.inline_stream import InlineStream
from tests.support.pipeline import Pipeline
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration

NOW_US = int((datetime.now(UTC) - timedelta(minutes=5)).timestamp()) * 10**6
SORTING = (query("sink/insert_staged"), query("sink/select_conflicts"))


def readings(count: int, *, customer: int, heart_rate: int = 72) -> Readings:
    """Readings of one customer, each a millisecond after the one before."""
    return Readings(
        np.arange(count, dtype=np.int32),
        np.full((count, 16), customer, dtype=np.uint8),
        np.full(count, heart_rate, dtype=np.int32),
        NOW_US + np.arange(count, dtype=np.int64) * 1000,
    )


class Explained:
    """A session that counts what the sorting statements look at: rows that a step returned or threw away."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.looked_at = 0

    def execute(self, statement: Any) -> Any:
        """Run the statement, after a trial with the plan that it has here and now."""
        if statement in SORTING:
            with self._connection.transaction(force_rollback=True):
                told = self._connection.execute(f"explain (analyze, format json) {statement}").fetchone()  # type: ignore[call-overload]
            self.looked_at += rows_of(told[0][0]["Plan"])
        return self._connection.execute(statement)

    def cursor(self) -> Any:
        """Open a cursor, for COPY."""
        return self._connection.cursor()


def rows_of(step: dict[str, Any]) -> int:
    of_each_loop = step["Actual Rows"] + step.get("Rows Removed by Join Filter", 0)
    return int(of_each_loop * step["Actual Loops"]) + sum(rows_of(inner) for inner in step.get("Plans", []))


def looked_at(pipeline: Pipeline, launch: Launch, *, count: int) -> int:
    """Let half of `count` readings stand there with another heart rate, sort all of them, and return the work."""
    with connect(pipeline.settings, Role.STREAM, autocommit=True) as connection:
        session = Explained(connection)
        with connection.transaction(force_rollback=True):
            copy_readings(connection, readings(count // 2, customer=1, heart_rate=90), launch)
            accepted, conflicts = sort_readings(session, readings(count, customer=1), launch)  # type: ignore[arg-type]
    assert sorted(accepted) == list(range(count // 2, count))
    assert sorted(conflicts) == list(range(count // 2))
    return session.looked_at


def test_sorting_out_conflicts_is_linear_in_the_readings(pipeline: Pipeline) -> None:
    launch = InlineStream(pipeline.settings).launch
    with connect(pipeline.settings, Role.STREAM, autocommit=True) as connection:
        DayPartitions(connection).ensure_for_events(readings(4000, customer=1).event_time_us)

    few, many = (looked_at(pipeline, launch, count=count) for count in (500, 4000))

    assert many < 12 * few


def test_sorting_out_conflicts_does_not_read_what_is_stored_besides(pipeline: Pipeline) -> None:
    launch = InlineStream(pipeline.settings).launch
    with connect(pipeline.settings, Role.STREAM, autocommit=True) as connection:
        DayPartitions(connection).ensure_for_events(readings(20_000, customer=1).event_time_us)
        before = looked_at(pipeline, launch, count=500)
        copy_readings(connection, readings(20_000, customer=2), launch)

    assert looked_at(pipeline, launch, count=500) < 2 * before


WAITING = (
    "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
)


def test_two_tasks_with_the_same_readings_wait_for_one_another_and_do_not_lock_each_other_out(
    pipeline: Pipeline,
) -> None:
    """As when a customer's readings come in two partitions: the one copies, the other sorts what is already there."""
    launch = InlineStream(pipeline.settings).launch
    first, second = readings(1, customer=1), readings(1, customer=2)
    # In the order of the key by the customer, in that of time the other way round.
    first.event_time_us[:] = second.event_time_us + 1000
    both = Readings(
        np.arange(2, dtype=np.int32),
        *(
            np.concatenate([getattr(first, name), getattr(second, name)])
            for name in ("customer_id", "heart_rate", "event_time_us")
        ),
    )

    with (
        connect(pipeline.settings, Role.STREAM, autocommit=True) as copying,
        connect(pipeline.settings, Role.STREAM) as sorting,
        ThreadPoolExecutor() as pool,
    ):
        DayPartitions(copying).ensure_for_events(both.event_time_us)
        with copying.transaction():
            copy_readings(copying, first, launch)
            sorted_out = pool.submit(sort_readings, sorting, both, launch)
            wait_until(lambda: pipeline.rows(WAITING), lambda rows: rows == [(1,)])
            copy_readings(copying, second, launch)
        accepted, conflicts = sorted_out.result()

    assert (accepted.tolist(), conflicts.tolist()) == ([], [])
