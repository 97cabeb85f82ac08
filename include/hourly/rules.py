"""Decisions about hours: which can be settled, in which groups, and which are published. Pure."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, time, timedelta

from include.domain.hours import HOUR, hour_name, last_full_hour
from include.domain.risk import RiskPolicy
from include.errors import OptionError
from include.hourly.types import Decision, DueHour, HourState, HourStatus, PolicySpan, Settlement
from include.quality.types import HourVerdict

_CLOCKS_DIFFER = timedelta(minutes=1)

# PostgreSQL's infinities have no counterpart in Python.
BEGINNING_OF_TIME = datetime(1, 1, 1)  # noqa: DTZ001 - UTC without a zone, as the columns are
END_OF_TIME = datetime(9999, 12, 31)  # noqa: DTZ001


def require_kept_hour(hour: datetime, *, now: datetime, kept_days: int) -> datetime:
    """Return the hour; raise OptionError, which says what to do, if it has not ended or is no longer kept.

    `now` and the hour are UTC without a zone. An hour that ends within a minute is accepted, since clocks differ.
    """
    first = datetime.combine(now.date() - timedelta(days=kept_days), time.min)
    name = f"the hour {hour_name(hour)}"
    if hour > now + _CLOCKS_DIFFER - HOUR:  # the last hour of the calendar has no end that can be written
        raise OptionError(f"{name} has not ended yet: choose {hour_name(last_full_hour(now))} or earlier")
    if hour < first:
        raise OptionError(
            f"{name} is too old, readings are kept for {kept_days} days: choose {hour_name(first)} or later"
        )
    return hour


def explain_unpassed(waiting: Mapping[int, int]) -> str:
    """Say in words what we are waiting for; `waiting` counts records by partition."""
    most, lag = max(waiting.items(), key=lambda item: item[1])
    return f"{sum(waiting.values())} records wait to be read, {lag} of them in partition {most}"


def policy_spans(history: Sequence[tuple[str, datetime]], current_version: str) -> list[PolicySpan]:
    """Return which risk policy was in force when, given each version and the instant from which it applied, in order.

    The first version also covers everything before it. If no launch has ever recorded one, today's covers everything.
    """
    versions = [version for version, _ in history] or [current_version]
    changes = [since for _, since in history[1:]]
    return [
        PolicySpan(version, since, until)
        for version, since, until in zip(
            versions, [BEGINNING_OF_TIME, *changes], [*changes, END_OF_TIME], strict=True
        )
    ]


def bands_in_force(spans: Sequence[PolicySpan], policies: Sequence[RiskPolicy]) -> list[dict[str, object]]:
    """Return each span with the bands of its policy.

    A version whose file is gone has no bands: no reading has the level that it demands, and the hour is withheld.
    """
    bands = {policy.version: policy.model_dump(exclude={"version", "note"}) for policy in policies}
    return [
        {"since": span.since.isoformat(), "until": span.until.isoformat(), **bands.get(span.version, {})}
        for span in spans
    ]


def in_groups(due: Sequence[DueHour], *, max_hours: int, max_readings: int) -> Iterator[list[datetime]]:
    """Cut the hours into groups, in order; an hour with more than `max_readings` readings gets its own group."""
    group: list[DueHour] = []
    for hour in due:
        is_full = len(group) == max_hours or sum(one.readings for one in group) + hour.readings > max_readings
        if group and is_full:
            yield [one.hour for one in group]
            group = []
        group.append(hour)
    if group:
        yield [one.hour for one in group]


def decide(
    verdicts: Sequence[HourVerdict], before: Mapping[datetime, HourStatus], changed: Collection[datetime]
) -> list[Decision]:
    """Decide whether each hour is published; `changed` are the hours that have new sums."""
    return [
        Decision(
            verdict,
            is_new_revision=not verdict.reason and verdict.facts.hour in changed,
            was_withheld=_is_withheld(before.get(verdict.facts.hour)),
        )
        for verdict in verdicts
    ]


def describe(settlement: Settlement) -> str:
    """Return a line for each hour: what was decided and why."""
    lines = [
        f"{hour_name(decision.hour)}  {decision.state:9}  {decision.verdict.facts.readings} readings"
        + "".join(f"\n    {note}" for note in _notes(decision.verdict))
        for decision in settlement.decisions
    ]
    lines += [
        f"{hour_name(hour)}  left as it is: retention has dropped its readings"
        for hour in settlement.dropped_hours
    ]
    return "\n".join(lines) or "no hour was due"


def _is_withheld(status: HourStatus | None) -> bool:
    return status is not None and status.state == HourState.WITHHELD


def _notes(verdict: HourVerdict) -> list[str]:
    reasons = [f"withheld: {verdict.reason}"] if verdict.reason else []
    accepted = [f"accepted: {failure}" for failure in verdict.accepted]
    return reasons + accepted + [f"warning: {warning}" for warning in verdict.warnings]
