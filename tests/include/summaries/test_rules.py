"""Hours as instants, the stream's passing of one, the history of risk policies, groups and the gate."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.broker.topic import KafkaRange
from include.errors import OptionError
from include.quality.types import CheckedHours, Verdict
from include.summaries.rules import (
    BEGINNING_OF_TIME,
    END_OF_TIME,
    as_hour,
    decide,
    describe,
    explain_unpassed,
    in_groups,
    last_full_hour,
    policy_spans,
    unpassed,
)
from include.summaries.types import (
    DueHour,
    HourState,
    HourStatus,
    PartitionProgress,
    PolicySpan,
    Settlement,
)
from tests.include.quality.test_rules import facts

EIGHT = datetime(2026, 11, 20, 8)  # noqa: DTZ001 - UTC without a zone, as the columns are
NINE = EIGHT + timedelta(hours=1)


def progress(*, end: int = 100, next_offset: int | None = 100, later: bool = False) -> PartitionProgress:
    return PartitionProgress(3, KafkaRange(10, end), next_offset, has_later_record=later)


@pytest.mark.parametrize(
    "instant",
    [
        "2026-11-20T08:00",
        "2026-11-20T08:00:00Z",
        "2026-11-20 10:00:00+02:00",
        EIGHT,
        EIGHT.replace(tzinfo=UTC),
        datetime(2026, 11, 20, 3, tzinfo=timezone(timedelta(hours=-5))),
    ],
)
def test_an_hour_is_the_same_however_it_is_written(instant: datetime | str) -> None:
    assert as_hour(instant) == EIGHT


@pytest.mark.parametrize("instant", ["", "tomorrow", "2026-11-20T08:30", "2026-11-20T08:00:01Z"])
def test_what_is_not_an_hour_is_refused_with_an_example(instant: str) -> None:
    with pytest.raises(OptionError, match="write it as"):
        as_hour(instant)


def test_the_last_full_hour_has_ended() -> None:
    assert last_full_hour(NINE) == EIGHT
    assert last_full_hour(NINE + timedelta(minutes=59)) == EIGHT


@pytest.mark.parametrize(
    ("partition", "measured_at", "is_waited_for"),
    [
        (progress(), NINE, False),
        (progress(), NINE - timedelta(microseconds=1), True),
        (progress(later=True), NINE - timedelta(minutes=1), False),
        (progress(end=101), NINE + timedelta(days=1), True),
        (progress(end=101, later=True), NINE, False),
        (progress(end=10, next_offset=None), NINE, False),
        (progress(end=11, next_offset=None), NINE, True),
        (progress(end=10, next_offset=4), NINE, False),  # Kafka has dropped what it held
    ],
)
def test_a_partition_has_passed_with_no_lag_after_the_hour_or_with_a_later_record(
    partition: PartitionProgress, measured_at: datetime, is_waited_for: bool
) -> None:
    assert bool(unpassed([partition], hour_end=NINE, measured_at=measured_at)) is is_waited_for


def test_one_partition_that_is_behind_is_enough_and_is_named() -> None:
    waiting = unpassed([progress(later=True), progress(end=130)], hour_end=NINE, measured_at=NINE)

    assert explain_unpassed(waiting) == "30 records wait to be read, 30 of them in partition 3"
    assert explain_unpassed([progress()]) == "the hour has not ended yet"


def test_policies_follow_one_another_without_a_gap_and_equal_neighbours_are_one() -> None:
    history = [("a", EIGHT), ("a", NINE), ("b", NINE + timedelta(hours=1))]

    assert policy_spans(history, "b") == [
        PolicySpan("a", BEGINNING_OF_TIME, NINE),
        PolicySpan("b", NINE, END_OF_TIME),
    ]
    assert policy_spans([], "a") == [PolicySpan("a", BEGINNING_OF_TIME, END_OF_TIME)]


@given(st.lists(st.integers(0, 50), max_size=60), st.integers(1, 10), st.integers(1, 100))
def test_groups_hold_every_hour_once_in_order_and_within_their_limits(
    sizes: list[int], max_hours: int, max_readings: int
) -> None:
    due = [DueHour(EIGHT + timedelta(hours=number), size) for number, size in enumerate(sizes)]
    size_of = {hour.hour: hour.readings for hour in due}

    groups = list(in_groups(due, max_hours=max_hours, max_readings=max_readings))

    assert [hour for group in groups for hour in group] == [hour.hour for hour in due]
    for group in groups:
        assert 0 < len(group) <= max_hours
        assert len(group) == 1 or sum(size_of[hour] for hour in group) <= max_readings


def test_only_a_critical_failure_withholds_an_hour_and_only_news_are_a_revision() -> None:
    checked = CheckedHours(
        5,
        (
            Verdict(facts(EIGHT, readings=4), reason=None, warnings=("late",)),
            Verdict(facts(NINE, readings=6), reason="3 readings are wrong", warnings=()),
        ),
    )
    before = {NINE: HourStatus(NINE, HourState.WITHHELD, "as before", 6, 1, 4)}

    fit, unfit = decide(checked, before, changed={EIGHT, NINE})

    assert (fit.state, fit.is_new_revision, fit.warnings) == (HourState.PUBLISHED, True, ("late",))
    assert (unfit.state, unfit.is_new_revision, unfit.reason) == (
        HourState.WITHHELD,
        False,
        "3 readings are wrong",
    )
    assert (fit.was_withheld, unfit.was_withheld) == (False, True)
    settlement = Settlement((fit, unfit))
    assert (settlement.withheld, settlement.newly_withheld) == ([unfit], [])
    assert describe(settlement).splitlines() == [
        "2026-11-20 08:00Z  published  4 readings",
        "    warning: late",
        "2026-11-20 09:00Z  withheld   6 readings",
        "    withheld: 3 readings are wrong",
    ]


def test_nothing_due_is_said_so() -> None:
    assert describe(Settlement()) == "no hour was due"
