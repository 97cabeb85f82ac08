"""How a letter is addressed when it is sent again. Pure decisions.

The copy carries the bytes of key, value and headers unchanged, and one header more, `replayed_from`, that
names the record that it repeats. A copy that fails again is a dead letter with that header, so the way back
can be followed step by step.

The copy's Kafka timestamp decides how its lateness is judged:
- it is the original one, so that the record is judged as it would have been, had it come after the fix;
- for `future_event_time` it is the time of sending: once its time has come, such a reading is acceptable;
- it is also the time of sending where the original is older than Kafka keeps records: Kafka might age such a
  copy out before the stream reads it, and retention may have dropped its day.
"""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from include.domain.headers import Headers, from_json
from include.domain.reasons import Reason
from include.errors import OptionError
from include.replay.types import Letter, RecordPlace, Selection

TRACE_HEADER = "replayed_from"
_TRACE_NAME = TRACE_HEADER.encode()


def choose(*, reasons: list[str], since: str | None, until: str | None, limit: int) -> Selection:
    """Return the selection that an operator's words name; raise OptionError for words that name nothing."""
    unknown = [reason for reason in reasons if reason not in list(Reason)]
    if unknown or not reasons:
        problem = f"no such reason: {', '.join(unknown)}" if unknown else "no reason is chosen"
        raise OptionError(f"{problem}; choose from {', '.join(Reason)}")
    if limit < 1:
        raise OptionError("the limit must be at least 1")
    return Selection(tuple(Reason(reason) for reason in reasons), _instant(since), _instant(until), limit)


def record_time_ms(letter: Letter, *, now: datetime, kafka_retention_days: int) -> int | None:
    """Return the copy's timestamp in milliseconds since 1970 UTC, or None for the time of sending."""
    original = letter.kafka_timestamp
    if original is None or letter.reason == Reason.FUTURE_EVENT_TIME:
        return None
    if original < now - timedelta(days=kafka_retention_days):
        return None
    return round(original.replace(tzinfo=UTC).timestamp() * 1000)


def copy_headers(letter: Letter) -> list[tuple[bytes, bytes | None]]:
    """Return the original headers in their order, and the trace in place of an earlier one."""
    kept = [header for header in from_json(letter.headers or []) if header[0] != _TRACE_NAME]
    return [*kept, (_TRACE_NAME, format_place(letter.place))]


def traced_place(headers: Headers) -> RecordPlace | None:
    """Return the place of the record that a copy's headers name; None if they name none."""
    return parse_place(dict(headers).get(_TRACE_NAME))


def format_place(place: RecordPlace) -> bytes:
    """Return the trace header's value: topic id, partition and offset."""
    return f"{place.topic_id}/{place.partition}/{place.offset}".encode()


def parse_place(value: bytes | None) -> RecordPlace | None:
    """Read a trace header's value; anyone may send one, so nonsense is None."""
    try:
        topic_id, partition, offset = (value or b"").decode("ascii").split("/")
        return RecordPlace(UUID(topic_id), int(partition), int(offset))
    except ValueError:
        return None


def _instant(text: str | None) -> datetime | None:
    """Read an ISO 8601 instant; one without a zone is UTC, as everywhere."""
    if not text:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise OptionError(f"{text!r} is not a date and time such as 2026-01-31T14:00:00Z") from None
    return instant.astimezone(UTC).replace(tzinfo=None) if instant.tzinfo else instant
