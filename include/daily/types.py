"""What the report of a day says. Instants are UTC without a zone, as the columns are."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta


@dataclass(frozen=True, slots=True)
class Day:
    """A day in UTC: [since, until)."""

    date: date

    @property
    def since(self) -> datetime:
        """When it begins."""
        return datetime.combine(self.date, time.min)

    @property
    def until(self) -> datetime:
        """When it has ended."""
        return self.since + timedelta(days=1)

    @property
    def day_before(self) -> "Day":
        """The one before it."""
        return Day(self.date - timedelta(days=1))

    @property
    def hours(self) -> list[datetime]:
        """Its hours."""
        return [self.since + timedelta(hours=hour) for hour in range(24)]

    def __str__(self) -> str:
        return self.date.isoformat()


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What became of the records that were committed in an hour, or in the whole day where `hour` is None."""

    hour: datetime | None
    accepted: int
    duplicates: int
    quarantined: int
    gap: int
    rewound: int

    @property
    def records(self) -> int:
        """All that have an outcome."""
        return self.accepted + self.duplicates + self.quarantined


@dataclass(frozen=True, slots=True)
class Latency:
    """From a record's create time to its commit."""

    hour: datetime | None
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None


@dataclass(frozen=True, slots=True)
class Lag:
    """How many records waited, over so many checks."""

    hour: datetime | None
    checks: int
    p50: float | None
    p95: float | None
    p99: float | None
    most: float | None


@dataclass(frozen=True, slots=True)
class Hour:
    """How an hour of the day stands."""

    hour: datetime
    state: str
    reason: str | None
    readings: int
    unsettled_readings: int
    revision: int
    accepted_by: str | None
    accepted_reason: str | None
    held_back: int

    @property
    def is_empty(self) -> bool:
        """Whether it was settled without a reading, and there is nothing else to say of it."""
        has_readings = self.readings or self.unsettled_readings
        return self.state == "published" and not has_readings and self.accepted_by is None

    @property
    def notes(self) -> list[str]:
        """What there is to say of it, in words."""
        notes = [self.reason] if self.reason else []
        if self.state == "reopened":
            notes.append("late readings wait for the next run")
        if self.revision > 1:
            notes.append(f"published {self.revision} times")
        if self.held_back:
            notes.append(f"{self.held_back} customer{'s' if self.held_back > 1 else ''} held back")
        if self.accepted_by is not None:
            notes.append(f"accepted by {self.accepted_by}: {self.accepted_reason}")
        return notes


@dataclass(frozen=True, slots=True)
class Expectation:
    """In how many hours an expectation failed, of those it was judged in; `trend` is the days up to this one."""

    name: str
    severity: str
    judged: int
    failed: int
    day_before: int
    least: float | None
    most: float | None
    trend: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ReasonCount:
    """How many records were rejected for a reason, the day before too, and how many of them were sent again."""

    reason: str
    records: int
    day_before: int
    sent_again: int


@dataclass(frozen=True, slots=True)
class Example:
    """A rejected record: where it lies and why. It names nobody."""

    reason: str
    topic: str
    partition: int
    offset: int
    recorded_at: datetime
    detail: str


@dataclass(frozen=True, slots=True)
class Coverage:
    """What share of the expected readings nine of ten customers sent at least (p10), and half of them (p50)."""

    hour: datetime | None
    customers: int
    p10: float | None
    p50: float | None
    poor: int


@dataclass(frozen=True, slots=True)
class Risk:
    """The readings of a published hour, or of all of them, by level."""

    hour: datetime | None
    normal: int
    elevated: int
    high: int

    @property
    def readings(self) -> int:
        """All of them."""
        return self.normal + self.elevated + self.high


@dataclass(frozen=True, slots=True)
class AlarmCount:
    """How many alarms a rule opened; all but `retracted` and `day_before` are of those that stand."""

    rule: str
    severity: str
    alarms: int
    customers: int
    open: int
    acknowledged: int
    retracted: int
    seconds_to_acknowledge: float | None
    day_before: int


@dataclass(frozen=True, slots=True)
class AlarmHour:
    """The alarms that opened in an hour and stand."""

    hour: datetime
    warning: int
    critical: int


@dataclass(frozen=True, slots=True)
class DayReport:
    """All that is told of a day, at one instant. Of what is given by hour, `total` is the whole day.

    `dropped` are the tables that retention has taken the day from, or some of it; `dropped_before` the day before it.
    """

    day: Day
    read_at: datetime
    dropped: Sequence[str]
    dropped_before: Sequence[str]
    outcomes: Sequence[Outcomes]
    outcomes_total: Outcomes
    latency: Sequence[Latency]
    latency_total: Latency
    lag: Sequence[Lag]
    lag_total: Lag
    hours: Sequence[Hour]
    expectations: Sequence[Expectation]
    reasons: Sequence[ReasonCount]
    examples: Sequence[Example]
    coverage: Sequence[Coverage]
    coverage_total: Coverage
    min_coverage: float
    risk: Sequence[Risk]
    risk_total: Risk
    alarms: Sequence[AlarmCount]
    alarm_hours: Sequence[AlarmHour]

    @property
    def told_hours(self) -> list[Hour]:
        """The hours that there is something to say of: each ended hour is settled, also one without readings."""
        return [hour for hour in self.hours if not hour.is_empty]

    @property
    def states(self) -> Counter[str]:
        """How many of the told hours stand in which state."""
        return Counter(hour.state for hour in self.told_hours)

    @property
    def accepted_hours(self) -> int:
        """How many of the told hours a person has accepted."""
        return sum(hour.accepted_by is not None for hour in self.told_hours)

    @property
    def republished_hours(self) -> int:
        """How many of the told hours were reopened and published again."""
        return sum(hour.revision > 1 for hour in self.told_hours)
