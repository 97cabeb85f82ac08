"""Hours as instants, which can be settled, the history of risk policies, groups and the gate."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.domain.hours import as_hour, hour_name, last_full_hour
from include.errors import OptionError
from include.hourly.rules import (
    BEGINNING_OF_TIME,
    END_OF_TIME,
    decide,
    describe,
    explain_unpassed,
    in_groups,
    policy_spans,
    require_kept_hour,
)
from include.hourly.types import DueHour, HourState, HourStatus, PolicySpan, Settlement
from include.quality.types import HourVerdict
from tests.include.quality.test_rules import facts

EIGHT = datetime(2026, 11, 20, 8)  # noqa: DTZ001 - UTC without a zone, as the columns are
NINE = EIGHT + timedelta(hours=1)


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


def test_an_hours_name_is_read_back_as_the_hour() -> None:
    assert hour_name(EIGHT) == "2026-11-20T08:00Z"
    assert as_hour(hour_name(EIGHT)) == EIGHT


def test_the_last_full_hour_has_ended() -> None:
    assert last_full_hour(NINE) == EIGHT
    assert last_full_hour(NINE + timedelta(minutes=59)) == EIGHT


def test_the_partition_that_is_farthest_behind_is_named() -> None:
    assert explain_unpassed({3: 30, 4: 5}) == "35 records wait to be read, 30 of them in partition 3"


@pytest.mark.parametrize(
    ("hour", "problem"),
    [
        ("2026-11-20T09:00", "has not ended yet: choose 2026-11-20T08:00Z or earlier"),
        ("2999-01-01T00:00", "has not ended yet"),
        ("9999-12-31T23:00", "has not ended yet"),
        ("2026-08-14T23:00", "too old, readings are kept for 97 days: choose 2026-08-15T00:00Z or later"),
        ("2006-01-01T00:00", "too old"),
        ("0001-01-01T00:00", "too old"),
    ],
)
def test_an_hour_that_can_never_be_settled_is_refused_in_words(hour: str, problem: str) -> None:
    with pytest.raises(OptionError, match=problem):
        require_kept_hour(as_hour(hour), now=NINE + timedelta(minutes=58), kept_days=97)


@pytest.mark.parametrize("hour", ["2026-11-20T08:00", "2026-08-15T00:00", "2026-11-20T09:00"])
def test_an_hour_that_has_ended_or_is_about_to_is_taken(hour: str) -> None:
    now = NINE + timedelta(minutes=59, seconds=30)

    assert require_kept_hour(as_hour(hour), now=now, kept_days=97) == as_hour(hour)


def test_policies_follow_one_another_without_a_gap_and_the_first_stands_for_what_is_older() -> None:
    history = [("a", EIGHT - timedelta(days=9)), ("b", EIGHT), ("a", NINE)]

    assert policy_spans(history, "c") == [
        PolicySpan("a", BEGINNING_OF_TIME, EIGHT),
        PolicySpan("b", EIGHT, NINE),
        PolicySpan("a", NINE, END_OF_TIME),
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
    verdicts = (
        HourVerdict(facts(EIGHT, readings=4), reason=None, warnings=("late",)),
        HourVerdict(facts(NINE, readings=6), reason="3 readings are wrong", warnings=()),
    )
    before = {NINE: HourStatus(NINE, HourState.WITHHELD, "as before", 6, 1, 4)}

    fit, unfit = decide(verdicts, before, changed={EIGHT, NINE})

    assert (fit.state, fit.is_new_revision, fit.verdict.warnings) == (HourState.PUBLISHED, True, ("late",))
    assert (unfit.state, unfit.is_new_revision, unfit.verdict.reason) == (
        HourState.WITHHELD,
        False,
        "3 readings are wrong",
    )
    assert (fit.was_withheld, unfit.was_withheld) == (False, True)
    settlement = Settlement((fit, unfit))
    assert (settlement.withheld, settlement.newly_withheld) == ([unfit], [])
    assert describe(settlement).splitlines() == [
        "2026-11-20T08:00Z  published  4 readings",
        "    warning: late",
        "2026-11-20T09:00Z  withheld   6 readings",
        "    withheld: 3 readings are wrong",
    ]


def test_nothing_due_is_said_so() -> None:
    assert describe(Settlement()) == "no hour was due"
