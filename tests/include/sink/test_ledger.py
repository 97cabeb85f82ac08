"""The ledger's rows: what a gathering did adds up, and a partition's commits in one second of the clock are one row."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from include.domain.validation import NO_TIME
from include.sink.gathering import Gathering, Origin
from include.sink.ledger import (
    PartitionState,
    Step,
    as_arrays,
    count_hours,
    ledger_columns,
    measure_steps,
    take_in,
)

NOW_US = 1_700_000_000_000_000
HOUR_US = 3_600_000_000
# Instants of the database are UTC and have no zone.
EPOCH = datetime(1970, 1, 1, tzinfo=UTC).replace(tzinfo=None)
APPENDED_AT = datetime(2026, 11, 23, 8, tzinfo=UTC).replace(tzinfo=None)

# What became of each record: its partition, its outcome and its age in milliseconds, or none.
outcomes = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.sampled_from(["accepted", "duplicate", "quarantined"]),
        st.none() | st.integers(0, 10**6),
    ),
    max_size=40,
)
steps = st.lists(
    st.tuples(st.integers(1, 9), st.integers(0, 9), st.integers(0, 9), st.integers(0, 9), st.floats(0, 0.7)),
    min_size=1,
    max_size=20,
)


def gathering_of(records: list[tuple[int, str, int | None]], *, moved: tuple[int, ...] = ()) -> Gathering:
    """Records whose offsets are their places; `moved` are partitions that move without a record."""
    partitions = np.array([record[0] for record in records], dtype=np.int32)
    times = [NO_TIME if age is None else NOW_US - age * 1000 for _, _, age in records]
    reached = {record[0]: place + 1 for place, record in enumerate(records)}
    return Gathering(
        partitions,
        np.arange(len(records), dtype=np.int64),
        np.array(times, dtype=np.int64),
        [b"v"] * len(records),
        {**dict.fromkeys(moved, 77), **reached},
        lambda rows: dict.fromkeys(rows, Origin(None, ())),
    )


def steps_of(records: list[tuple[int, str, int | None]], *, moved: tuple[int, ...] = ()) -> dict[int, Step]:
    is_accepted = np.array([outcome == "accepted" for _, outcome, _ in records], dtype=np.bool_)
    rejected = {row for row, record in enumerate(records) if record[1] == "quarantined"}
    return measure_steps(gathering_of(records, moved=moved), is_accepted, rejected, NOW_US)


@given(outcomes)
def test_each_record_is_counted_once_in_its_own_partition(records: list[tuple[int, str, int | None]]) -> None:
    found = steps_of(records)

    expected = {partition: Counter[str]() for partition, _, _ in records}
    for partition, outcome, _ in records:
        expected[partition][outcome] += 1
    assert {
        partition: Counter(accepted=step.accepted, duplicate=step.duplicates, quarantined=step.quarantined)
        for partition, step in found.items()
    } == expected
    for partition, step in found.items():
        ages = [age for at, _, age in records if at == partition and age is not None]
        assert step.ages.total() == len(ages)
        assert step.newest_us == (NOW_US - min(ages) * 1000 if ages else NO_TIME)


def test_a_partition_that_only_moves_has_a_step_without_outcomes() -> None:
    found = steps_of([(0, "accepted", 5)], moved=(3,))

    assert found[3] == Step(77)
    assert found[0].to_offset == 1


@given(steps)
def test_rows_join_one_another_and_add_up(moves: list[tuple[int, int, int, int, float]]) -> None:
    state, rows, now = PartitionState(next_offset=100), {}, 0.0
    for offsets, accepted, duplicates, quarantined, pause_seconds in moves:
        now += pause_seconds
        step = Step(state.next_offset + offsets, accepted, duplicates, quarantined, Counter({3: accepted}))
        row = state.row_after(step, now)
        appended = {0: APPENDED_AT + timedelta(seconds=now, microseconds=len(rows))}
        take_in({0: state}, {0: row}, appended, {})
        assert state.row is not None
        rows[state.row.committed_at] = state.row

    ledger = [rows[key] for key in sorted(rows)]
    assert [row.from_offset for row in ledger] == [100, *[row.to_offset for row in ledger[:-1]]]
    assert ledger[-1].to_offset == state.next_offset == 100 + sum(move[0] for move in moves)
    for place, field in enumerate(("accepted", "duplicates", "quarantined"), start=1):
        assert sum(getattr(row, field) for row in ledger) == sum(move[place] for move in moves)
    assert sum(row.ages[3] for row in ledger) == sum(move[1] for move in moves)


# Steps of a clock that floating point has exactly.
@given(st.lists(st.integers(1, 200), min_size=1, max_size=40), st.integers(0, 63))
def test_each_commit_is_counted_in_the_second_in_which_it_was_made(pauses: list[int], begins: int) -> None:
    state, rows, now = PartitionState(next_offset=0), {}, begins / 64
    expected = Counter[datetime]()
    for place, pause in enumerate(pauses):
        now += pause / 64
        at = APPENDED_AT + timedelta(seconds=now)
        row = state.row_after(Step(place + 1, accepted=1), now)
        take_in({0: state}, {0: row}, {0: at}, {})
        assert state.row is not None
        rows[state.row.committed_at] = state.row
        expected[at.replace(microsecond=0)] += 1

    assert [row.committed_at.replace(microsecond=0) for row in rows.values() if row.committed_at] == [
        *expected
    ]
    assert [row.accepted for row in rows.values()] == [*expected.values()]


def test_a_row_is_extended_until_its_second_is_over_and_then_a_new_one_begins() -> None:
    state = PartitionState(next_offset=5)
    first = state.row_after(Step(6, accepted=1), now=10.0)
    begun_at = APPENDED_AT + timedelta(milliseconds=400)
    take_in({0: state}, {0: first}, {0: begun_at}, {})

    extended = state.row_after(Step(8, accepted=2), now=10.59)
    take_in({0: state}, {0: extended}, {}, {0: 9})
    fresh = state.row_after(Step(9, quarantined=1), now=10.61)

    assert (extended.from_offset, extended.to_offset, extended.accepted) == (5, 8, 3)
    assert extended.committed_at == begun_at
    assert state.newest_event_us == 9
    assert (fresh.from_offset, fresh.to_offset, fresh.accepted, fresh.quarantined) == (8, 9, 0, 1)
    assert fresh.committed_at is None


def test_nothing_is_remembered_before_its_commit() -> None:
    state = PartitionState(next_offset=5)

    state.row_after(Step(6, accepted=1), now=10.0)

    assert state == PartitionState(next_offset=5)


def test_columns_stand_in_step_and_a_histogram_reads_as_an_array() -> None:
    moved, stored = PartitionState(next_offset=5), PartitionState(next_offset=1)
    rows = [
        moved.row_after(Step(6), now=1.0),
        stored.row_after(Step(4, 2, 1, ages=Counter({8: 2, 10: 1}), newest_us=NOW_US), now=1.0),
    ]

    columns = ledger_columns([moved, stored], rows)

    assert columns["from_offsets"] == [5, 1]
    assert columns["to_offsets"] == [6, 4]
    assert columns["first_buckets"] == [None, 8]
    assert columns["counts"] == [None, "{2,0,1}"]
    assert columns["newest"] == [None, EPOCH + timedelta(microseconds=NOW_US)]
    assert columns["extends"] == [None, None]
    assert columns["p50_ms"][0] is None
    assert columns["p50_ms"][1] == 2 ** (8 / 8) + 0.75 * (2 ** (9 / 8) - 2)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(-(10**9), 4 * 10**9)), max_size=40))
def test_readings_are_counted_by_partition_and_hour(readings: list[tuple[int, int]]) -> None:
    times_us = [seconds * 10**6 + 1 for _, seconds in readings]
    found = count_hours(
        np.array([partition for partition, _ in readings], dtype=np.int32), np.array(times_us, dtype=np.int64)
    )

    keys = zip(found["hour_partitions"], found["hours"], strict=True)
    counted = dict(zip(keys, found["hour_readings"], strict=True))
    assert counted == Counter(
        (partition, EPOCH + timedelta(microseconds=time_us // HOUR_US * HOUR_US))
        for (partition, _), time_us in zip(readings, times_us, strict=True)
    )


def test_columns_are_written_as_postgresql_writes_arrays() -> None:
    columns: dict[str, list[object]] = {
        "offsets": [-1, 2**62],
        "p50_ms": [1.5, None],
        "counts": ["{1,0,2}", None],
        "hours": [EPOCH],
        "none": [],
    }

    assert as_arrays(columns) == {
        "offsets": "{-1,4611686018427387904}",
        "p50_ms": "{1.5,null}",
        "counts": '{"{1,0,2}",null}',
        "hours": '{"1970-01-01 00:00:00"}',
        "none": "{}",
    }
