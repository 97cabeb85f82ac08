"""Values of the stream room."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic import TypeAdapter

from include.domain.judge import SECONDS_PER_DAY, TimeBounds
from include.domain.risk import RiskPolicy
from include.settings import Settings


def bounds_of(settings: Settings) -> TimeBounds:
    """Return the bounds for a reading's time according to the settings."""
    return TimeBounds(
        settings.retention_days.readings * SECONDS_PER_DAY,
        settings.judging.max_clock_skew_seconds,
        settings.retention_days.kafka * SECONDS_PER_DAY,
    )


@dataclass(frozen=True, slots=True)
class Launch:
    """One launch of the stream: what all its tasks share. It holds no secret, since it travels to the executors.

    `feeds_alarms` is false only where the bench measures what the alarms cost: what is stored then is unknown to them.
    """

    topic: str
    topic_id: UUID
    epoch: int
    policy: RiskPolicy
    bounds: TimeBounds
    feeds_alarms: bool = True

    def to_json(self) -> str:
        """Return the launch as text, to travel in an option of Spark's."""
        return TypeAdapter(Launch).dump_json(self).decode()

    @classmethod
    def from_json(cls, text: str) -> "Launch":
        """Read what `to_json` wrote."""
        return TypeAdapter(Launch).validate_json(text)


@dataclass(frozen=True, slots=True)
class Share:
    """A task's part of a turn: the partitions whose number modulo `count` is `index`.

    With `ends` (offset by partition, exclusive) the task is done once it has reached them.
    """

    turn: int
    index: int
    count: int
    ends: dict[int, int] | None = None

    def holds(self, partition: int) -> bool:
        """Tell whether a partition is this task's."""
        if self.ends is not None and partition not in self.ends:
            return False
        return partition % self.count == self.index


@dataclass(frozen=True, slots=True)
class Sign:
    """What a task sees of its launch: the newest epoch, the current turn, and whether to stop."""

    epoch: int
    turn: int
    stop_requested: bool


@dataclass(frozen=True, slots=True)
class Lease:
    """The row of the stream's lease; instants are UTC. While `fenced_at` is set, nobody may commit."""

    epoch: int
    holder: str
    started_at: datetime
    renewed_at: datetime
    stop_requested: bool
    fenced_at: datetime | None = None
