"""Percentiles read back from the histogram are close to the exact ones."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.domain.latency import bucket_edges_ms, count_ages, percentile_ms

ages_ms = st.lists(st.integers(1, 10**7), min_size=1, max_size=200)


def counts_of(ages: list[int]) -> Counter[int]:
    return count_ages(-np.array(ages, dtype=np.int64) * 1000, 0)


@given(ages_ms)
def test_every_record_is_in_the_bucket_that_holds_its_age(ages: list[int]) -> None:
    counts = counts_of(ages)

    assert counts.total() == len(ages)
    for age in ages:
        assert any(
            counts[b] and bucket_edges_ms(b)[0] <= age * 1.0001 and age < bucket_edges_ms(b)[1] * 1.0001
            for b in counts
        )


@given(ages_ms, st.sampled_from([0.5, 0.95, 0.99]))
def test_a_percentile_from_buckets_is_at_most_a_bucket_off(ages: list[int], share: float) -> None:
    exact = sorted(ages)[max(int(np.ceil(share * len(ages))) - 1, 0)]

    assert percentile_ms(counts_of(ages), share) == pytest.approx(exact, rel=0.1)


@given(ages_ms, ages_ms)
def test_histograms_add_up(first: list[int], second: list[int]) -> None:
    assert counts_of(first) + counts_of(second) == +counts_of(first + second)


def test_a_record_from_the_future_counts_as_no_delay() -> None:
    assert count_ages(np.array([5_000_000], dtype=np.int64), 0) == {0: 1}


def test_a_record_that_claims_to_be_older_than_any_log_counts_not_at_all() -> None:
    ages = np.array([-1_000, -(2**35) * 1_000, -(10**15) * 1_000], dtype=np.int64)

    assert count_ages(ages, 0) == {0: 1}


def test_no_records_have_no_percentile() -> None:
    assert count_ages(np.array([], dtype=np.int64), 0) == {}
    assert percentile_ms({}, 0.5) is None
