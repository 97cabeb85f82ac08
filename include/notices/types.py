"""What can change."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Change:
    """How a subject stands; it is a change only where it stood otherwise before.

    The message holds no customer id or payload: whoever is told is outside. `is_told` is for what was told already,
    under that key.
    """

    subject: str
    is_failing: bool
    message: str
    link: str | None = None
    key: UUID | None = None
    is_told: bool = False


@dataclass(frozen=True, slots=True)
class HeldBack:
    """How many customers are held back in an hour, and by which rules."""

    hour: datetime
    customers: int
    rules: str
