"""Values that the summaries room hands around. Instants are UTC without a zone, as the columns are."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class HourState(StrEnum):
    """How an hour stands."""

    OPEN = "open"
    PUBLISHED = "published"
    WITHHELD = "withheld"
    REOPENED = "reopened"


@dataclass(frozen=True, slots=True)
class HourStatus:
    """A row of hour_status, and how many customers are held back."""

    hour: datetime
    state: HourState
    reason: str | None
    readings: int
    revision: int
    run_id: int | None
    held_back: int = 0


@dataclass(frozen=True, slots=True)
class DueHour:
    """An hour that is to be settled, and about how many readings it holds."""

    hour: datetime
    readings: int


@dataclass(frozen=True, slots=True)
class PolicySpan:
    """A risk policy's version and the time (since, until] in which readings were stored by it."""

    version: str
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of one hour; `is_new_revision` tells whether other rows than before are published.

    `accepted` are failures that would withhold it if no person had accepted them.
    """

    hour: datetime
    state: HourState
    reason: str | None
    readings: int
    ledger_readings: int
    mean_bpm: float | None
    is_new_revision: bool
    warnings: tuple[str, ...]
    was_withheld: bool
    held_back: int = 0
    accepted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Settlement:
    """What settling some hours came to, and the runs of the checks that it took."""

    decisions: tuple[Decision, ...] = ()
    run_ids: tuple[int, ...] = ()
    docs_pages: tuple[str, ...] = ()
    dropped_hours: tuple[datetime, ...] = field(default=())

    def __add__(self, other: "Settlement") -> "Settlement":
        return Settlement(
            self.decisions + other.decisions,
            self.run_ids + other.run_ids,
            self.docs_pages + other.docs_pages,
            self.dropped_hours + other.dropped_hours,
        )

    @property
    def withheld(self) -> list[Decision]:
        """The hours that are not fit to be published."""
        return [decision for decision in self.decisions if decision.state is HourState.WITHHELD]

    @property
    def newly_withheld(self) -> list[Decision]:
        """Those of them that were not withheld before."""
        return [decision for decision in self.withheld if not decision.was_withheld]

    @property
    def revised(self) -> list[Decision]:
        """The hours of which other rows are published than before."""
        return [decision for decision in self.decisions if decision.is_new_revision]

    def counts(self) -> dict[str, object]:
        """Return figures and links for a log or an XCom."""
        return {
            "hours": len(self.decisions),
            "published": len(self.decisions) - len(self.withheld),
            "revised": len(self.revised),
            "withheld": len(self.withheld),
            "held_back": sum(decision.held_back for decision in self.decisions),
            "warnings": sum(len(decision.warnings) for decision in self.decisions),
            "readings": sum(decision.readings for decision in self.decisions),
            "quality_runs": list(self.run_ids),
            "data_docs": list(self.docs_pages),
        }
