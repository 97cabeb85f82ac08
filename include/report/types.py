"""What a report says."""

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class PartitionAccount:
    """The ledger of one partition; all numbers are records or offsets."""

    topic: str
    topic_id: UUID
    partition: int
    start_offset: int
    next_offset: int
    accepted: int
    duplicates: int
    quarantined: int
    gap: int
    rewound: int
    covered: int

    @property
    def records(self) -> int:
        """Records that have an outcome."""
        return self.accepted + self.duplicates + self.quarantined

    @property
    def empty_offsets(self) -> int:
        """Offsets that held no record, such as a transaction's markers."""
        return self.covered - self.records


@dataclass(frozen=True, slots=True)
class LatencySummary:
    """From a Kafka record's create time to the commit, over the newest launch."""

    p50_ms: float
    p95_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True)
class HourLine:
    """How an hour stands, whom it leaves out, and who has accepted it though it failed. Instants are UTC."""

    hour: datetime
    state: str
    reason: str | None
    readings: int
    unsettled_readings: int
    revision: int
    held_back: int
    accepted_by: str | None
    accepted_at: datetime | None
    accepted_reason: str | None

    @property
    def needs_a_look(self) -> bool:
        """Tell whether there is more to say of the hour than its sums."""
        return self.state == "withheld" or self.held_back > 0 or self.accepted_by is not None

    @property
    def notes(self) -> list[str]:
        """What there is to say, in words."""
        notes = [f"withheld: {self.reason}"] if self.state == "withheld" else []
        if self.held_back:
            notes.append(f"{self.held_back} customer{'s' if self.held_back > 1 else ''} held back")
        if self.accepted_by is not None:
            notes.append(
                f"accepted by {self.accepted_by} on {self.accepted_at:%Y-%m-%d %H:%M}: {self.accepted_reason}"
            )
        return notes


@dataclass(frozen=True, slots=True)
class Report:
    """The state of everything at one instant."""

    partitions: list[PartitionAccount]
    lag: dict[int, int] | None
    by_reason: dict[str, int]
    by_risk: dict[str, int]
    records_per_second: float | None
    latency: LatencySummary | None
    problems: list[str]
    hours: list[HourLine] = field(default_factory=list)

    @property
    def accepted(self) -> int:
        """Readings stored."""
        return sum(account.accepted for account in self.partitions)

    @property
    def duplicates(self) -> int:
        """Records that repeated a stored reading."""
        return sum(account.duplicates for account in self.partitions)

    @property
    def quarantined(self) -> int:
        """Records kept as dead letters."""
        return sum(account.quarantined for account in self.partitions)

    @property
    def records(self) -> int:
        """Records that have an outcome."""
        return self.accepted + self.duplicates + self.quarantined

    def as_dict(self) -> dict[str, Any]:
        """Return the report for programs."""
        totals = {name: getattr(self, name) for name in ("records", "accepted", "duplicates", "quarantined")}
        partitions = [
            {**asdict(account), "topic_id": str(account.topic_id), "empty_offsets": account.empty_offsets}
            for account in self.partitions
        ]
        hours = [
            {"hour": f"{line.hour.isoformat()}Z", "state": line.state, "notes": line.notes}
            for line in self.hours
        ]
        holds = not self.problems
        return {**totals, **asdict(self), "partitions": partitions, "hours": hours, "accounting_holds": holds}
