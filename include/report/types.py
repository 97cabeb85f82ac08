"""What a report says."""

from dataclasses import asdict, dataclass, field
from typing import Any
from uuid import UUID

from include.hourly.types import HourRow, HourState


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
    """From a Kafka record's creation to the commit, over the newest launch."""

    p50_ms: float
    p95_ms: float
    p99_ms: float


def notes_of(row: HourRow) -> list[str]:
    """Return what there is to say about an hour besides its sums, in words."""
    notes = [f"withheld: {row.reason}"] if row.state == HourState.WITHHELD else []
    if row.held_back:
        notes.append(f"{row.held_back} customer{'s' if row.held_back > 1 else ''} held back")
    if row.accepted_by is not None:
        notes.append(
            f"accepted by {row.accepted_by} on {row.accepted_at:%Y-%m-%d %H:%M}: {row.accepted_reason}"
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
    hours: list[HourRow] = field(default_factory=list)

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
            {"hour": f"{row.hour.isoformat()}Z", "state": row.state, "notes": notes_of(row)}
            for row in self.hours
        ]
        holds = not self.problems
        return {**totals, **asdict(self), "partitions": partitions, "hours": hours, "accounting_holds": holds}
