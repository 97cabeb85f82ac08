"""What can change, and what is reported about it."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Change:
    """The state of a subject; it is a change only if the state before was another.

    The message holds no customer id or payload, since it goes outside. `is_sent` marks what was reported already.
    """

    subject: str
    is_failing: bool
    message: str
    link: str | None = None
    is_sent: bool = False


@dataclass(frozen=True, slots=True)
class Notice:
    """A change as it is reported; by `number` a listener recognises repeats, None if none could be assigned."""

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
