"""Values that the ingest room hands around."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from include.domain.judge import TimeBounds
from include.domain.risk import RiskPolicy


@dataclass(frozen=True, slots=True)
class Launch:
    """One launch of the stream: what every task of it shares. Holds no secret: it travels to the executors."""

    topic: str
    topic_id: UUID
    epoch: int
    policy: RiskPolicy
    bounds: TimeBounds


@dataclass(frozen=True, slots=True)
class Latency:
    """From a Kafka record's create time to the commit, over the records of one commit.

    The counts stand for the buckets from `first_bucket` on; see `latency.bucket_edges_ms`.
    """

    p50_ms: float
    p99_ms: float
    first_bucket: int
    counts: list[int]


@dataclass(frozen=True, slots=True)
class Commit:
    """What became of the offsets [from_offset, to_offset) of one partition."""

    partition: int
    from_offset: int
    to_offset: int
    accepted: int
    duplicates: int
    quarantined: int

    @property
    def records(self) -> int:
        """How many Kafka records that were; fewer than offsets where a transaction left markers."""
        return self.accepted + self.duplicates + self.quarantined


@dataclass(frozen=True, slots=True)
class Lease:
    """The row of the stream's lease; instants are UTC. While `fenced_at` is set, nobody may commit."""

    epoch: int
    holder: str
    started_at: datetime
    renewed_at: datetime
    stop_requested: bool
    fenced_at: datetime | None = None
