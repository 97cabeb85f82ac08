"""Counts of what was sent and what became of it: the running ones of a process, and the summary of a run."""

from collections import Counter
from dataclasses import asdict, dataclass, field, fields
from typing import Any

GENUINE = "none"


@dataclass(slots=True)
class Tally:
    """Running counts; `by_fault`, `by_outcome` and `by_reason` count acknowledged records, `by_failure` failed ones."""

    sent: int = 0
    acknowledged: int = 0
    failed: int = 0
    silenced: int = 0
    by_fault: Counter[str] = field(default_factory=Counter)
    by_outcome: Counter[str] = field(default_factory=Counter)
    by_reason: Counter[str] = field(default_factory=Counter)
    by_failure: Counter[str] = field(default_factory=Counter)

    def plus(self, other: "Tally") -> "Tally":
        """Return the sum of two tallies."""
        return Tally(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(self)))


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run did. `expected_*` are the ground truth, empty for a recording, of which none is known.

    `by_failure` says in words why records failed, and how many of them for that.
    """

    topic: str
    sent: int
    acknowledged: int
    failed: int
    silenced: int
    by_fault: dict[str, int]
    expected_outcomes: dict[str, int]
    expected_reasons: dict[str, int]
    by_failure: dict[str, int]
    seconds: float
    records_per_second: float
    interrupted: bool
    seed: int | None = None
    start: str | None = None
    shift_seconds: float | None = None
    ledger: str | None = None

    @property
    def failure(self) -> str | None:
        """Return why not everything that was sent is stored, by the most frequent cause; None where it is."""
        if self.failed == 0 and self.acknowledged == self.sent:
            return None
        return max(
            self.by_failure, key=self.by_failure.__getitem__, default="the broker has not confirmed them"
        )

    @property
    def exit_code(self) -> int:
        """Return 0 where everything that was sent is stored, else 1."""
        return 0 if self.failure is None else 1

    def as_dict(self) -> dict[str, Any]:
        """Return the summary for JSON."""
        return asdict(self)
