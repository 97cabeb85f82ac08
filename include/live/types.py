"""What one look shows, in the form in which the page gets it. Instants are UTC without a zone, as the columns are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from include.broker.topic import KafkaRange
from include.handling.customer import CustomerAlarms
from include.handling.store import OpenCount
from include.health.types import Status
from include.hourly.types import HeldBackCustomer, HourRow
from include.stream.types import Lease


@dataclass(frozen=True, slots=True)
class Second:
    """What became of the records that were committed within one second."""

    second: datetime
    accepted: int
    duplicates: int
    quarantined: int
    p50_ms: float | None
    p99_ms: float | None


@dataclass(frozen=True, slots=True)
class Rates:
    """Records per second, over the last few seconds; `arriving` is None while Kafka does not say."""

    arriving: float | None
    accepted: float
    duplicates: float
    quarantined: float


@dataclass(frozen=True, slots=True)
class RecentLatency:
    """From a Kafka record's create time to its commit, over the last minute; None where nothing was committed."""

    records: int
    p50_ms: float | None
    p99_ms: float | None


@dataclass(frozen=True, slots=True)
class ReasonCount:
    """How many records were quarantined for one reason; counted no further than MOST_LETTERS_COUNTED."""

    reason: str
    records: int


@dataclass(frozen=True, slots=True)
class Flow:
    """How records come in and what becomes of them, by the whole seconds of [since, until) that had commits."""

    rates: Rates
    latency: RecentLatency
    reasons: Sequence[ReasonCount]
    since: datetime
    until: datetime
    seconds: Sequence[Second]


@dataclass(frozen=True, slots=True)
class Ends:
    """Where Kafka's partitions end, when this was asked, and what went wrong since, if anything did."""

    topic_id: UUID | None = None
    ranges: dict[int, KafkaRange] = field(default_factory=dict)
    asked_at: datetime | None = None
    arriving_per_second: float | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class PartitionLag:
    """How many records of one partition have no outcome yet."""

    partition: int
    next_offset: int
    end_offset: int
    lag: int


@dataclass(frozen=True, slots=True)
class BrokerState:
    """Kafka as the page knows it; `problem` is one line, None while it answers."""

    asked_at: datetime | None
    problem: str | None
    partitions: Sequence[PartitionLag]


@dataclass(frozen=True, slots=True)
class StreamState:
    """Whether a launch of the stream is alive: `never`, `running`, `stopping`, `fenced` or `silent`."""

    state: str
    lease: Lease | None


@dataclass(frozen=True, slots=True)
class CheckRow:
    """A finding of the newest round of health checks."""

    checked_at: datetime
    name: str
    status: Status
    value: float | None
    threshold: float | None
    message: str


@dataclass(frozen=True, slots=True)
class HighCustomer:
    """A customer whose newest reading is High."""

    customer_id: UUID
    heart_rate: int
    event_time: datetime
    high_since: datetime


@dataclass(frozen=True, slots=True)
class CustomersNow:
    """How many customers are at each level by their newest reading up to `taken_at`, and who is at High, newest first.

    They are those heard in the last `reach_seconds`: the whole window, or as far as the newest readings go that are
    looked at. Since when somebody is at High was found out of the `followed` that were heard last.
    """

    taken_at: datetime
    normal: int
    elevated: int
    high: int
    reach_seconds: float
    is_whole: bool
    followed: int
    at_high: Sequence[HighCustomer]


@dataclass(frozen=True, slots=True)
class RiskHour:
    """A published hour's readings by level."""

    hour: datetime
    normal: int
    elevated: int
    high: int


@dataclass(frozen=True, slots=True)
class Slow:
    """What changes by the minute or by the hour, and is asked for less often."""

    checks: Sequence[CheckRow]
    hours: Sequence[HourRow]
    held_back: Sequence[HeldBackCustomer]
    risk_hours: Sequence[RiskHour]


@dataclass(frozen=True, slots=True)
class Look:
    """All that one look at the database gave."""

    taken_at: datetime
    flow: Flow
    broker: BrokerState
    stream: StreamState
    # None where counting them takes too long, and has done so for OLDEST_COUNT.
    customers: CustomersNow | None
    slow: Slow
    # Open alarms by severity and rule.
    alarms: Sequence[OpenCount]
    # The risk policy in force: where High and Elevated begin on both sides.
    bands: Mapping[str, object]
    # The bounds within which the look was taken, for the page to name them and to draw by them.
    limits: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What all viewers get: the newest look, as JSON, and the reason where there is none newer."""

    number: int
    event: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Point:
    """One reading, or None for the heart rate where readings are missing."""

    at: datetime
    bpm: int | None


@dataclass(frozen=True, slots=True)
class CustomerHour:
    """One published hour of a customer."""

    hour: datetime
    readings: int
    min_bpm: int
    avg_bpm: float
    max_bpm: int
    high: int
    coverage: float | None
    # Alarms that opened in it.
    alarms: int


@dataclass(frozen=True, slots=True)
class CustomerView:
    """One customer's heart rate and alarms over the last minutes, and hour by hour before."""

    customer_id: UUID
    since: datetime
    until: datetime
    asked_minutes: int
    is_shortened: bool
    readings: int
    newest_level: str | None
    gap_seconds: float | None
    points: Sequence[Point]
    hours: Sequence[CustomerHour]
    alarms: CustomerAlarms
