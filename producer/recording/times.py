"""The forms in which exports write an instant, beside ISO 8601.

Each form that can be read in one way only is always read. A date such as 4/12/2016 needs to be told which number is the
day, and a time without a date what it counts from. Whatever names no zone is UTC, as everywhere in this product.
"""

import re
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum

import pyarrow as pa
import pyarrow.compute as pc

from producer.instants import FIRST_US, LAST_US, US_PER_SECOND, instant_us

_SHORTEST_ISO = len("2026-01-01T00:00")
_SHORTEST, _LONGEST = len("0:00"), 64
_TWO_DIGIT_YEARS_FROM = 2000
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

_CLOCK = (
    r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?"
    r"(?:\s?(?P<half>[ap])\.?m\.?)?(?:\s?(?P<zone>z|utc|gmt|[+-]\d{2}(?::?\d{2})?))?"
)
# What everybody reads in the same way. Arrow alone would take a bare date for midnight.
_PLAIN_ISO = r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})?$"
_PLAIN_ISO_TEXT = re.compile(_PLAIN_ISO)
_GAP = r"(?:,?\s+|t)"
_FLAGS = re.IGNORECASE | re.ASCII
_YEAR_FIRST = re.compile(
    rf"(?P<year>\d{{4}})([-/.])(?P<month>\d{{1,2}})\2(?P<day>\d{{1,2}}){_GAP}{_CLOCK}", _FLAGS
)
_YEAR_LAST = re.compile(
    rf"(?P<one>\d{{1,2}})(?P<mark>[-/.])(?P<two>\d{{1,2}})(?P=mark)(?P<year>\d{{4}}|\d{{2}}){_GAP}{_CLOCK}",
    _FLAGS,
)
_NAMED = re.compile(
    rf"(?:(?P<day>\d{{1,2}})[\s-](?P<name>[a-z]{{3,9}})\.?[\s-]|(?P<name2>[a-z]{{3,9}})\.?\s(?P<day2>\d{{1,2}}),?\s)"
    rf"(?P<year>\d{{4}}){_GAP}{_CLOCK}",
    _FLAGS,
)
_ELAPSED = re.compile(
    r"(?P<hours>\d{1,4}):(?P<minutes>\d{2})(?::(?P<seconds>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?", re.ASCII
)
_NUMBER = re.compile(r"(\d{9,19})(?:[.,](\d{1,9}))?", re.ASCII)

# Seconds, milliseconds, microseconds or nanoseconds since 1970: between these years no number can be two of them.
_FIRST_SECOND = int(datetime(1990, 1, 1, tzinfo=UTC).timestamp())
_LAST_SECOND = int(datetime(2100, 1, 1, tzinfo=UTC).timestamp())
_EPOCH_UNITS_PER_SECOND = (1, 1_000, 1_000_000, 1_000_000_000)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Form(StrEnum):
    """The forms, as far as it matters for what has to be asked."""

    CLEAR = "clear"
    DAY_OR_MONTH_FIRST = "day or month first"
    NO_DATE = "no date"


@dataclass(frozen=True, slots=True)
class TimeReading:
    """How this recording's times are to be read where there is a choice."""

    is_day_first: bool | None = None
    counts_from_us: int | None = None

    def read(self, text: str) -> int | None:
        """Return the microseconds since 1970 UTC; None where the text is no instant, or not a clear one."""
        us = self._read(text.strip())
        return us if us is not None and FIRST_US <= us <= LAST_US else None

    def _read(self, text: str) -> int | None:
        if not _SHORTEST <= len(text) <= _LONGEST:
            return None
        # Before ISO 8601, whose basic form some numbers could pass for.
        if found := _NUMBER.fullmatch(text):
            return _since_1970(found)
        if len(text) >= _SHORTEST_ISO and (us := instant_us(text)) is not None:
            return us
        if found := _YEAR_FIRST.fullmatch(text):
            return _instant(found, int(found["year"]), int(found["month"]), int(found["day"]))
        if found := _YEAR_LAST.fullmatch(text):
            return self._year_last(found)
        if found := _NAMED.fullmatch(text):
            return _instant(found, int(found["year"]), _month(found), int(found["day"] or found["day2"]))
        if self.counts_from_us is not None and (found := _ELAPSED.fullmatch(text)):
            return self.counts_from_us + _elapsed_us(found)
        return None

    def _year_last(self, found: re.Match[str]) -> int | None:
        is_day_first = True if found["mark"] == "." else self.is_day_first
        if is_day_first is None:
            return None
        day, month = (found["one"], found["two"]) if is_day_first else (found["two"], found["one"])
        year = int(found["year"]) + (_TWO_DIGIT_YEARS_FROM if len(found["year"]) == 2 else 0)
        return _instant(found, year, int(month), int(day))


