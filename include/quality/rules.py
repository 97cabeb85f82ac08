"""From measured figures and failed expectations to a verdict per hour. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from statistics import fmean
from uuid import UUID

from include.quality.types import (
    Accepted,
    Expectation,
    Finding,
    HeldBack,
    HourFacts,
    HourVerdict,
    Limits,
    QualityPolicy,
    Severity,
)


def with_drift(
    facts: Sequence[HourFacts], past_means: Mapping[datetime, float], policy: QualityPolicy
) -> list[HourFacts]:
    """Add each hour's drift: how far its mean lies from that of the hours before it, as a share of the latter.

    `past_means` are those of hours published earlier; hours of the same group count as past hours, too.
    """
    means = {**past_means, **{hour.hour: hour.mean_bpm for hour in facts if hour.mean_bpm is not None}}
    return [replace(hour, mean_drift=_drift(hour, means, policy)) for hour in facts]


def findings_of(
    facts: Sequence[HourFacts],
    expectations: Sequence[Expectation],
    failed: Mapping[str, Collection[datetime]],
) -> list[Finding]:
    """Return whether each hour meets each expectation; `failed` holds the failing hours by name."""
    return [
        Finding(
            hour.hour,
            expectation,
            passed=hour.hour not in failed[expectation.name],
            observed=hour.value_of(expectation.fact),
        )
        for hour in facts
        for expectation in expectations
    ]


def verdicts_of(
    facts: Sequence[HourFacts], findings: Sequence[Finding], accepted: Sequence[Accepted] = ()
) -> tuple[HourVerdict, ...]:
    """Judge each hour: a critical failure that nobody has accepted withholds it; the reason names all of them."""
    complaints: dict[tuple[datetime, Severity], list[str]] = {}
    let_through: dict[datetime, list[str]] = {}
    for finding in findings:
        if finding.passed:
            continue
        hour, limits, observed = finding.hour, finding.expectation, finding.observed or 0
        if limits.severity is Severity.CRITICAL and _is_accepted(hour, limits, observed, None, accepted):
            let_through.setdefault(hour, []).append(limits.explain(observed))
        else:
            complaints.setdefault((hour, limits.severity), []).append(limits.explain(observed))
    return tuple(
        HourVerdict(
            hour,
            reason="; ".join(complaints.get((hour.hour, Severity.CRITICAL), [])) or None,
            warnings=tuple(complaints.get((hour.hour, Severity.WARNING), [])),
            accepted=tuple(let_through.get(hour.hour, [])),
        )
        for hour in facts
    )


def without_accepted(
    found: Sequence[HeldBack], accepted: Sequence[Accepted], policy: QualityPolicy
) -> list[HeldBack]:
    """Leave out the customers whom a person has accepted."""
    limits, of_customers = policy.limits, [one for one in accepted if one.customer_id is not None]
    if not of_customers:
        return list(found)
    return [
        one
        for one in found
        if not _is_accepted(one.hour, limits.get(one.rule), one.observed, one.customer_id, of_customers)
    ]


def is_no_worse(limits: Limits, observed: float, accepted: float) -> bool:
    """Tell whether a figure breaks its limits on the same side as an accepted one, and no further."""
    if limits.at_most is not None and observed > limits.at_most:
        return observed <= accepted
    if limits.at_least is not None and observed < limits.at_least:
        return observed >= accepted
    return True


def _is_accepted(
    hour: datetime,
    limits: Limits | None,
    observed: float,
    customer_id: UUID | None,
    accepted: Sequence[Accepted],
) -> bool:
    return limits is not None and any(
        one.hour == hour
        and one.rule == limits.name
        and one.customer_id == customer_id
        and is_no_worse(limits, observed, one.observed)
        for one in accepted
    )


def _drift(facts: HourFacts, means: Mapping[datetime, float], policy: QualityPolicy) -> float | None:
    hours_before = (facts.hour - timedelta(hours=back) for back in range(1, policy.drift_past_hours + 1))
    past = [means[hour] for hour in hours_before if hour in means]
    if facts.mean_bpm is None or len(past) < policy.drift_min_hours:
        return None
    return abs(facts.mean_bpm / fmean(past) - 1)
