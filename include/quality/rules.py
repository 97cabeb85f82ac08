"""From measured figures and failed expectations to a verdict per hour. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from statistics import fmean
from uuid import UUID

from include.quality.types import (
    Accepted,
    Expectation,
    Finding,
    HeldBack,
    HourFacts,
    HourVerdict,
    QualityPolicy,
    Rule,
    Severity,
)

# In so many groups hours of which some fail are judged again: three of a hundred are found in about forty runs.
PIECES = 10


def with_drift(
    facts: Sequence[HourFacts], past_means: Mapping[datetime, float], policy: QualityPolicy
) -> list[HourFacts]:
    """Add each hour's drift: how far its mean lies from that of the hours before it, as a share of the latter.

    `past_means` are those of hours published earlier; hours of the same group count as past hours, too.
    """
    means = {
        **past_means,
        **{hour.hour: _as_stored(hour.mean_bpm) for hour in facts if hour.mean_bpm is not None},
    }
    return [replace(hour, mean_drift=_drift(hour, means, policy)) for hour in facts]


def figure_findings(
    facts: Sequence[HourFacts],
    expectations: Sequence[Expectation],
    failed: Mapping[str, Collection[datetime]],
) -> list[Finding]:
    """Return whether each hour's figures meet each expectation; `failed` holds the failing hours by name."""
    return [
        _figure_finding(hour, expectation, failed[expectation.name])
        for hour in facts
        for expectation in expectations
    ]


def apart_and_together(facts: Sequence[HourFacts]) -> list[list[HourFacts]]:
    """Return how hours are judged: alone if rows and ledger differ, since two differences could cancel each other."""
    together = [hour for hour in facts if hour.ledger_difference == 0]
    alone = [[hour] for hour in facts if hour.ledger_difference != 0]
    return [together, *alone] if together else alone


def in_pieces(facts: Sequence[HourFacts]) -> list[list[HourFacts]]:
    """Cut hours of which one or more fail into at most ten groups of equal size, to find which."""
    size = -(-len(facts) // PIECES)
    return [list(facts[first : first + size]) for first in range(0, len(facts), size)]


def in_order(findings: Iterable[Finding], policy: QualityPolicy) -> list[Finding]:
    """Order findings by hour, and those of an hour as the policy names their expectations."""
    places = {expectation.name: place for place, expectation in enumerate(policy.expectations)}
    return sorted(findings, key=lambda finding: (finding.hour, places[finding.expectation.name]))


def verdicts_of(
    facts: Sequence[HourFacts], findings: Sequence[Finding], accepted: Sequence[Accepted] = ()
) -> tuple[HourVerdict, ...]:
    """Judge each hour: a critical failure that nobody has accepted withholds it; the reason names all of them."""
    complaints: dict[tuple[datetime, Severity], list[str]] = {}
    let_through: dict[datetime, list[str]] = {}
    for finding in findings:
        if finding.passed:
            continue
        hour, broken, observed = finding.hour, finding.expectation, finding.observed or 0
        if broken.severity is Severity.CRITICAL and _is_accepted(hour, broken, observed, None, accepted):
            let_through.setdefault(hour, []).append(broken.explain(observed))
        else:
            complaints.setdefault((hour, broken.severity), []).append(broken.explain(observed))
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
    rules, of_customers = policy.rules, [one for one in accepted if one.customer_id is not None]
    if not of_customers:
        return list(found)
    return [
        one
        for one in found
        if not _is_accepted(one.hour, rules.get(one.rule), one.observed, one.customer_id, of_customers)
    ]


def is_no_worse(rule: Rule, observed: float, accepted: float) -> bool:
    """Tell whether a figure breaks its limits on the same side as an accepted one, and no further.

    Without limits it is a number of readings, the fewer the better, or there is no figure.
    """
    if rule.at_most is not None and observed > rule.at_most:
        return observed <= accepted
    if rule.at_least is not None and observed < rule.at_least:
        return observed >= accepted
    has_limits = rule.at_least is not None or rule.at_most is not None
    return has_limits or observed <= accepted


def _figure_finding(facts: HourFacts, expectation: Expectation, failed: Collection[datetime]) -> Finding:
    observed = None if expectation.fact is None else facts.value_of(expectation.fact)
    return Finding(
        facts.hour,
        expectation,
        passed=facts.hour not in failed,
        observed=observed,
        judged=observed is not None or expectation.judges_absence,
    )


def _is_accepted(
    hour: datetime,
    rule: Rule | None,
    observed: float,
    customer_id: UUID | None,
    accepted: Sequence[Accepted],
) -> bool:
    return rule is not None and any(
        one.hour == hour
        and one.rule == rule.name
        and one.customer_id == customer_id
        and is_no_worse(rule, observed, one.observed)
        for one in accepted
    )


def _as_stored(mean_bpm: float) -> float:
    """Return a mean as settled_hours keeps it: an hour drifts as far, whether its past was settled with it or not."""
    return float(Decimal(str(mean_bpm)).quantize(Decimal("0.01"), ROUND_HALF_UP))


def _drift(facts: HourFacts, means: Mapping[datetime, float], policy: QualityPolicy) -> float | None:
    hours_before = (facts.hour - timedelta(hours=back) for back in range(1, policy.drift_past_hours + 1))
    past = [means[hour] for hour in hours_before if hour in means]
    if facts.mean_bpm is None or len(past) < policy.drift_min_hours:
        return None
    return abs(facts.mean_bpm / fmean(past) - 1)
