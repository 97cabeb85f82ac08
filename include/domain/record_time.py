"""When a Kafka record says that it was made, as far as that is a time that can be used. Pure.

Usable are the times from 1970 up to the year 9999, which does not count itself: Python's and PostgreSQL's times both
hold them, and a year is left for what is reckoned from them. Everything else is no time at all: a record without a
timestamp, and one whose producer took micro- or nanoseconds for milliseconds.
"""

from datetime import UTC, datetime

_US_PER_MS = 1000
_END_MS = int(datetime(9999, 1, 1, tzinfo=UTC).timestamp()) * 1000

END_US = _END_MS * _US_PER_MS


def record_time_us(timestamp_ms: int | None) -> int | None:
    """Return a record's timestamp in microseconds since 1970 UTC, or None where it has no usable one."""
    if timestamp_ms is None or not 0 <= timestamp_ms < _END_MS:
        return None
    return timestamp_ms * _US_PER_MS
