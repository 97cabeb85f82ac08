"""Which alarm rules a reading is judged by: the policy's of its time, with the customer's own limits of its time."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from include.domain.schema import MAX_HEART_RATE_BPM, MIN_HEART_RATE_BPM
from include.episodes.policy import AlarmPolicy, LevelRule, Severity, SilenceRule

MICROSECONDS = 1_000_000
EVER = -(2**62)


@dataclass(frozen=True, slots=True)
class Limit:
    """A customer's own limits for one rule, from an instant on; with none at all, the policy's apply again."""

    rule: str
    valid_from_us: int
    version: int
    limit_bpm: int | None = None
    clear_bpm: int | None = None
    after_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Level:
    """A level rule as it is in force for a customer."""

    name: str
    severity: Severity
    is_high: bool
    limit_bpm: int
    clear_bpm: int
    for_us: int
    clear_for_us: int
    gap_us: int
    gap_medians: float
    policy_version: str
    limits_version: int | None = None

    def is_beyond(self, bpm: int) -> bool:
        """Tell whether a heart rate is one to be alarmed about."""
        return bpm > self.limit_bpm if self.is_high else bpm <= self.limit_bpm

    def is_clear(self, bpm: int) -> bool:
        """Tell whether a heart rate counts towards the end of an alarm."""
        return bpm <= self.clear_bpm if self.is_high else bpm >= self.clear_bpm

    def breaks(self, gap_us: int, median_us: int) -> bool:
        """Tell whether a distance between two readings is too long for them to be one run."""
        return gap_us > self.gap_us and gap_us > self.gap_medians * median_us


@dataclass(frozen=True, slots=True)
class Silence:
    """A silence rule as it is in force for a customer."""

    name: str
    severity: Severity
    after_us: int
    after_medians: float
    policy_version: str
    limits_version: int | None = None

    def patience_us(self, median_us: int) -> int:
        """Return how long a customer with this median interval may go without a reading."""
        return max(self.after_us, int(self.after_medians * median_us))


@dataclass(frozen=True, slots=True)
class Rules:
    """All rules in force at a time. A heart rate from `calm_from_bpm` to `calm_to_bpm` is beyond none of them."""

    levels: tuple[Level, ...]
    silences: tuple[Silence, ...]
    calm_from_bpm: int = field(init=False)
    calm_to_bpm: int = field(init=False)
    quiet_us: int = field(init=False)
    level_names: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        lows = [level.limit_bpm + 1 for level in self.levels if not level.is_high]
        highs = [level.limit_bpm for level in self.levels if level.is_high]
        # No silence is shorter than this.
        quiet = min((silence.after_us for silence in self.silences), default=2**62)
        object.__setattr__(self, "calm_from_bpm", max(lows, default=MIN_HEART_RATE_BPM))
        object.__setattr__(self, "calm_to_bpm", min(highs, default=MAX_HEART_RATE_BPM))
        object.__setattr__(self, "quiet_us", quiet)
        object.__setattr__(self, "level_names", frozenset(level.name for level in self.levels))


@dataclass(frozen=True, slots=True)
class Timeline:
    """The rules in force at each instant: those of `rules[i]` from `starts[i]` on."""

    starts: tuple[int, ...]
    rules: tuple[Rules, ...]

    def at(self, time_us: int) -> Rules:
        """Return the rules in force at an instant."""
        if time_us >= self.starts[-1]:
            return self.rules[-1]
        return self.rules[max(bisect_right(self.starts, time_us) - 1, 0)]


def timeline(policies: Sequence[tuple[int, AlarmPolicy]], limits: Iterable[Limit] = ()) -> Timeline:
    """Return the timeline of a customer; each policy is in force from its instant on, the first one always has been.

    Among limits for the same rule and instant, the one with the highest version counts.
    """
    ordered = sorted(limits, key=lambda limit: (limit.valid_from_us, limit.version))
    policies = sorted(policies, key=lambda entry: entry[0])
    changes = {start for start, _ in policies[1:]} | {limit.valid_from_us for limit in ordered}
    starts = sorted({EVER, *changes})
    rules = []
    for start in starts:
        policy = [policy for since, policy in policies if since <= start] or [policies[0][1]]
        own = {limit.rule: limit for limit in ordered if limit.valid_from_us <= start}
        rules.append(_in_force(policy[-1], own))
    return Timeline(tuple(starts), tuple(rules))


def own_limits(rule: LevelRule, limit: Limit) -> tuple[int, int]:
    """Return limit and clearing limit in bpm; a clearing limit that is not given keeps the policy's distance."""
    if limit.limit_bpm is None:
        return rule.limit_bpm, rule.clear_bpm
    clear = limit.clear_bpm
    if clear is None:
        clear = limit.limit_bpm + rule.clear_bpm - rule.limit_bpm
    return limit.limit_bpm, min(max(clear, MIN_HEART_RATE_BPM), MAX_HEART_RATE_BPM)


def _in_force(policy: AlarmPolicy, own: dict[str, Limit]) -> Rules:
    levels, silences = [], []
    for rule in policy.rules:
        limit = own.get(rule.name)
        if isinstance(rule, LevelRule):
            levels.append(_level(policy, rule, limit))
        else:
            silences.append(_silence(policy, rule, limit))
    return Rules(tuple(levels), tuple(silences))


def _level(policy: AlarmPolicy, rule: LevelRule, limit: Limit | None) -> Level:
    limit_bpm, clear_bpm = own_limits(rule, limit) if limit else (rule.limit_bpm, rule.clear_bpm)
    return Level(
        rule.name,
        rule.severity,
        rule.kind == "high",
        limit_bpm,
        clear_bpm,
        round(rule.for_seconds * MICROSECONDS),
        round(rule.clear_for_seconds * MICROSECONDS),
        round(rule.gap_seconds * MICROSECONDS),
        rule.gap_medians,
        policy.version,
        limit.version if limit and limit.limit_bpm is not None else None,
    )


def _silence(policy: AlarmPolicy, rule: SilenceRule, limit: Limit | None) -> Silence:
    after = limit.after_seconds if limit else None
    return Silence(
        rule.name,
        rule.severity,
        round((rule.after_seconds if after is None else after) * MICROSECONDS),
        rule.after_medians,
        policy.version,
        limit.version if limit and after is not None else None,
    )
