"""What retention did with each expired day."""

from dataclasses import dataclass, field
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class Day:
    """One day's partition of a table."""

    parent: str
    day: date

    def __str__(self) -> str:
        return f"{self.parent} {self.day}"


@dataclass(slots=True)
class RetentionReport:
    """Expired days: those dropped, with their rows; those kept, with the hours in the way; those blocked."""

    dropped: dict[Day, int] = field(default_factory=dict)
    kept: dict[Day, list[datetime]] = field(default_factory=dict)
    blocked: list[Day] = field(default_factory=list)
