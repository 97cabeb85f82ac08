"""What the live page's figures mean."""

from datetime import datetime, timedelta

import pytest

from include.broker.topic import KafkaRange
from include.live.rules import (
    RATE_SECONDS,
    arriving_per_second,
    closed_until,
    gap_seconds,
    partition_lags,
    rates,
    recent_latency,
    with_gaps,
)
from include.live.types import Second

NOW = datetime(2026, 3, 1, 12)  # noqa: DTZ001 - the columns are UTC without a zone
SECOND = timedelta(seconds=1)


def row(seconds_ago: int, accepted: int, duplicates: int = 0, quarantined: int = 0) -> Second:
    return Second(NOW - seconds_ago * SECOND, accepted, duplicates, quarantined, 200.0, 400.0)


def test_a_rate_is_taken_over_the_last_whole_seconds_alone() -> None:
    steady = [row(seconds_ago, 100) for seconds_ago in range(-2, 60)]
    found = rates([row(60, 9000), row(3, 100, 5, 10), row(1, 150)], NOW, arriving=42.0)

    assert rates(steady, NOW, arriving=None).accepted == 100

    assert (found.arriving, found.accepted) == (42.0, 250 / RATE_SECONDS)
    assert (found.duplicates, found.quarantined) == (1.0, 2.0)


@pytest.mark.parametrize(("now", "until"), [(0, -1), (0.999, -1), (1, 0), (1.5, 0)])
def test_a_second_is_closed_once_nothing_more_can_be_committed_in_it(now: float, until: int) -> None:
    assert closed_until(NOW + now * SECOND) == NOW + until * SECOND


def test_without_commits_every_rate_is_zero() -> None:
    assert rates([], NOW, arriving=None).accepted == 0


def test_the_speed_of_arrival_is_how_far_kafkas_ends_moved() -> None:
    before = {0: KafkaRange(0, 100), 1: KafkaRange(0, 50)}

    assert arriving_per_second(before, {0: KafkaRange(10, 160), 1: KafkaRange(0, 70)}, 4) == 20


@pytest.mark.parametrize(
    "after", [{0: KafkaRange(0, 10)}, {0: KafkaRange(0, 200), 1: KafkaRange(0, 1)}, {}], ids=str
)
def test_two_looks_that_cannot_be_compared_tell_no_speed(after: dict[int, KafkaRange]) -> None:
    assert arriving_per_second({0: KafkaRange(0, 100)}, after, 1) is None
    assert arriving_per_second(after, after, 0) is None


def test_latency_is_taken_over_all_records_of_the_minute() -> None:
    found = recent_latency({64: 98, 80: 2})

    assert found.records == 100
    assert found.p50_ms == pytest.approx(256, rel=0.09)
    assert found.p99_ms == pytest.approx(1060, rel=0.09)
    assert recent_latency({}).p50_ms is None


def test_lag_counts_neither_what_kafka_has_dropped_nor_below_zero() -> None:
    ranges = {0: KafkaRange(50, 80), 1: KafkaRange(0, 20), 2: KafkaRange(0, 5)}

    lags = partition_lags(ranges, {0: 10, 1: 12, 2: 9})

    assert [(lag.partition, lag.next_offset, lag.end_offset, lag.lag) for lag in lags] == [
        (0, 50, 80, 30),
        (1, 12, 20, 8),
        (2, 9, 9, 0),
    ]


def test_a_gap_is_what_is_long_by_the_customers_own_pace() -> None:
    each_second = [NOW + number * SECOND for number in range(10)]
    each_minute = [NOW + number * 60 * SECOND for number in range(10)]

    assert gap_seconds(each_second) == 3.5
    assert gap_seconds(each_minute) == 210
    assert gap_seconds(each_second[:1]) is None


def test_a_gap_is_a_point_without_a_heart_rate() -> None:
    readings = [(NOW, 70), (NOW + SECOND, 71), (NOW + 30 * SECOND, 72)]

    points = with_gaps(readings, NOW, NOW + 31 * SECOND, gap=3.5)

    assert [point.bpm for point in points] == [70, 71, None, 72]
    assert points[2].at == NOW + 4.5 * SECOND
    assert [point.bpm for point in with_gaps(readings, NOW, NOW + 31 * SECOND, gap=60)] == [70, 71, 72]


def test_a_gap_at_an_end_of_the_window_reaches_as_far_as_that() -> None:
    readings = [(NOW, 70), (NOW + SECOND, 71)]

    points = with_gaps(readings, NOW - 4 * SECOND, NOW + 5 * SECOND, gap=3.5)

    assert [(point.at, point.bpm) for point in points] == [
        (NOW - 4 * SECOND, None),
        *readings,
        (NOW + 5 * SECOND, None),
    ]
    assert [point.at for point in with_gaps(readings, NOW - 3 * SECOND, NOW + 4 * SECOND, gap=3.5)] == [
        NOW,
        NOW + SECOND,
    ]
    assert with_gaps([], NOW - 9 * SECOND, NOW, gap=None) == []
