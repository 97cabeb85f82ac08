"""A record on its way to Kafka, with what is known about it."""

from typing import NamedTuple

from include.domain.reasons import Reason
from producer.instants import format_ms


class SharedInstant:
    """One customer's instant that several records claim: remembers what was stored there first."""

    __slots__ = ("stored_bpm",)

    def __init__(self) -> None:
        self.stored_bpm: int | None = None


class Event(NamedTuple):
    """A record to be sent at `due_ms`, and the reading that its value was made from.

    `defect` is the reason for which the value alone condemns it; `instant` is set where other records have
    the same customer and event time.
    """

    due_ms: int
    key: bytes | None
    value: bytes | None
    event_time_ms: int = 0
    heart_rate_bpm: int = 0
    fault: str | None = None
    defect: Reason | None = None
    instant: SharedInstant | None = None


def event_json(customer_id: bytes, heart_rate_bpm: int, event_time_ms: int) -> bytes:
    """Return the compact JSON of a reading."""
    return b'{"customer_id":"%b","heart_rate":%d,"timestamp":"%b"}' % (
        customer_id,
        heart_rate_bpm,
        format_ms(event_time_ms),
    )
