"""What can change, and what is told of it."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Change:
    """How a subject stands; it is a change only where it stood otherwise before.

    The message holds no customer id or payload: whoever is told is outside. `is_sent` is for what was told already.
    """

    subject: str
    is_failing: bool
    message: str
    link: str | None = None
    is_sent: bool = False


@dataclass(frozen=True, slots=True)
class Notice:
    """A change as it is told; `number` tells a listener what it has heard already, None where none could be given."""

    number: int | None
    subject: str
    is_failing: bool
    message: str
    link: str | None
    noted_at: datetime


@dataclass(frozen=True, slots=True)
class HeldBack:
    """How many customers are held back in an hour, and by which rules."""

    hour: datetime
    customers: int
    rules: str
