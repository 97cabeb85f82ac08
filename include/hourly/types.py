"""Values of the hourly room. Instants are UTC without a zone, as the columns are."""

from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from include.quality.types import HourVerdict


class HourState(StrEnum):
    """How an hour stands."""

    OPEN = "open"
    PUBLISHED = "published"
    WITHHELD = "withheld"
    REOPENED = "reopened"


@dataclass(frozen=True, slots=True)
class HourStatus:
    """A row of hour_status, with the number of customers held back."""

    hour: datetime
    state: str
    reason: str | None
    readings: int
    revision: int
    run_id: int | None
    held_back: int = 0


@dataclass(frozen=True, slots=True)
class HourRow:
    """An hour's state, what its last checks found, how many it leaves out, and who accepted it despite a failure."""

    hour: datetime
    state: str
    reason: str | None
    readings: int
    unsettled_readings: int
    revision: int
    settled_at: datetime | None
    checks: int | None
    failed_checks: int | None
    warnings: int | None
    held_back: int
    accepted_by: str | None
    accepted_at: datetime | None
    accepted_reason: str | None
    docs_page: str | None
    workflow_run: str | None


@dataclass(frozen=True, slots=True)
class HeldBackCustomer:
    """A customer whose readings of an hour are in none of the sums, and why."""

    hour: datetime
    customer_id: UUID
    readings: int
    rejected: int
    detail: str


@dataclass(frozen=True, slots=True)
class DueHour:
    """An hour to be settled, and roughly how many readings it holds."""

    hour: datetime
    readings: int


@dataclass(frozen=True, slots=True)
class PolicySpan:
    """A risk policy's version and the span (since, until] in which readings were classified by it."""

    version: str
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of one hour; `is_new_revision` tells whether its published rows change."""

    verdict: HourVerdict
    is_new_revision: bool
    was_withheld: bool

    @property
    def hour(self) -> datetime:
        """The hour's beginning."""
        return self.verdict.facts.hour

    @property
    def state(self) -> HourState:
        """Published, unless a critical failure withholds it."""
        return HourState.WITHHELD if self.verdict.reason else HourState.PUBLISHED


@dataclass(frozen=True, slots=True)
class Settlement:
    """The result of settling some hours, and the check runs behind it."""

    decisions: tuple[Decision, ...] = ()
    run_ids: tuple[int, ...] = ()
    docs_pages: tuple[str, ...] = ()
    dropped_hours: tuple[datetime, ...] = ()

    def __add__(self, other: "Settlement") -> "Settlement":
        return Settlement(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(self)))

    @property
    def withheld(self) -> list[Decision]:
        """The hours that may not be published."""
        return [decision for decision in self.decisions if decision.state is HourState.WITHHELD]

    @property
    def newly_withheld(self) -> list[Decision]:
        """The withheld hours that were not withheld before."""
        return [decision for decision in self.withheld if not decision.was_withheld]

    @property
    def revised(self) -> list[Decision]:
        """The hours whose published rows change."""
        return [decision for decision in self.decisions if decision.is_new_revision]

    def counts(self) -> dict[str, object]:
        """Return counts and links for a log line or an XCom."""
        return {
            "hours": len(self.decisions),
            "published": len(self.decisions) - len(self.withheld),
            "revised": len(self.revised),
            "withheld": len(self.withheld),
            "held_back": sum(decision.verdict.facts.held_back for decision in self.decisions),
            "warnings": sum(len(decision.verdict.warnings) for decision in self.decisions),
            "readings": sum(decision.verdict.facts.readings for decision in self.decisions),
            "quality_runs": list(self.run_ids),
            "data_docs": list(self.docs_pages),
        }
