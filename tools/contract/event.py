"""The event as JSON Schema, and what the stream asks of a record besides."""

from dataclasses import dataclass
from typing import Any

from include.domain.event_json import MAX_NESTING
from include.domain.judge import UNUSABLE_RECORD_TIME
from include.domain.reasons import EXPLANATIONS, Reason
from include.domain.schema import (
    CUSTOMER_ID,
    EVENT_FIELDS,
    HEART_RATE,
    MAX_HEART_RATE_BPM,
    MIN_HEART_RATE_BPM,
    TIMESTAMP,
)
from tools.contract.patterns import BASIC_INSTANT, EXTENDED_INSTANT, UUID

EXAMPLE = {
    CUSTOMER_ID: "550e8400-e29b-41d4-a716-446655440000",
    HEART_RATE: 72,
    TIMESTAMP: "2026-11-26T00:15:00.250Z",
}
# Some dialects let $ match before a line break that ends the text.
_ONE_LINE = {"not": {"pattern": "\\n"}}


@dataclass(frozen=True, slots=True)
class Beyond:
    """A rule of the stream that JSON Schema cannot say, and the reason that a record is rejected with."""

    name: str
    reason: Reason
    meaning: str


BEYOND_THE_SCHEMA = (
    Beyond(
        "unreadable",
        Reason.MALFORMED_JSON,
        "the value is null or empty, is not UTF-8, or is not one JSON text (spaces around it are allowed, a "
        "byte-order mark is not)",
    ),
    Beyond(
        "nested_too_deep",
        Reason.MALFORMED_JSON,
        f"objects and arrays are nested more than {MAX_NESTING} levels deep",
    ),
    Beyond(
        "field_given_twice",
        Reason.MALFORMED_JSON,
        f"{', '.join(EVENT_FIELDS[:-1])} or {EVENT_FIELDS[-1]} is given more than once",
    ),
    Beyond("no_record_time", Reason.BAD_TIMESTAMP, UNUSABLE_RECORD_TIME),
    Beyond(
        "future",
        Reason.FUTURE_EVENT_TIME,
        f"{EXPLANATIONS[Reason.FUTURE_EVENT_TIME]}, or is of a day that the database does not take yet",
    ),
    Beyond(
        "expired",
        Reason.EXPIRED_EVENT_TIME,
        f"{EXPLANATIONS[Reason.EXPIRED_EVENT_TIME]}, or is of a day that the database no longer takes, or is far "
        "older than readings before it in its partition",
    ),
    Beyond("conflicting", Reason.CONFLICTING_READING, EXPLANATIONS[Reason.CONFLICTING_READING]),
    Beyond("unprocessable", Reason.UNPROCESSABLE, EXPLANATIONS[Reason.UNPROCESSABLE]),
)


def event_schema() -> dict[str, Any]:
    """Return the schema of an event, in keywords that mean the same from draft 7 of JSON Schema on."""
    return {
        "title": "Heartbeat",
        "description": "One heart rate of one customer at one instant. Other fields are allowed and ignored.",
        "type": "object",
        "required": list(EVENT_FIELDS),
        "properties": {CUSTOMER_ID: _customer_id(), HEART_RATE: _heart_rate(), TIMESTAMP: _timestamp()},
        "examples": [dict(EXAMPLE)],
    }


def _customer_id() -> dict[str, Any]:
    return {
        "description": "Whose heart rate it is: a UUID in its 36 characters, in capitals or not.",
        "type": "string",
        "pattern": UUID,
        **_ONE_LINE,
    }


def _heart_rate() -> dict[str, Any]:
    return {
        "description": "Beats per minute: a whole number, however JSON writes it (72, 72.0, 7.2e1).",
        "type": "integer",
        "minimum": MIN_HEART_RATE_BPM,
        "maximum": MAX_HEART_RATE_BPM,
    }


def _timestamp() -> dict[str, Any]:
    return {
        "description": "When it was measured: an ISO 8601 date and time to the minute or finer, in the extended form "
        "or the basic one. Without a zone it is UTC. It is kept to the microsecond; further digits are cut off.",
        "type": "string",
        "anyOf": [{"pattern": EXTENDED_INSTANT}, {"pattern": BASIC_INSTANT}],
        **_ONE_LINE,
    }
