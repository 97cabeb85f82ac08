"""How far a reading may lie from those before it in its partition, and from the days that the database takes."""

from datetime import UTC, datetime

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from include.domain.horizon import (
    FAR_BEHIND,
    NO_MORE,
    NOT_YET,
    Kept,
    newest_by_partition,
    within_horizon,
)
from include.domain.judge import Rejection, TimeBounds
from include.domain.record_time import usable_or_none
from include.domain.validation import Readings, Verdict

DAY_US = 86_400 * 10**6
BOUNDS = TimeBounds(retention_seconds=90 * 86_400, max_clock_skew_seconds=300, broker_seconds=7 * 86_400)
NOW_US = int(datetime(2026, 11, 23, 8, tzinfo=UTC).timestamp()) * 10**6
KEPT = Kept(NOW_US - 97 * DAY_US, NOW_US + 3 * DAY_US)
FARTHEST_US = (97 * 86_400 + 600) * 10**6


def readings_of(times_us: list[int], rows: list[int] | None = None) -> Readings:
    count = len(times_us)
    return Readings(
        np.array(range(count) if rows is None else rows, dtype=np.int32),
        np.zeros((count, 16), dtype=np.uint8),
        np.full(count, 70, dtype=np.int32),
        np.array(times_us, dtype=np.int64),
    )


def judged(
    records: list[tuple[int, int]], newest_us: dict[int, int], kept: Kept = KEPT
) -> list[Rejection | None]:
    """Judge records of (partition, event time); None is one that stays."""
    verdict = within_horizon(
        Verdict(readings_of([time for _, time in records]), {}),
        np.array([partition for partition, _ in records], dtype=np.int32),
        newest_us,
        kept,
        BOUNDS,
    )
    assert verdict.readings.event_time_us.tolist() == [
        records[row][1] for row in verdict.readings.rows.tolist()
    ]
    assert not set(verdict.readings.rows.tolist()) & set(verdict.rejections)
    assert len(verdict.readings) + len(verdict.rejections) == len(records)
    for row, why in verdict.rejections.items():
        assert why.customer_id is not None
        assert why.event_time_us == usable_or_none(records[row][1])
    found = [verdict.rejections.get(row) for row in range(len(records))]
    return [why and Rejection(why.reason, why.detail) for why in found]


def plainly(records: list[tuple[int, int]], newest_us: dict[int, int]) -> list[Rejection | None]:
    """Say the same record by record."""
    newest, found = dict(newest_us), []
    for partition, time_us in records:
        if time_us >= KEPT.end_us:
            found.append(NOT_YET)
        elif time_us < newest[partition] - FARTHEST_US:
            found.append(FAR_BEHIND)
        elif time_us < KEPT.first_us:
            found.append(NO_MORE)
        else:
            found.append(None)
        if found[-1] in (None, NO_MORE):
            newest[partition] = max(newest[partition], time_us)
    return found


times = st.one_of(
    st.integers(KEPT.first_us - 2 * DAY_US, KEPT.end_us + DAY_US),
    st.sampled_from(
        [0, KEPT.first_us, KEPT.first_us - 1, KEPT.end_us, KEPT.end_us - 1, -(10**15), 4 * 10**15]
    ),
    st.builds(
        lambda base, off: base - FARTHEST_US + off, st.sampled_from([NOW_US, KEPT.end_us]), st.integers(-2, 2)
    ),
)
many = st.lists(st.tuples(st.integers(0, 2), times), max_size=30)
marks = st.fixed_dictionaries(dict.fromkeys(range(3), times))


@given(many, marks)
def test_whole_columns_agree_with_the_plain_rule(
    records: list[tuple[int, int]], newest_us: dict[int, int]
) -> None:
    assert judged(records, newest_us) == plainly(records, newest_us)


@given(many, marks, st.integers(0, 30))
def test_where_records_are_cut_into_transactions_changes_no_outcome(
    records: list[tuple[int, int]], newest_us: dict[int, int], cut: int
) -> None:
    head, tail = records[:cut], records[cut:]
    first = judged(head, newest_us)
    stayed = [record for record, why in zip(head, first, strict=True) if why is None]
    reached = newest_by_partition(
        np.array([time for _, time in stayed], dtype=np.int64),
        np.array([partition for partition, _ in stayed], dtype=np.int32),
    )
    after = {at: max(newest, reached.get(at, newest)) for at, newest in newest_us.items()}

    assert first + judged(tail, after) == judged(records, newest_us)


def test_a_clock_that_was_reset_costs_its_own_records_alone_however_many_they_are() -> None:
    good = [(0, NOW_US + number) for number in range(50)]
    in_1970 = [(0, number) for number in range(5000)]
    in_2099 = [(0, 4_070_908_800 * 10**6 + number) for number in range(5000)]

    found = judged([*in_2099, *good, *in_1970, *good, *in_2099, *good], {0: NOW_US})

    assert found == (
        [NOT_YET] * 5000 + [None] * 50 + [FAR_BEHIND] * 5000 + [None] * 50 + [NOT_YET] * 5000 + [None] * 50
    )


def test_what_waited_as_long_as_kafka_keeps_it_is_not_held_against_what_is_ahead() -> None:
    ahead, oldest = NOW_US + 600 * 10**6, NOW_US - 97 * DAY_US

    assert judged([(0, ahead), (0, oldest), (0, oldest - 1)], {0: 0}) == [None, None, FAR_BEHIND]


def test_a_reading_holds_nothing_against_another_partition() -> None:
    old = NOW_US - 98 * DAY_US
    kept = Kept(0, KEPT.end_us)

    assert judged([(0, NOW_US), (1, old), (0, old)], {0: 0, 1: 0}, kept) == [None, None, FAR_BEHIND]
