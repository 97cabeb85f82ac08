"""Instants as milliseconds since 1970 UTC, durations as seconds, and the texts for both."""

import math
import re
import time
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from include.errors import OptionError

NS_PER_MS = 1_000_000
MS_PER_SECOND = 1000
US_PER_SECOND = 1_000_000
SECONDS_PER_HOUR = 3600
SECONDS_PER_DAY = 86_400
MS_PER_HOUR = SECONDS_PER_HOUR * MS_PER_SECOND
MS_PER_DAY = SECONDS_PER_DAY * MS_PER_SECOND

_UNIT_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": float(SECONDS_PER_DAY)}
_DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# The instants that can be written with four digits of the year.
FIRST_US = (datetime.min.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND
LAST_US = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND
_LONGEST_DURATION_SECONDS = 100 * 365.25 * SECONDS_PER_DAY
_SHORTEST_DURATION_SECONDS = 0.001
_SHOWN_LETTERS = 60


def now_ms() -> int:
    """Return the present."""
    return time.time_ns() // NS_PER_MS


def parse_duration(text: str) -> float:
    """Return the seconds of a duration such as 90, 30s, 5m, 1h30m or 2d; raise OptionError for others."""
    text = text.strip().lower()
    seconds = _plain_seconds(text)
    if seconds is None:
        parts = _DURATION_PART.findall(text)
        if not parts or "".join(number + unit for number, unit in parts) != text:
            raise OptionError(f"not a duration: {_shown(text)}; write for example 30s, 5m, 1h or 1h30m")
        seconds = sum(float(number) * _UNIT_SECONDS[unit] for number, unit in parts)
    if seconds <= 0:
        raise OptionError(f"a duration must be longer than nothing, not {_shown(text)}")
    check_duration(seconds)
    return seconds


def check_duration(seconds: float | None) -> None:
    """Raise OptionError for a duration that the clock cannot measure."""
    if seconds is not None and not _SHORTEST_DURATION_SECONDS <= seconds <= _LONGEST_DURATION_SECONDS:
        raise OptionError("a duration must lie between a millisecond and 100 years")


def parse_instant(text: str) -> int:
    """Return the milliseconds of an ISO 8601 instant, UTC if without a zone; raise OptionError for others."""
    us = instant_us(text)
    if us is None:
        raise OptionError(f"not an instant: {_shown(text)}; write for example 2026-11-23T08:00:00Z")
    return us // MS_PER_SECOND


def instant_us(text: str) -> int | None:
    """Return the microseconds of an ISO 8601 instant, UTC if it names no zone; None for any other text."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // _MICROSECOND


def format_ms(instant_ms: int) -> bytes:
    """Return an instant as 2026-11-23T08:00:00.123Z."""
    seconds, ms = divmod(instant_ms, MS_PER_SECOND)
    return b"%b.%03dZ" % (_whole_second(seconds), ms)


def format_us(instant_us: int) -> bytes:
    """Return an instant to the millisecond, or to the microsecond where it is that fine."""
    if instant_us % MS_PER_SECOND == 0:
        return format_ms(instant_us // MS_PER_SECOND)
    seconds, us = divmod(instant_us, US_PER_SECOND)
    return b"%b.%06dZ" % (_whole_second(seconds), us)


# Readings come nearly in the order of time, so that few seconds are ever asked for twice at a distance.
@lru_cache(maxsize=4096)
def _whole_second(seconds: int) -> bytes:
    return (_EPOCH + timedelta(seconds=seconds)).replace(tzinfo=None).isoformat().encode()


def _shown(text: str) -> str:
    return repr(text if len(text) <= _SHOWN_LETTERS else f"{text[:_SHOWN_LETTERS]}…")


def _plain_seconds(text: str) -> float | None:
    try:
        seconds = float(text)
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) else None
