"""A list that fails becomes a short one that still fails, within the runs that it may cost."""

import random

from hypothesis import given
from hypothesis import strategies as st

from tests.storm.shrink import shrink

MANY = 10_000


@given(st.integers(1, 60), st.data())
def test_only_what_is_needed_to_fail_stays(length: int, data: st.DataObject) -> None:
    items = list(range(length))
    needed = data.draw(st.sets(st.sampled_from(items), min_size=1, max_size=4))

    assert shrink(items, lambda part: needed <= set(part), most_runs=MANY) == sorted(needed)


@given(st.integers(0, 60), st.integers(0, 20), st.randoms(use_true_random=False))
def test_it_costs_no_more_runs_than_it_may_and_what_it_returns_has_failed(
    length: int, most_runs: int, chance: random.Random
) -> None:
    tried: list[list[int]] = [list(range(length))]
    failed: list[list[int]] = [list(range(length))]

    def fails(part: list[int]) -> bool:
        tried.append(part)
        if found := bool(chance.random() < 0.5):
            failed.append(part)
        return found

    assert shrink(list(range(length)), fails, most_runs=most_runs) == failed[-1]
    assert len(tried) - 1 <= most_runs
    assert all(part == sorted(part) for part in tried)


def test_what_is_at_the_end_is_tried_first() -> None:
    tried: list[list[int]] = []

    def fails(part: list[int]) -> bool:
        tried.append(part)
        return 7 in part

    assert shrink(list(range(8)), fails, most_runs=3) == [7]
    assert tried == [[4, 5, 6, 7], [6, 7], [7]]
