"""Judge one record: the plain rules, field by field, with the reason for each rejection.

The vectorised path in `validation` accepts only what these rules accept; everything else it hands to them. So the
outcome of a record never depends on the records that happened to arrive beside it.
"""

import re
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from include.domain.event_json import NotAnObjectError, parse_object
from include.domain.reasons import EXPLANATIONS, Reason
from include.domain.record_time import END_US, usable_or_none
from include.domain.schema import (
    CUSTOMER_ID,
    EVENT_FIELDS,
    HEART_RATE,
    MAX_HEART_RATE_BPM,
    MIN_HEART_RATE_BPM,
    TIMESTAMP,
)

MICROSECONDS = 1_000_000
SECONDS_PER_DAY = 86_400

UNUSABLE_RECORD_TIME = (
    "the Kafka record's own timestamp is absent or not between 1970 and 9999: lateness cannot be judged"
)

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
# ISO 8601's extended form with hyphens and colons, or its basic form with none of them: the first hyphen decides.
_TIMESTAMP = re.compile(
    r"([0-9]{4})(-)?([0-9]{2})(?(2)-)([0-9]{2})(?(2)[Tt ]|[Tt])"
    r"([0-9]{2})(?(2):)([0-9]{2})(?:(?(2):)([0-9]{2})(?:[.,]([0-9]{1,9}))?)?"
    r"(?:[Zz]|([+-])([0-9]{2})(?::?([0-9]{2}))?)?"
)
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class TimeBounds:
    """How far a reading's event time may lie from its Kafka record's timestamp, and behind readings before it.

    `broker_seconds` is for how long a record may wait in Kafka.
    """

    retention_seconds: int
    max_clock_skew_seconds: int
    broker_seconds: int = 0

    @property
    def farthest_behind_us(self) -> int:
        """How much older a reading may be than one that came before it in its partition, in microseconds.

        As much as honest records can differ: one is as old as may be and has waited for as long as Kafka keeps it, the
        other is as far ahead as may be, by its record and by that record's own time.
        """
        seconds = self.retention_seconds + self.broker_seconds + 2 * self.max_clock_skew_seconds
        return seconds * MICROSECONDS


