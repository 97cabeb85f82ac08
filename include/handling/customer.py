"""One customer's alarms as a chart wants them: episodes and limits over a while, and what may be set from now on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from include.alarms.store import read_limits as read_limits_in_force
from include.alarms.store import read_policies, to_instant, to_us
from include.db.connect import Connection
from include.episodes.policy import AlarmPolicy
from include.episodes.rules_in_force import EVER, Level, Rules, Timeline, timeline
from include.handling.store import AlarmLine, read_episodes
from include.limits.store import LimitLine, PauseLine, read_limits, read_pauses

MOST_EPISODES = 200
MOST_LINES = 20


@dataclass(frozen=True, slots=True)
class LimitSpan:
    """A level rule's limits while they stay the same: readings in [since, until) are judged by them."""

    rule: str
    is_high: bool
    since: datetime
    until: datetime
    limit_bpm: int
    clear_bpm: int
    is_own: bool


@dataclass(frozen=True, slots=True)
class RuleNow:
    """A rule as it is in force: levels have limits in bpm, a silence has seconds."""

    rule: str
    severity: str
    limit_bpm: int | None
    clear_bpm: int | None
    after_seconds: float | None
    is_own: bool


@dataclass(frozen=True, slots=True)
class CustomerAlarms:
    """Episodes that lie in the while with some part, limits, and what people have set, each the newest first."""

    episodes: Sequence[AlarmLine]
    spans: Sequence[LimitSpan]
    rules: Sequence[RuleNow]
    limits: Sequence[LimitLine]
    pauses: Sequence[PauseLine]


def read_customer_alarms(
    connection: Connection, policy: AlarmPolicy, customer: UUID, since: datetime, until: datetime
) -> CustomerAlarms:
    """Return one customer's alarms and limits of [since, until); `policy` counts where none was ever in force."""
    own = read_limits_in_force(connection, [customer.bytes]).get(customer.bytes, [])
    times = timeline(read_policies(connection) or [(EVER, policy)], own)
    return CustomerAlarms(
        episodes=read_episodes(connection, customer, since, until, most=MOST_EPISODES),
        spans=_spans(times, to_us(since), to_us(until)),
        rules=_rules(times.at(to_us(until))),
        limits=read_limits(connection, customer, most=MOST_LINES),
        pauses=read_pauses(connection, customer, most=MOST_LINES),
    )


def _spans(times: Timeline, since_us: int, until_us: int) -> list[LimitSpan]:
    starts = [since_us, *(start for start in times.starts if since_us < start < until_us)]
    spans: list[LimitSpan] = []
    last: dict[str, int] = {}
    for start, end in zip(starts, [*starts[1:], until_us], strict=True):
        for level in times.at(start).levels:
            span = _span(level, start, end)
            place = last.get(level.name)
            if place is not None and _is_same(spans[place], span):
                spans[place] = _span(level, to_us(spans[place].since), end)
            else:
                last[level.name] = len(spans)
                spans.append(span)
    return spans


def _span(level: Level, start_us: int, end_us: int) -> LimitSpan:
    since, until = to_instant(start_us), to_instant(end_us)
    assert since is not None and until is not None  # noqa: S101, PT018
    is_own = level.limits_version is not None
    return LimitSpan(level.name, level.is_high, since, until, level.limit_bpm, level.clear_bpm, is_own)


def _is_same(one: LimitSpan, other: LimitSpan) -> bool:
    """Tell whether a span goes on where another ends: the change was one of another rule."""
    return (one.until, one.limit_bpm, one.clear_bpm, one.is_own) == (
        other.since,
        other.limit_bpm,
        other.clear_bpm,
        other.is_own,
    )


def _rules(rules: Rules) -> list[RuleNow]:
    levels = [
        RuleNow(
            level.name,
            level.severity.value,
            level.limit_bpm,
            level.clear_bpm,
            None,
            level.limits_version is not None,
        )
        for level in rules.levels
    ]
    silences = [
        RuleNow(
            silence.name,
            silence.severity.value,
            None,
            None,
            silence.after_us / 1_000_000,
            silence.limits_version is not None,
        )
        for silence in rules.silences
    ]
    return [*levels, *silences]
