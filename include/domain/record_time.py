"""When a Kafka record says that it was made, as far as that is a time that can be used. Pure.

Usable are the times from 1970 up to the year 9999, which does not count itself: Python's and PostgreSQL's times both
hold them, and a year is left for what is reckoned from them. Everything else is no time at all: a record without a
timestamp, and one whose producer took micro- or nanoseconds for milliseconds.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

# What stands for a record time that cannot be used; a usable one is never negative.
NO_TIME = -1

_US_PER_MS = 1000
_US_PER_SECOND = 1_000_000
_END_MS = int(datetime(9999, 1, 1, tzinfo=UTC).timestamp()) * 1000

END_US = _END_MS * _US_PER_MS


def usable_or_none(time_us: int) -> int | None:
    """Return a time in microseconds since 1970 UTC, or None if it cannot be used."""
    return time_us if 0 <= time_us < END_US else None


def as_instant(time_us: int) -> datetime | None:
    """Return a time in microseconds since 1970 UTC as UTC without a zone; None for NO_TIME."""
    if time_us == NO_TIME:
        return None
    return datetime.fromtimestamp(time_us / _US_PER_SECOND, UTC).replace(tzinfo=None)


def record_times_us(timestamps_ms: Sequence[int] | npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return records' timestamps in microseconds since 1970 UTC, NO_TIME for each that cannot be used."""
    times_ms = np.asarray(timestamps_ms, dtype=np.int64)
    is_usable = (times_ms >= 0) & (times_ms < _END_MS)
    # What is not usable is never reckoned with: at the edges of 64 bits it would wrap around.
    return np.where(is_usable, np.where(is_usable, times_ms, 0) * _US_PER_MS, NO_TIME)