@dataclass(frozen=True, slots=True)
class Reading:
    """A valid reading; `event_time_us` is in microseconds since 1970 UTC."""

    customer_id: bytes
    heart_rate: int
    event_time_us: int


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a record is not a reading, and whose it is and of when, as far as it says so.

    The detail never repeats the record's content. `event_time_us` is in microseconds since 1970 UTC and lies before
    the year 9999.
    """

    reason: Reason
    detail: str
    customer_id: bytes | None = field(default=None, repr=False)
    event_time_us: int | None = None


class _Rejected(Exception):  # noqa: N818 - control flow inside this module, never an error for a caller
    def __init__(self, reason: Reason, detail: str = "") -> None:
        self.rejection = Rejection(reason, detail or EXPLANATIONS[reason])


def judge_record(value: bytes | None, record_time_us: int | None, bounds: TimeBounds) -> Reading | Rejection:
    """Return the reading in `value`, or why there is none.

    `record_time_us` is the Kafka record's own timestamp in microseconds since 1970 UTC: lateness is judged against
    it and not against the wall clock, so that a record gets the same outcome whenever it is read. None, or a time
    that `record_time` does not call usable, can judge nothing.
    """
    try:
        event = parse_object(value)
    except NotAnObjectError as error:
        return Rejection(Reason.MALFORMED_JSON, str(error))
    try:
        _require_fields(event)
        customer_id = _customer_id(event[CUSTOMER_ID])
        heart_rate = _heart_rate(event[HEART_RATE])
        event_time_us = _event_time_us(event[TIMESTAMP])
        _require_timely(event_time_us, record_time_us, bounds)
    except _Rejected as rejected:
        return _attributed(rejected.rejection, event)
    return Reading(customer_id, heart_rate, event_time_us)


def _require_fields(event: dict[str, Any]) -> None:
    missing = [field for field in EVENT_FIELDS if field not in event]
    if missing:
        raise _Rejected(Reason.MISSING_FIELD, f"absent: {', '.join(missing)}")


def _customer_id(text: Any) -> bytes:
    if not isinstance(text, str) or _UUID.fullmatch(text) is None:
        raise _Rejected(Reason.BAD_CUSTOMER_ID)
    return bytes.fromhex(text.replace("-", ""))


def _heart_rate(number: Any) -> int:
    if not _is_whole(number):
        raise _Rejected(Reason.BAD_HEART_RATE, f"heart_rate is {_json_type(number)}, not an integer")
    if not MIN_HEART_RATE_BPM <= number <= MAX_HEART_RATE_BPM:
        raise _Rejected(Reason.HEART_RATE_OUT_OF_RANGE)
    return int(number)


def _is_whole(number: Any) -> bool:
    """Tell whether JSON would call it an integer: 72, 72.0 and 7.2e1 are one and the same number to it."""
    if isinstance(number, Decimal):
        return number == number.to_integral_value()
    return type(number) is int  # not isinstance: True is an int to Python


def _json_type(value: Any) -> str:
    names = {
        bool: "a boolean",
        str: "a string",
        Decimal: "a number with a fraction",
        float: "NaN or infinite",
        list: "an array",
        dict: "an object",
    }
    return names.get(type(value), "null")


def _event_time_us(text: Any) -> int:
    match = _TIMESTAMP.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise _Rejected(Reason.BAD_TIMESTAMP)
    year, _, month, day, hour, minute, second, fraction, sign, zone_hour, zone_minute = match.groups()
    clock = (int(hour), int(minute), int(second or 0))
    zone = (int(zone_hour or 0), int(zone_minute or 0))
    if clock > (23, 59, 59) or clock[1] > 59 or clock[2] > 59 or zone[0] > 23 or zone[1] > 59:
        raise _Rejected(Reason.BAD_TIMESTAMP, "the time of day or the zone does not exist")
    try:
        days = date(int(year), int(month), int(day)).toordinal() - _EPOCH_ORDINAL
    except ValueError:
        raise _Rejected(Reason.BAD_TIMESTAMP, "the date does not exist") from None
    zone_seconds = (zone[0] * 3600 + zone[1] * 60) * (-1 if sign == "-" else 1)
    seconds = days * SECONDS_PER_DAY + clock[0] * 3600 + clock[1] * 60 + clock[2] - zone_seconds
    return seconds * MICROSECONDS + int((fraction or "0").ljust(6, "0")[:6])


def _attributed(rejection: Rejection, event: dict[str, Any]) -> Rejection:
    """Add whose record it was and of when: its rejection counts for this customer and hour, and for nobody else."""
    customer_id = event_time_us = None
    if CUSTOMER_ID in event:
        with suppress(_Rejected):
            customer_id = _customer_id(event[CUSTOMER_ID])
    if TIMESTAMP in event:
        with suppress(_Rejected):
            event_time_us = usable_or_none(_event_time_us(event[TIMESTAMP]))
    return Rejection(rejection.reason, rejection.detail, customer_id, event_time_us)


def _require_timely(event_time_us: int, record_time_us: int | None, bounds: TimeBounds) -> None:
    if record_time_us is None or not 0 <= record_time_us < END_US:
        raise _Rejected(Reason.BAD_TIMESTAMP, UNUSABLE_RECORD_TIME)
    if event_time_us > record_time_us + bounds.max_clock_skew_seconds * MICROSECONDS:
        raise _Rejected(Reason.FUTURE_EVENT_TIME)
    if event_time_us < record_time_us - bounds.retention_seconds * MICROSECONDS:
        raise _Rejected(Reason.EXPIRED_EVENT_TIME)
