"""What is chosen, sent and reported."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from include.domain.reasons import Reason


class RecordPlace(NamedTuple):
    """The place of a record in Kafka."""

    topic_id: UUID
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class Selection:
    """Which dead letters: oldest first, recorded in [since, until) (UTC; None is open), at most `limit`."""

    reasons: tuple[Reason, ...]
    since: datetime | None
    until: datetime | None
    limit: int


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter as it came; `headers` as stored, see `domain.headers`.

    Without `payload_kept` the value, and maybe more, is missing, and the letter cannot be sent again.
    """

    place: RecordPlace
    id: int
    recorded_at: datetime
    reason: str
    key: bytes | None
    value: bytes | None
    headers: list[dict[str, str | None]] | None
    kafka_timestamp: datetime | None
    payload_kept: bool = True


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of one letter: the place of its copy, or None if it was refused."""

    letter: Letter
    copy: RecordPlace | None


@dataclass(frozen=True, slots=True)
class BrokenRun:
    """A run that broke off between claim and mark, and where the partitions ended before that claim."""

    run_id: int
    topic_id: UUID
    claim_offsets: dict[int, int]


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """What a run did, by reason. A dry run has no id and only says what it would send."""

    run_id: int | None
    chosen: Mapping[str, int]
    sent: Mapping[str, int]
    refused: Mapping[str, int]
    found_sent: int
