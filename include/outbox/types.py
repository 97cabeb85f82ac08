"""What waits to be told, and what is sent."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Told:
    """A transition that waits to be told, with the alarm as the transition left it; a reminder has no `outbox_id`.

    `channels` are those that were told of the alarm; of a reminder's an entry for each time.
    """

    outbox_id: int | None
    key: UUID
    kind: str
    recorded_at: datetime
    onset: datetime
    opened: datetime
    cleared: datetime | None
    alarm_id: int
    customer_id: UUID
    rule: str
    severity: str
    peak_bpm: int | None
    is_snoozed: bool
    is_past_silence: bool
    channels: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Noticed:
    """A notice about the product itself that waits to be told; `number` rises from one to the next."""

    outbox_id: int | None
    key: UUID
    number: int | None
    subject: str
    is_failing: bool
    message: str
    link: str | None
    noted_at: datetime


@dataclass(frozen=True, slots=True)
class Message:
    """What one channel is sent; `key` is the same each time it is tried."""

    key: UUID
    channel: int
    body: dict[str, Any]
    alarm_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What to send, and which rows of the outbox are thereby done with; the others wait."""

    messages: list[Message]
    done: list[int]


@dataclass(frozen=True, slots=True)
class Due:
    """A message that is to be sent now."""

    id: int
    key: UUID
    channel: int
    body: dict[str, Any]
    tries: int
