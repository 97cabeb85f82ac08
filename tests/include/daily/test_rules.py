"""What the figures of a day mean."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.daily.rules import TREND_DAYS, as_day, expectations, latencies, message, pruned, verdict
from include.daily.types import Day
from include.domain.latency import percentile_ms
from include.errors import OptionError
from tests.support.daily import DAY, empty_hour, empty_report, sample_report

TODAY = date(2026, 11, 26)
FIRST = datetime(2026, 11, 25)  # noqa: DTZ001 - UTC without a zone, as the columns are


def test_a_day_is_its_24_hours() -> None:
    assert (DAY.since, DAY.until) == (FIRST, FIRST + timedelta(days=1))
    assert DAY.hours == [FIRST + timedelta(hours=hour) for hour in range(24)]
    assert str(DAY) == "2026-11-25"


@pytest.mark.parametrize("text", ["2026-11-26", "2026-11-25", "1970-01-01"])
def test_a_day_that_has_begun_can_be_told_of(text: str) -> None:
    assert str(as_day(text, today=TODAY)) == text


@pytest.mark.parametrize(
    "text",
    ["2026-11-27", "1969-12-31", "0001-01-01", "9999-12-31", "2026-02-30", "yesterday", "", "2026-W48-1"],
)
def test_any_other_is_refused_in_a_line(text: str) -> None:
    with pytest.raises(OptionError, match="is not a day") as caught:
        as_day(text, today=TODAY)

    assert "\n" not in str(caught.value)


counts = st.lists(
    st.tuples(
        st.integers(0, 23).map(lambda hour: FIRST + timedelta(hours=hour)),
        st.integers(0, 80),
        st.integers(1, 50),
    ),
    max_size=40,
)


@given(counts)
def test_the_day_s_latency_is_that_of_all_its_records(rows: list[tuple[datetime, int, int]]) -> None:
    by_hour, total = latencies(rows)

    whole: dict[int, int] = {}
    for _, bucket, records in rows:
        whole[bucket] = whole.get(bucket, 0) + records
    assert total.p99_ms == percentile_ms(whole, 0.99)
    assert {one.hour for one in by_hour} == {hour for hour, _, _ in rows}
    assert all(one.p50_ms is not None and one.p50_ms <= (one.p99_ms or 0) for one in by_hour)


def test_an_expectation_is_told_with_its_days_before_and_the_worst_comes_first() -> None:
    day = DAY.date
    before, long_ago = day - timedelta(days=1), day - timedelta(days=TREND_DAYS - 1)

    found = expectations(
        [
            ("gone", "critical", before, 24, 9, 0.0, 1.0),
            ("fine", "critical", day, 24, 0, 0.0, 0.0),
            ("bad", "warning", long_ago, 24, 5, 0.0, 2.0),
            ("bad", "warning", before, 24, 1, 0.0, 2.0),
            ("bad", "warning", day, 20, 3, 0.0, 7.0),
        ],
        DAY,
    )

    assert [one.name for one in found] == ["bad", "fine"]
    assert (found[0].judged, found[0].failed, found[0].day_before, found[0].most) == (20, 3, 1, 7.0)
    assert found[0].trend == (5, *[0] * (TREND_DAYS - 3), 1, 3)


def test_the_verdict_names_what_matters() -> None:
    told = verdict(sample_report())

    assert told.startswith(
        "21 of 23 hours with readings published, 1 withheld, 1 reopened, 1 accepted by a person. "
    )
    assert "12 records had gone from Kafka before they were read. 52 alarms opened, 3 still open." in told
    assert verdict(sample_report(alarms=[])).endswith("before they were read.")
    assert verdict(empty_report()) == "Nothing came in, and no hour of the day has readings."
    assert message(sample_report()).startswith("2026-11-25: 21 of 23 hours")
    assert "Latency p99" in message(sample_report())
    assert "Latency" not in message(empty_report())


def test_hours_that_were_settled_without_readings_are_not_told_of() -> None:
    silent = replace(empty_report(), hours=[empty_hour(hour) for hour in DAY.hours])
    day = sample_report()
    with_a_pause = replace(day, hours=[*day.hours, empty_hour(DAY.hours[4])])

    assert verdict(silent) == verdict(empty_report())
    assert verdict(with_a_pause) == verdict(day)
    assert (silent.states.total(), with_a_pause.states) == (0, day.states)


@pytest.mark.parametrize(
    "changes",
    [
        {"readings": 1},
        {"unsettled_readings": 1},
        {"state": "withheld"},
        {"state": "open"},
        {"accepted_by": "erika"},
    ],
)
def test_any_other_hour_is_told_of(changes: dict[str, Any]) -> None:
    hour = replace(empty_hour(FIRST), **changes)

    report = replace(empty_report(), hours=[hour])

    assert list(report.told_hours) == [hour]
    assert verdict(report) != verdict(empty_report())


def test_a_day_knows_its_notes() -> None:
    notes = {hour.hour.hour: hour.notes for hour in sample_report().hours}

    assert notes[9] == ["readings with another risk level than the policy gives: 1"]
    assert notes[13] == ["2 customers held back", "accepted by erika: ticket <4711>"]
    assert notes[22] == ["late readings wait for the next run", "published 3 times"]
    assert notes[0] == []
    assert Day(TODAY).since == FIRST + timedelta(days=1)


def test_what_is_older_than_what_its_table_keeps_is_told_and_verdicts_stay_as_long_as_the_readings() -> None:
    tables = ("alarms", "customer_hourly", "health_checks", "accepted_failures", "held_back_customers")
    noon, at_once = dict.fromkeys(tables, DAY.since + timedelta(hours=12)), dict.fromkeys(tables, DAY.since)

    assert pruned(DAY, noon, ["heartbeats"]) == list(tables)
    assert pruned(DAY, noon, []) == list(tables[:3])
    assert pruned(DAY, at_once, ["heartbeats"]) == []


def test_the_verdict_counts_nothing_of_what_retention_has_dropped() -> None:
    day = sample_report(dropped=["stream_commits", "alarms"])

    assert verdict(day).endswith("Of what came in retention has dropped the counts.")
    assert verdict(replace(empty_report(), dropped=["stream_commits"])).startswith(
        "Of what came in retention has dropped the counts, and no hour"
    )
