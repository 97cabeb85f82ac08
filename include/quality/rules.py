"""From measured figures and failed expectations to a verdict an hour. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from statistics import fmean

from include.quality.types import Expectation, HourFacts, Outcome, QualityPolicy, Severity, Verdict


def with_drift(
    facts: Sequence[HourFacts], past_means: Mapping[datetime, float], policy: QualityPolicy
) -> list[HourFacts]:
    """Add how far each hour's mean lies from the mean of the hours before it, as a share of that.

    `past_means` are those of hours published earlier; hours of the same group count as past ones too.
    """
    means = {**past_means, **{hour.hour: hour.mean_bpm for hour in facts if hour.mean_bpm is not None}}
    return [replace(hour, mean_drift=_drift(hour, means, policy)) for hour in facts]


def outcomes_of(
    facts: Sequence[HourFacts],
    expectations: Sequence[Expectation],
    failed: Mapping[str, Collection[datetime]],
) -> list[Outcome]:
    """Return what became of each expectation in each hour; `failed` holds the failing hours by name."""
    return [
        Outcome(
            hour.hour,
            expectation,
            passed=hour.hour not in failed[expectation.name],
            observed=hour.value_of(expectation.fact),
        )
        for hour in facts
        for expectation in expectations
    ]


def verdicts_of(facts: Sequence[HourFacts], outcomes: Sequence[Outcome]) -> tuple[Verdict, ...]:
    """Decide each hour: any critical failure withholds it, and the reason names all of them."""
    complaints: dict[tuple[datetime, Severity], list[str]] = {}
    for outcome in outcomes:
        if not outcome.passed:
            key = (outcome.hour, outcome.expectation.severity)
            complaints.setdefault(key, []).append(outcome.expectation.explain(outcome.observed or 0))
    return tuple(
        Verdict(
            hour,
            reason="; ".join(complaints.get((hour.hour, Severity.CRITICAL), [])) or None,
            warnings=tuple(complaints.get((hour.hour, Severity.WARNING), [])),
        )
        for hour in facts
    )


def _drift(facts: HourFacts, means: Mapping[datetime, float], policy: QualityPolicy) -> float | None:
    hours_before = (facts.hour - timedelta(hours=back) for back in range(1, policy.drift_past_hours + 1))
    past = [means[hour] for hour in hours_before if hour in means]
    if facts.mean_bpm is None or len(past) < policy.drift_min_hours:
        return None
    return abs(facts.mean_bpm / fmean(past) - 1)
