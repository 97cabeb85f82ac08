"""What can be asked for, and what a run makes of it."""

from pathlib import Path
from typing import Any

import pytest

from include.errors import OptionError
from producer.choices import named_period_ms
from producer.generator import HeartbeatGenerator
from producer.instants import MS_PER_HOUR, parse_instant
from producer.options import MAX_RATE_HZ, MIN_RATE_HZ, ReplayOptions, SimulatorOptions
from producer.pace import Pace
from producer.recording.survey import Extent

NOW_MS = parse_instant("2026-11-23T08:20:30Z")
FILE = Path("recording.csv")


def test_by_default_fifteen_customers_go_on_in_real_time_without_end() -> None:
    options = SimulatorOptions()
    plan = options.plan(now_ms=NOW_MS, retention_days=90)

    assert (plan.customers, plan.rate_hz, plan.start_ms, plan.end_ms) == (15, 1.0, NOW_MS, None)
    assert options.pace(plan, now_ms=NOW_MS) == Pace(NOW_MS, NOW_MS / 1000, 1.0)


def test_the_last_full_hour_goes_by_within_thirty_seconds() -> None:
    start_ms, end_ms = named_period_ms("last-hour", NOW_MS)
    options = SimulatorOptions(start_ms=start_ms, end_ms=end_ms, within_seconds=30)
    plan = options.plan(now_ms=NOW_MS, retention_days=90)

    assert start_ms == parse_instant("2026-11-23T07:00:00Z")
    assert end_ms == parse_instant("2026-11-23T08:00:00Z")
    assert options.pace(plan, now_ms=NOW_MS).speed == 120


def test_the_last_day_ends_at_midnight() -> None:
    assert named_period_ms("last-day", NOW_MS) == (
        parse_instant("2026-11-22T00:00:00Z"),
        parse_instant("2026-11-23T00:00:00Z"),
    )


def test_a_past_start_alone_means_up_to_now_and_at_once() -> None:
    options = SimulatorOptions(start_ms=NOW_MS - MS_PER_HOUR)
    plan = options.plan(now_ms=NOW_MS, retention_days=90)

    assert plan.end_ms == NOW_MS
    assert options.pace(plan, now_ms=NOW_MS).speed is None


def test_records_a_second_are_shared_by_all_customers() -> None:
    assert SimulatorOptions(customers=500, records_per_second=2000).customer_rate_hz == 4


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"customers": 0}, "at least one customer"),
        ({"rate_hz": 0}, "rate must lie in"),
        ({"rate_hz": 501}, "rate must lie in"),
        ({"rate_hz": float("nan")}, "rate must lie in"),
        ({"readings_limit": 0}, "count must be at least 1"),
        ({"speed": 0}, "speed must be above 0"),
        ({"processes": 16}, "more processes than customers"),
        ({"processes": 0}, "between 1 and 64"),
        ({"processes": 2, "ledger": Path("\udcff")}, "not UTF-8"),
        ({"end_ms": 1, "duration_seconds": 1}, "an end or a duration, not both"),
        ({"start_ms": 1, "speed": 2, "within_seconds": 30}, "a speed or a time within which, not both"),
        ({"within_seconds": 30}, "needs a past period"),
        ({"fault_rates": {"hiccup": 0.1}}, "no fault is called 'hiccup'"),
    ],
)
def test_what_makes_no_sense_is_refused(asked: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        SimulatorOptions(**asked)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf"), 1e300, 1e-300, -1.0, 0.0])
@pytest.mark.parametrize(
    "name",
    ["rate_hz", "records_per_second", "speed", "duration_seconds", "within_seconds", "late_by_seconds"],
)
def test_no_number_beyond_what_the_clock_can_hold_is_taken(name: str, number: float) -> None:
    with pytest.raises(OptionError):
        SimulatorOptions(**{"start_ms": 0, name: number})


@pytest.mark.parametrize("name", ["speed", "shift_seconds"])
@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf"), 1e300])
def test_no_such_number_is_taken_for_a_recording_either(name: str, number: float) -> None:
    with pytest.raises(OptionError):
        ReplayOptions(FILE, **{name: number})


@pytest.mark.parametrize(
    "asked", [{"customers": 10**9}, {"readings_limit": 10**18}, {"seed": 2**63}, {"seed": -(2**63)}]
)
def test_no_count_beyond_all_measure_is_taken(asked: dict[str, int]) -> None:
    with pytest.raises(OptionError, match="at most"):
        SimulatorOptions(**asked)  # type: ignore[arg-type]


def test_a_rate_at_either_bound_makes_readings() -> None:
    for rate_hz in (MIN_RATE_HZ, MAX_RATE_HZ):
        options = SimulatorOptions(customers=2, rate_hz=rate_hz, start_ms=0, readings_limit=5)
        plan = options.plan(now_ms=NOW_MS, retention_days=90)

        assert len(list(HeartbeatGenerator(plan))) == 5


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"start_ms": -1}, "start must not lie before 1970"),
        ({"start_ms": 0, "end_ms": 10**14}, "between a millisecond and 100 years"),
        ({"start_ms": NOW_MS + 1}, "start must not lie in the future"),
        ({"start_ms": NOW_MS - 5, "end_ms": NOW_MS - 5}, "end must lie after the start"),
        ({"end_ms": NOW_MS - 1}, "end must lie after the start"),
    ],
)
def test_a_period_that_makes_no_sense_now_is_refused(asked: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        SimulatorOptions(**asked).plan(now_ms=NOW_MS, retention_days=90)


def test_an_unknown_period_is_refused() -> None:
    with pytest.raises(OptionError, match="no period is called 'last-week'; there are last-hour, last-day"):
        named_period_ms("last-week", NOW_MS)


def test_a_shift_to_now_is_whole_seconds_and_never_past_it() -> None:
    extent = Extent(rows=2, first_us=0, last_us=1_250_000)

    shift_us = ReplayOptions(FILE, shift_to_now=True).plan(extent, now_ms=10_100).shift_us

    assert shift_us == 8_000_000


def test_a_shift_by_seconds_needs_no_reading_beforehand() -> None:
    options = ReplayOptions(FILE, shift_seconds=-1.5)

    assert not options.needs_extent
    assert options.plan(None, now_ms=NOW_MS).shift_us == -1_500_000


def test_two_shifts_are_refused() -> None:
    with pytest.raises(OptionError, match="one shift only"):
        ReplayOptions(FILE, shift_to_now=True, shift_seconds=3)


def test_a_recording_is_paced_by_its_own_times() -> None:
    options = ReplayOptions(FILE, speed=60)
    extent = Extent(rows=2, first_us=5_000_000, last_us=65_000_000)

    pace = options.pace(extent, now_ms=NOW_MS)

    assert options.plan(extent, now_ms=NOW_MS).is_paced
    assert pace == Pace(5000, NOW_MS / 1000, 60)
