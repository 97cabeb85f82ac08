"""When the stream is launched again: at once after one death, later and later when launches keep dying."""

from hypothesis import given
from hypothesis import strategies as st

from include.stream.backoff import LONGEST_WAIT_SECONDS, Launched, short_lives_before, wait_seconds

HEALTHY_SECONDS = 60.0


def waits_of(lifetimes: list[float]) -> list[float]:
    """Return the wait before each launch when the launches live as long as given."""
    now, last, waits = 0.0, None, []
    for lifetime in lifetimes:
        short_lives = short_lives_before(last, now, healthy_seconds=HEALTHY_SECONDS)
        waits.append(wait_seconds(short_lives))
        now += waits[-1]
        last = Launched(now, short_lives)
        now += lifetime
    return waits


def test_the_first_launch_and_the_one_after_a_death_follow_at_once() -> None:
    assert waits_of([5.0, 5.0]) == [0.0, 0.0]


def test_launches_that_die_young_one_after_the_other_wait_twice_as_long_each_time_up_to_a_bound() -> None:
    assert waits_of([5.0] * 9) == [0.0, 0.0, 10.0, 20.0, 30.0, 30.0, 30.0, 30.0, 30.0]


def test_one_long_life_forgets_the_short_ones() -> None:
    assert waits_of([5.0, 5.0, 5.0, HEALTHY_SECONDS, 5.0, 5.0])[-2:] == [0.0, 0.0]


def test_a_clock_that_was_set_back_delays_nothing() -> None:
    assert (
        short_lives_before(Launched(at=1000.0, short_lives=7), now=10.0, healthy_seconds=HEALTHY_SECONDS) == 0
    )


def test_a_stream_that_is_needed_is_tried_again_within_half_a_minute() -> None:
    assert LONGEST_WAIT_SECONDS <= 30


@given(st.integers(0, 10**9))
def test_no_wait_is_beyond_the_bound_or_shorter_than_that_after_fewer_deaths(short_lives: int) -> None:
    assert 0 <= wait_seconds(short_lives) <= wait_seconds(short_lives + 1) <= LONGEST_WAIT_SECONDS
