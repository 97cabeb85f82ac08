"""What is observed, and what is found."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from uuid import UUID

from include.broker.topic import KafkaRange
from include.stream.types import Lease


class Status(StrEnum):
    """What a check found."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Check:
    """One finding; value and threshold are in the unit that the message names. It is not known what was not asked."""

    name: str
    status: Status
    value: float | None
    threshold: float | None
    message: str
    is_known: bool = True


@dataclass(frozen=True, slots=True)
class KafkaFacts:
    """What Kafka holds of the topic."""

    topic_id: UUID
    ranges: dict[int, KafkaRange]
    newest_record_at: datetime | None


@dataclass(frozen=True, slots=True)
class UnpublishedHours:
    """Ended hours whose summary is missing or behind, and since when the longest of them waits."""

    hour_count: int
    withheld_count: int
    waiting_since: datetime | None


@dataclass(frozen=True, slots=True)
class UnprocessableRecords:
    """Records that were put aside because processing them failed, and where the newest of them lies."""

    record_count: int
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class AlarmWork:
    """When the alarms were last evaluated; since when something waits for a sender, and a message for a taker.

    Up to `progress` all that Kafka held is stored, as far as the evaluator knows: by that it judges silence.
    """

    looked_at: datetime | None
    progress: datetime | None
    waiting_since: datetime | None
    untaken_since: datetime | None


@dataclass(frozen=True, slots=True)
class UnreadRecords:
    """Records that Kafka dropped before they were read, and the newest stretch of them, half-open."""

    record_count: int
    partition: int
    from_offset: int
    to_offset: int


@dataclass(frozen=True, slots=True)
class DatabaseFacts:
    """What the database says, by its own clock, in UTC; `next_offsets` and `moved_at` are of the present topic.

    `serving_since` is when its server started, or when it was set up if that was later. `moved_at` is when one of the
    topic's partitions last moved on. `waiting_since` is when these checks first saw records wait with all partitions
    where they are now.
    """

    now: datetime
    serving_since: datetime
    answer_ms: float
    next_offsets: dict[int, int]
    moved_at: datetime | None
    waiting_since: datetime | None
    newest_reading_at: datetime | None
    recent_records: int
    recent_quarantined: int
    recent_unprocessable: UnprocessableRecords | None
    recent_unread: UnreadRecords | None
    lease: Lease | None
    unpublished: UnpublishedHours
    alarms: AlarmWork


@dataclass(frozen=True, slots=True)
class Disk:
    """A folder that the stack writes to, and the free space of the disk that it lies on."""

    folder: Path
    free_bytes: int


@dataclass(frozen=True, slots=True)
class Facts:
    """All that one look around gave. What could not be looked at is None, with the reason in one line.

    Kafka may have been looked at but for some partitions: then there is a reason as well.
    """

    kafka: KafkaFacts | None
    kafka_problem: str
    database: DatabaseFacts | None
    database_problem: str
    disk: Disk