def read_column(column: pa.Array, reading: TimeReading) -> tuple[list[int | None], list[bool]]:
    """Return each row's event time, None where it has none that can be read, and whether it has to be written anew."""
    if pa.types.is_timestamp(column.type):
        return column.cast(pa.int64()).to_pylist(), [True] * len(column)
    # Whole columns have one form as a rule; a mixed one is read row by row.
    with suppress(pa.ArrowInvalid):
        text = column.cast(pa.string())
        if pc.all(pc.match_substring_regex(text, _PLAIN_ISO)).as_py() is not False:
            return _cast(text), [False] * len(column)
    texts = ["" if text is None else text.decode("latin-1") for text in column.to_pylist()]
    times = [reading.read(text) for text in texts]
    return times, [not _PLAIN_ISO_TEXT.match(text) for text in texts]


def _cast(text: pa.Array) -> list[int | None]:
    try:
        times = text.cast(pa.timestamp("us", tz="UTC"))
    except pa.ArrowInvalid:  # Arrow wants a zone in all rows or in none
        times = text.cast(pa.timestamp("us"))
    micros = times.cast(pa.int64())
    is_writable = pc.and_(pc.greater_equal(micros, FIRST_US), pc.less_equal(micros, LAST_US))
    found: list[int | None] = pc.if_else(is_writable, micros, None).to_pylist()
    return found


def forms_of(texts: Iterable[str]) -> Counter[Form]:
    """Count the forms among some texts; what is no time at all is not counted."""
    return Counter(form for text in texts if (form := _form(text.strip())) is not None)


def day_first_by(text: str) -> bool | None:
    """Tell which number is the day where one of them is above 12; None where the text does not say."""
    found = _YEAR_LAST.fullmatch(text.strip()) if len(text) <= _LONGEST else None
    if found is None or found["mark"] == "." or (int(found["one"]) > 12) == (int(found["two"]) > 12):
        return None
    return int(found["one"]) > 12


def _form(text: str) -> Form | None:
    if len(text) > _LONGEST:
        return None
    if TimeReading().read(text) is not None:
        return Form.CLEAR
    if _YEAR_LAST.fullmatch(text):
        return Form.DAY_OR_MONTH_FIRST
    return Form.NO_DATE if _ELAPSED.fullmatch(text) else None


def _instant(clock: re.Match[str], year: int, month: int, day: int) -> int | None:
    hour = int(clock["hour"])
    if clock["half"] is not None:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if clock["half"].lower() == "p" else 0)
    try:
        moment = datetime(
            year,
            month,
            day,
            hour,
            int(clock["minute"]),
            int(clock["second"] or 0),
            tzinfo=_zone(clock["zone"]),
        )
    except ValueError:
        return None
    return (moment - _EPOCH) // _MICROSECOND + _fraction_us(clock["fraction"])


def _zone(text: str | None) -> timezone:
    if text is None or text.lower() in ("z", "utc", "gmt"):
        return UTC
    digits = text[1:].replace(":", "").ljust(4, "0")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-offset if text[0] == "-" else offset)


def _month(found: re.Match[str]) -> int:
    name = (found["name"] or found["name2"]).lower()[:3]
    return _MONTHS.index(name) + 1 if name in _MONTHS else 0


def _since_1970(found: re.Match[str]) -> int | None:
    for per_second in _EPOCH_UNITS_PER_SECOND:
        number = int(found[1])
        if _FIRST_SECOND * per_second <= number < _LAST_SECOND * per_second:
            return number * US_PER_SECOND // per_second + _fraction_us(found[2]) // per_second
    return None


def _elapsed_us(found: re.Match[str]) -> int:
    seconds = (int(found["hours"]) * 60 + int(found["minutes"])) * 60 + int(found["seconds"] or 0)
    return seconds * US_PER_SECOND + _fraction_us(found["fraction"])


def _fraction_us(digits: str | None) -> int:
    return int((digits or "0").ljust(6, "0")[:6])
