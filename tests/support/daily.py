"""The report of a day as it might be: everything in it, also what is seldom there."""

from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any

from include.daily.rules import TREND_DAYS, latencies, total_risk
from include.daily.types import (
    AlarmCount,
    AlarmHour,
    Coverage,
    Day,
    DayReport,
    Example,
    Expectation,
    Hour,
    Lag,
    Outcomes,
    ReasonCount,
    Risk,
)

DAY = Day(date(2026, 11, 25))


def sample_report(**changes: Any) -> DayReport:
    """Return a day with faults: an hour withheld, one accepted, one reopened, one without readings."""
    hours = DAY.hours
    outcomes = [
        Outcomes(hour, 41_000 + 900 * place, 120 + place, 300 if place != 13 else 9_500, 0, 0)
        for place, hour in enumerate(hours)
    ]
    latency, latency_total = latencies(
        (hour, bucket, 10_000 // (abs(bucket - 34) + 1))
        for place, hour in enumerate(hours)
        if place != 4
        for bucket in range(20, 60 + (30 if place == 13 else 0))
    )
    risk = [
        Risk(hour, 30_000 + 500 * place, 4_000, 900 + 40 * place)
        for place, hour in enumerate(hours)
        if place != 9
    ]
    settled = [_hour(place, hour) for place, hour in enumerate(hours) if place != 4]
    report: dict[str, Any] = {
        "day": DAY,
        "read_at": DAY.until + timedelta(minutes=45),
        "dropped": [],
        "dropped_before": [],
        "outcomes": outcomes,
        "outcomes_total": _sum(outcomes),
        "latency": latency,
        "latency_total": latency_total,
        "lag": [
            Lag(hour, 60, 40, 90, 400 if place != 13 else 21_000, 900) for place, hour in enumerate(hours)
        ],
        "lag_total": Lag(None, 1440, 40, 120, 18_000, 21_000),
        "hours": settled,
        "expectations": [
            _expectation("levels_follow_policy", "critical", 2),
            _expectation("quarantine_below_half", "warning", 1),
            _expectation("rows_agree_with_ledger", "critical", 0),
        ],
        "reasons": [
            ReasonCount("heart_rate_out_of_range", 12_000, 7_100, 40),
            ReasonCount("malformed_json", 4_400, 4_300, 0),
        ],
        "examples": [
            Example(reason, "customer_heartbeats", 1, 8_812_345 + number, hours[13], detail)
            for number, (reason, detail) in enumerate(
                [
                    ("heart_rate_out_of_range", "heart_rate is outside 30-220 bpm"),
                    ("malformed_json", "not UTF-8 at byte 17"),
                    ("malformed_json", "Expecting ',' delimiter: <b>&amp;</b> at character 4"),
                ]
            )
        ],
        "coverage": [
            Coverage(hour, 500, 0.61 + 0.01 * (place % 7), 0.97, 12)
            for place, hour in enumerate(hours)
            if place != 9
        ],
        "coverage_total": Coverage(None, 11_500, 0.64, 0.97, 276),
        "min_coverage": 0.5,
        "risk": risk,
        "risk_total": total_risk(risk),
        "alarms": [
            AlarmCount("very_high", "critical", 9, 4, 1, 8, 2, 41.0, 6),
            AlarmCount("high", "warning", 31, 17, 0, 25, 5, 190.5, 28),
            AlarmCount("silence", "warning", 12, 12, 2, 0, 40, None, 0),
        ],
        "alarm_hours": [
            AlarmHour(hour, place % 4, place % 3) for place, hour in enumerate(hours) if place > 6
        ],
    }
    return DayReport(**{**report, **changes})


def empty_report() -> DayReport:
    """Return a day on which nothing was."""
    nothing: dict[str, Any] = {
        name: []
        for name in (
            *("outcomes", "latency", "lag", "hours", "expectations", "reasons", "examples"),
            *("alarms", "alarm_hours"),
        )
    }
    _, no_latency = latencies([])
    return sample_report(
        **nothing,
        coverage=[],
        risk=[],
        outcomes_total=Outcomes(None, 0, 0, 0, 0, 0),
        latency_total=no_latency,
        lag_total=Lag(None, 0, None, None, None, None),
        coverage_total=Coverage(None, 0, None, None, 0),
        risk_total=Risk(None, 0, 0, 0),
    )


def empty_hour(hour: datetime) -> Hour:
    """Return an hour that was settled without a reading."""
    return Hour(hour, "published", None, 0, 0, 1, None, None, 0)


def _hour(place: int, hour: datetime) -> Hour:
    if place == 9:
        reason = "readings with another risk level than the policy gives: 1"
        return Hour(hour, "withheld", reason, 35_000, 0, 1, None, None, 0)
    if place == 13:
        return Hour(hour, "published", None, 34_000, 0, 1, "erika", "ticket <4711>", 2)
    if place == 22:
        return Hour(hour, "reopened", None, 34_500, 17, 3, None, None, 0)
    return Hour(hour, "published", None, 33_000 + place, 0, 1, None, None, 0)


def _expectation(name: str, severity: str, failed: int) -> Expectation:
    trend = (*(number * failed % 5 for number in range(1, TREND_DAYS)), failed)
    return Expectation(name, severity, 23, failed, trend[-2], 0, 3 if failed else 0, trend)


def _sum(outcomes: list[Outcomes]) -> Outcomes:
    total: Counter[str] = Counter()
    for hour in outcomes:
        for name in ("accepted", "duplicates", "quarantined"):
            total[name] += getattr(hour, name)
    return Outcomes(None, total["accepted"], total["duplicates"], total["quarantined"], 12, 0)
