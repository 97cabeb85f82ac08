"""The Kafka timestamp that a record had before it was sent again with another one. Pure.

A topic may refuse an old timestamp, or put its own in the place of any. A copy then carries the original one in a
header, and how old its reading may be is judged by that; how far ahead, by the copy's own.
"""

from include.domain.headers import Headers
from include.domain.record_time import NO_TIME, record_times_us

ORIGINAL_TIME_HEADER = b"original_timestamp"

# No time that can be used has more digits.
_MOST_DIGITS = 15


def original_time_header(time_ms: int) -> tuple[bytes, bytes]:
    """Return the header for a timestamp in milliseconds since 1970 UTC."""
    return ORIGINAL_TIME_HEADER, b"%d" % time_ms


def original_time_us(headers: Headers) -> int | None:
    """Return the original timestamp in microseconds since 1970 UTC; anyone may send one, so nonsense is None."""
    text = dict(headers).get(ORIGINAL_TIME_HEADER) or b""
    if not text.isdigit() or len(text) > _MOST_DIGITS:
        return None
    time_us = int(record_times_us([int(text)])[0])
    return None if time_us == NO_TIME else time_us
