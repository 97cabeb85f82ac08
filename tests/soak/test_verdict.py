"""The verdict can turn red: by memory that grows, in one life or from life to life, and by batches that take longer."""

from collections.abc import Callable

import pytest

from tests.soak.notes import Course, Memory, Sample
from tests.soak.verdict import (
    MOST_GROWTH_MB_PER_HOUR,
    Finding,
    growth_mb_per_hour,
    is_red,
    judge_course,
    time_ratio,
)

MINUTES, EVERY_SECONDS = 60, 10
KIND = "driver"
LIFE_SECONDS = 1500.0


def flat(_: float) -> float:
    return 300.0


def course(
    memory_mb: Callable[[float], float] = flat,
    batch_ms: Callable[[float], float] = flat,
    *,
    minutes: int = MINUTES,
    life_seconds: float = LIFE_SECONDS,
) -> Course:
    """Return an hour whose processes are started anew now and then; what they take follows from the time."""
    samples = [
        Sample(
            at_seconds=at,
            memory={KIND: Memory(memory_mb(at), f"life {at // life_seconds}", at % life_seconds)},
            disk_megabytes={},
            batch_p50_ms=batch_ms(at),
            longest_pause_ms=50.0,
        )
        for at in range(0, 60 * minutes, EVERY_SECONDS)
    ]
    return Course({"minutes": minutes, "every_seconds": EVERY_SECONDS}, samples)


def finding(course: Course, what: str) -> Finding:
    [found] = [each for each in judge_course(course) if each.what == what]
    return found


def test_what_stays_as_it_is_is_good() -> None:
    assert not is_red(judge_course(course()))
    assert [each.is_good for each in judge_course(course())] == [True] * 4


def test_memory_that_grows_is_red() -> None:
    grown = course(lambda at: 300 + 2 * MOST_GROWTH_MB_PER_HOUR * at / 3600)

    assert finding(grown, f"memory of {KIND}").is_good is False
    assert growth_mb_per_hour(grown.samples, KIND) == pytest.approx(2 * MOST_GROWTH_MB_PER_HOUR)


def test_a_restart_does_not_hide_what_grows_in_each_life() -> None:
    sawtooth = course(lambda at: 300 + 2 * MOST_GROWTH_MB_PER_HOUR * (at % LIFE_SECONDS) / 3600)

    assert growth_mb_per_hour(sawtooth.samples, KIND) == pytest.approx(2 * MOST_GROWTH_MB_PER_HOUR)
    assert finding(sawtooth, f"memory of {KIND}").is_good is False


def test_what_each_life_takes_over_from_the_last_is_growth_too() -> None:
    stairs = course(lambda at: 300 + 60 * (at // LIFE_SECONDS))

    assert finding(stairs, f"memory of {KIND}").is_good is False


def test_what_a_process_takes_while_it_warms_up_is_no_growth() -> None:
    warming = course(lambda at: 300 - max(200 - at % LIFE_SECONDS, 0))

    assert growth_mb_per_hour(warming.samples, KIND) == pytest.approx(0)


def test_memory_that_shrinks_is_good() -> None:
    assert finding(course(lambda at: 900 - at / 10), f"memory of {KIND}").is_good is True


def test_where_no_process_lives_long_enough_a_long_run_is_red_for_want_of_samples() -> None:
    assert finding(course(life_seconds=200), f"memory of {KIND}").is_good is False
    assert finding(course(minutes=3), f"memory of {KIND}").is_good is None


def test_batches_that_take_longer_are_red_and_those_that_a_fault_delays_are_not() -> None:
    assert finding(course(batch_ms=lambda at: 10 + at / 200), "batch time").is_good is False
    assert finding(course(batch_ms=lambda at: 900 if 3000 < at < 3200 else 10), "batch time").is_good is True
    assert time_ratio(course().samples, lambda _: None) is None


def test_a_run_in_which_nobody_looked_is_red() -> None:
    seen = course()
    del seen.samples[60:]

    assert finding(seen, "samples").is_good is False


def test_a_short_run_judges_no_growth() -> None:
    grown = course(lambda at: 300 + at, lambda at: 10 + at, minutes=10)

    assert {each.is_good for each in judge_course(grown)} == {True, None}
    assert not is_red(judge_course(grown))
