"""Plain decisions about hours: which instants they are, when the stream has passed one, the gate. Pure."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from include.errors import OptionError
from include.quality.types import CheckedHours
from include.summaries.types import (
    Decision,
    DueHour,
    HourState,
    HourStatus,
    PartitionProgress,
    PolicySpan,
    Settlement,
)

HOUR = timedelta(hours=1)

# PostgreSQL's own ends of time have no counterpart in Python.
BEGINNING_OF_TIME = datetime(1, 1, 1)  # noqa: DTZ001 - UTC without a zone, as the columns are
END_OF_TIME = datetime(9999, 12, 31)  # noqa: DTZ001


def as_hour(instant: datetime | str) -> datetime:
    """Return the hour that begins at `instant` (ISO 8601, UTC if it has no zone), as UTC without a zone."""
    try:
        parsed = datetime.fromisoformat(instant) if isinstance(instant, str) else instant
        hour = parsed.astimezone(UTC).replace(tzinfo=None) if parsed.tzinfo else parsed
    except (ValueError, OverflowError):  # the calendar's first and last day are another year elsewhere
        raise OptionError(f"{instant} is not an hour: write it as 2026-01-31T14:00") from None
    if hour != hour.replace(minute=0, second=0, microsecond=0):
        raise OptionError(f"{hour} is not the beginning of an hour: write it as 2026-01-31T14:00")
    return hour


def last_full_hour(now: datetime) -> datetime:
    """Return the last hour that has ended by `now`, which is UTC without a zone."""
    return now.replace(minute=0, second=0, microsecond=0) - HOUR


def unpassed(
    partitions: Sequence[PartitionProgress], *, hour_end: datetime, measured_at: datetime
) -> list[PartitionProgress]:
    """Return the partitions that may still hold readings of the hour.

    A partition has passed the hour's end if it has committed a record that Kafka got after it, or if nothing
    waited in it at a moment after it. `measured_at` is when Kafka was asked, before the database was.
    """
    has_ended = measured_at >= hour_end
    return [
        progress
        for progress in partitions
        if not progress.has_later_record and not (has_ended and progress.lag == 0)
    ]


def explain_unpassed(waiting: Sequence[PartitionProgress]) -> str:
    """Say in words what is waited for."""
    most = max(waiting, key=lambda progress: progress.lag)
    if most.lag == 0:
        return "the hour has not ended yet"
    lag = sum(progress.lag for progress in waiting)
    return f"{lag} records wait to be read, {most.lag} of them in partition {most.partition}"


def policy_spans(history: Sequence[tuple[str, datetime]], current_version: str) -> list[PolicySpan]:
    """Return which risk policy was in force when, from the launches' policies and last commits, in order.

    Only one launch writes at a time, so a row stored at an instant is of the launch that committed next. What
    has no later commit was not written by the stream, and is held against today's policy.
    """
    spans: list[PolicySpan] = []
    since = BEGINNING_OF_TIME
    for version, until in [*history, (current_version, END_OF_TIME)]:
        if spans and spans[-1].version == version:
            since = spans.pop().since
        spans.append(PolicySpan(version, since, until))
        since = until
    return spans


def in_groups(due: Sequence[DueHour], *, max_hours: int, max_readings: int) -> Iterator[list[datetime]]:
    """Cut the hours into groups, in order; an hour larger than `max_readings` is a group of its own."""
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
    checked: CheckedHours, before: Mapping[datetime, HourStatus], changed: Collection[datetime]
) -> list[Decision]:
    """Gate each hour: a critical failure withholds it unless a person accepted it. `changed`: those with new sums."""
    return [
        Decision(
            hour=verdict.facts.hour,
            state=HourState.WITHHELD if verdict.reason else HourState.PUBLISHED,
            reason=verdict.reason,
            readings=verdict.facts.readings,
            ledger_readings=verdict.facts.ledger_readings,
            mean_bpm=verdict.facts.mean_bpm,
            is_new_revision=not verdict.reason and verdict.facts.hour in changed,
            warnings=verdict.warnings,
            was_withheld=_is_withheld(before.get(verdict.facts.hour)),
            held_back=verdict.facts.held_back,
            accepted=verdict.accepted,
        )
        for verdict in checked.verdicts
    ]


def describe(settlement: Settlement) -> str:
    """Return a line an hour for a person: what was decided and why."""
    lines = [
        f"{decision.hour:%Y-%m-%d %H:00}Z  {decision.state:9}  {decision.readings} readings"
        + "".join(f"\n    {note}" for note in _notes(decision))
        for decision in settlement.decisions
    ]
    lines += [
        f"{hour:%Y-%m-%d %H:00}Z  left as it is: retention has dropped its readings"
        for hour in settlement.dropped_hours
    ]
    return "\n".join(lines) or "no hour was due"


def _is_withheld(status: HourStatus | None) -> bool:
    return status is not None and status.state is HourState.WITHHELD


def _notes(decision: Decision) -> list[str]:
    reasons = [f"withheld: {decision.reason}"] if decision.reason else []
    accepted = [f"accepted: {failure}" for failure in decision.accepted]
    return reasons + accepted + [f"warning: {warning}" for warning in decision.warnings]
