"""How a letter is addressed when it is sent again. Pure.

The copy carries the bytes of key, value and headers unchanged, plus a header `replayed_from` that names the record it
repeats. A copy that fails again becomes a dead letter with that header, so its history can be followed step by step. If
the copy's Kafka timestamp differs from the original one, a second header, `original_timestamp`, keeps that, and the age
of the reading is judged by it.

The copy's Kafka timestamp decides how its lateness is judged:
- it is the original one, so the record is judged as it would have been had it come after the fix;
- for `future_event_time` it is the time of sending: once its time has come, such a reading is acceptable;
- it is also the time of sending if the topic would refuse or replace the original one, or if that is older than Kafka
  keeps records: Kafka might delete such a copy before the stream reads it.
"""

from datetime import UTC, datetime
from uuid import UUID

from include.broker.topic import TimestampLimits
from include.domain.headers import Headers, from_json
from include.domain.instants import as_utc
from include.domain.original_time import ORIGINAL_TIME_HEADER, original_time_header
from include.domain.reasons import Reason
from include.errors import OptionError
from include.replay.types import Letter, RecordPlace, Selection

TRACE_HEADER = "replayed_from"
_TRACE_NAME = TRACE_HEADER.encode()

_MS_PER_DAY = 86_400_000
# A copy takes a moment to arrive, and clocks differ: what is this close to the topic's limit gets a new timestamp.
_SENDING_MS = 60_000


def choose(*, reasons: list[str], since: str | None, until: str | None, limit: int) -> Selection:
    """Return the selection that an operator asks for; raise OptionError for input that means nothing."""
    unknown = [reason for reason in reasons if reason not in list(Reason)]
    if unknown or not reasons:
        problem = f"no such reason: {', '.join(unknown)}" if unknown else "no reason is chosen"
        raise OptionError(f"{problem}; choose from {', '.join(Reason)}")
    if limit < 1:
        raise OptionError("the limit must be at least 1")
    return Selection(tuple(Reason(reason) for reason in reasons), _instant(since), _instant(until), limit)


def record_time_ms(
    letter: Letter, *, now: datetime, kafka_retention_days: int, limits: TimestampLimits
) -> int | None:
    """Return the copy's timestamp in milliseconds since 1970 UTC, or None for the time of sending."""
    original_ms, now_ms = _original_ms(letter), _in_ms(now)
    if original_ms is None or letter.reason == Reason.FUTURE_EVENT_TIME or limits.is_append_time:
        return None
    behind_ms = min(limits.behind_ms - _SENDING_MS, kafka_retention_days * _MS_PER_DAY)
    if not now_ms - behind_ms <= original_ms <= now_ms + limits.ahead_ms:
        return None
    return original_ms


def copy_headers(letter: Letter, *, is_restamped: bool = False) -> list[tuple[bytes, bytes | None]]:
    """Return the original headers in their order, and the trace in place of an earlier one.

    A copy with a new timestamp also says what the original one was, unless an earlier copy has said so.
    """
    own = from_json(letter.headers or [])
    kept = [header for header in own if header[0] != _TRACE_NAME]
    original_ms = _original_ms(letter)
    if is_restamped and original_ms is not None and ORIGINAL_TIME_HEADER not in dict(own):
        kept.append(original_time_header(original_ms))
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


def _original_ms(letter: Letter) -> int | None:
    return None if letter.kafka_timestamp is None else _in_ms(letter.kafka_timestamp)


def _in_ms(instant: datetime) -> int:
    return round(instant.replace(tzinfo=UTC).timestamp() * 1000)


def _instant(text: str | None) -> datetime | None:
    """Read an ISO 8601 instant; one without a zone is UTC, as everywhere."""
    if not text:
        return None
    try:
        return as_utc(text)
    except ValueError:
        raise OptionError(f"{text!r} is not a date and time such as 2026-01-31T14:00:00Z") from None
