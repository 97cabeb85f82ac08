"""A standstill is told from silence, and a turn ends when its time is up or its tasks no longer fit."""

from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from include.broker.topic import KafkaRange
from include.domain.risk import load_policy
from include.errors import StreamStalledError
from include.settings import Settings
from include.stream.lag import lag_by_partition
from include.stream.lease import FIRST_TURN
from include.stream.types import Launch, bounds_of
from include.watch.ends import Held
from include.watch.watch import Progress, Turns, Watch
from tests.support.waiting import wait_until

AGES = 3600.0


def test_lag_without_a_step_forward_is_a_standstill_once_patience_is_over() -> None:
    progress = Progress(patience_seconds=10)

    assert progress.note(done_offset=5, lag=3, now=100) is None
    assert progress.note(done_offset=5, lag=3, now=110) is None
    assert progress.note(done_offset=5, lag=3, now=111) == 11


def test_silence_is_no_standstill() -> None:
    progress = Progress(patience_seconds=10)

    assert [progress.note(done_offset=5, lag=0, now=now) for now in (0, 100, 200)] == [None] * 3
    assert progress.note(done_offset=5, lag=1, now=205) is None


def test_slow_progress_is_no_standstill() -> None:
    progress = Progress(patience_seconds=10)

    assert [progress.note(done_offset=now, lag=1000, now=now) for now in (0, 9, 18, 27)] == [None] * 4


class Slots:
    """How many tasks can run, and what was planned for them."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.planned: list[tuple[int, int]] = []

    def turns(self, *, turn_seconds: float = AGES, partitions: int = 8, is_single: bool = False) -> Turns:
        return Turns(
            turn_seconds,
            plan=lambda turn, tasks: self.planned.append((turn, tasks)),
            count_slots=lambda: self.count,
            partitions=partitions,
            is_single=is_single,
        )


def test_a_turn_lasts_its_time_and_is_planned_once() -> None:
    slots = Slots(4)
    turns = slots.turns()

    assert [turns.turn_now() for _ in range(3)] == [FIRST_TURN] * 3
    assert slots.planned == [(FIRST_TURN, 4)]


def test_a_turn_whose_time_is_up_is_followed_by_the_next() -> None:
    slots = Slots(4)
    turns = slots.turns(turn_seconds=0.01)

    wait_until(turns.turn_now, lambda turn: turn >= FIRST_TURN + 2, interval_seconds=0.01)

    assert slots.planned[:3] == [(FIRST_TURN + number, 4) for number in range(3)]


def test_nodes_that_come_and_go_and_partitions_that_are_added_begin_a_turn() -> None:
    slots = Slots(4)
    turns = slots.turns(partitions=5)

    slots.count = 6
    assert turns.turn_now() == FIRST_TURN + 1
    turns.partitions = 9
    assert turns.turn_now() == FIRST_TURN + 2
    slots.count = 0
    assert [turns.turn_now(), turns.turn_now()] == [FIRST_TURN + 3] * 2

    assert [tasks for _, tasks in slots.planned] == [4, 5, 6, 1]


def test_a_drain_is_a_single_turn() -> None:
    slots = Slots(4)
    turns = slots.turns(turn_seconds=0.0, is_single=True)

    slots.count = 2

    assert [turns.turn_now() for _ in range(3)] == [FIRST_TURN] * 3
    assert slots.planned == [(FIRST_TURN, 4)]


def test_partitions_that_cannot_be_asked_hide_no_standstill_and_take_no_tasks_away() -> None:
    settings, slots = Settings(), Slots(4)
    launch = Launch("heartbeats", UUID(int=7), 1, load_policy("default"), bounds_of(settings))
    watch: Any = Watch(settings, launch, slots.turns(partitions=3), lambda _: None)
    held = Held(3, {0: KafkaRange(0, 10)})
    watch._ends = SimpleNamespace(take=lambda: held)
    watch._ask = lambda _question, measure: measure(None)
    watch._measure = lambda _connection, ranges: (5, sum(lag_by_partition(ranges, {0: 5}).values()))

    watch._check_progress()
    assert watch._turns.turn_now() == FIRST_TURN
    assert slots.planned == [(FIRST_TURN, 3)]

    watch._progress.moved_at -= settings.stream.stall_seconds
    with pytest.raises(StreamStalledError, match="5 records wait"):
        watch._check_progress()
