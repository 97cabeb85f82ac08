"""The faults of an hour: what ends a process comes early enough for its successor to live long."""

import pytest

from tests.soak.schedule import RELEASED, schedule
from tests.storm.kinds import KINDS

ENDING = {"driver killed", "checkpoint deleted", "broker killed", "database stopped", "connections half open"}


def test_in_an_hour_a_fault_comes_every_four_minutes_and_one_lasts_for_ten() -> None:
    steps = schedule(60)
    faults = [step for step in steps if step.kind != RELEASED]

    assert [step.at_seconds / 60 for step in faults] == list(range(4, 60, 4))
    assert {step.kind for step in faults} <= set(KINDS)
    [held] = [step.at_seconds for step in steps if step.kind == "connections half open"]
    assert [step.at_seconds - held for step in steps if step.kind == RELEASED] == [600]
    assert steps == sorted(steps, key=lambda step: step.at_seconds)


def test_the_second_half_ends_neither_launch_nor_server() -> None:
    late = {step.kind for step in schedule(60) if step.at_seconds >= 30 * 60}

    assert late & ENDING == set()
    assert {step.kind for step in schedule(60) if step.at_seconds < 30 * 60} >= ENDING


@pytest.mark.parametrize("minutes", [1, 3, 17.5, 240])
def test_a_run_of_any_length_has_faults_and_ends_after_them(minutes: float) -> None:
    steps = schedule(minutes)

    assert steps
    assert all(0 < step.at_seconds < 60 * minutes for step in steps)
