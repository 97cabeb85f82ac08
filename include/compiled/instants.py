"""An instant of ISO 8601 in the forms of docs/records.md, for code that numba compiles.

In: 13 to 35 bytes. Out: microseconds since 1970 UTC, or NO_INSTANT, which leaves it to the plain rules to say why.
Cost: about 15 ns.
"""

from include.compiled.memory import byte_at, compiled

NO_INSTANT = -(2**63)

_ZERO, _HYPHEN, _COLON, _POINT, _COMMA, _PLUS, _SPACE = (ord(sign) for sign in "0-:.,+ ")
_T, _SMALL_T, _Z, _SMALL_Z = (ord(letter) for letter in "TtZz")
_SHORTEST_BASIC, _SHORTEST_EXTENDED = len("20261126T0015"), len("2026-11-26T00:15")
_MOST_DIGITS, _KEPT_DIGITS = 9, 6


@compiled
def two_digits(at: int) -> int:
    """Return the number that two bytes spell, or less than zero."""
    tens, ones = byte_at(at) - _ZERO, byte_at(at + 1) - _ZERO
    if tens < 0 or tens > 9 or ones < 0 or ones > 9:
        return -1
    return tens * 10 + ones


@compiled
def is_date(year: int, month: int, day: int) -> bool:
    """Tell whether the calendar has this day."""
    if year < 1 or month < 1 or month > 12 or day < 1:
        return False
    if month == 2:
        is_leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        return day <= (29 if is_leap else 28)
    return day <= (30 if month in (4, 6, 9, 11) else 31)


@compiled
def days_since_1970(year: int, month: int, day: int) -> int:
    """Count the days by years that begin in March, so that the leap day comes last."""
    if month <= 2:
        year -= 1
        month += 12
    in_year = (153 * (month - 3) + 2) // 5 + day - 1
    return year * 365 + year // 4 - year // 100 + year // 400 + in_year - 719_468


@compiled
def read_zone(at: int, end: int) -> int:
    """Return what `Z`, `+01:00`, `+0100`, `+01` or nothing is ahead of UTC, in minutes; NO_INSTANT for all else."""
    left = end - at
    if left == 0:
        return 0
    sign = byte_at(at)
    if left == 1:
        return 0 if sign in (_Z, _SMALL_Z) else NO_INSTANT
    if (sign != _PLUS and sign != _HYPHEN) or left not in (3, 5, 6):
        return NO_INSTANT
    if left == 6 and byte_at(at + 3) != _COLON:
        return NO_INSTANT
    hours = two_digits(at + 1)
    minutes = 0 if left == 3 else two_digits(end - 2)
    if hours < 0 or hours > 23 or minutes < 0 or minutes > 59:
        return NO_INSTANT
    return -(hours * 60 + minutes) if sign == _HYPHEN else hours * 60 + minutes


@compiled
def read_fraction(at: int, end: int) -> tuple[int, int]:
    """Return the microseconds of one to nine digits, and where they end."""
    digits, fraction = 0, 0
    while at < end and _ZERO <= byte_at(at) <= _ZERO + 9:
        if digits < _KEPT_DIGITS:
            fraction = fraction * 10 + byte_at(at) - _ZERO
        digits += 1
        at += 1
    if digits == 0 or digits > _MOST_DIGITS:
        return NO_INSTANT, at
    while digits < _KEPT_DIGITS:
        fraction *= 10
        digits += 1
    return fraction, at


@compiled
def read_seconds(at: int, end: int, is_extended: bool) -> tuple[int, int]:
    """Return the microseconds of `:59`, `59`, `:59.25`, `59,25` or nothing, and where they end."""
    first = byte_at(at) if at < end else 0
    if is_extended:
        if first != _COLON:
            return 0, at
        at += 1
    elif first < _ZERO or first > _ZERO + 9:
        return 0, at
    seconds = two_digits(at) if end - at >= 2 else -1
    at += 2
    if seconds < 0 or seconds > 59:
        return NO_INSTANT, at
    if at == end or (byte_at(at) != _POINT and byte_at(at) != _COMMA):
        return seconds * 1_000_000, at
    fraction, at = read_fraction(at + 1, end)
    return NO_INSTANT if fraction == NO_INSTANT else seconds * 1_000_000 + fraction, at


@compiled
def read_instant(at: int, end: int) -> int:
    """Return the instant that these bytes spell, or NO_INSTANT."""
    if end - at < _SHORTEST_BASIC:
        return NO_INSTANT
    century, year = two_digits(at), two_digits(at + 2)
    is_extended = byte_at(at + 4) == _HYPHEN
    if is_extended:
        if end - at < _SHORTEST_EXTENDED or byte_at(at + 7) != _HYPHEN or byte_at(at + 13) != _COLON:
            return NO_INSTANT
        month, day, separator = two_digits(at + 5), two_digits(at + 8), byte_at(at + 10)
        hour, minute = two_digits(at + 11), two_digits(at + 14)
        at += _SHORTEST_EXTENDED
    else:
        month, day, separator = two_digits(at + 4), two_digits(at + 6), byte_at(at + 8)
        hour, minute = two_digits(at + 9), two_digits(at + 11)
        at += _SHORTEST_BASIC
    if separator != _T and separator != _SMALL_T and not (is_extended and separator == _SPACE):
        return NO_INSTANT
    if century < 0 or year < 0 or hour < 0 or hour > 23 or minute < 0 or minute > 59:
        return NO_INSTANT
    year += century * 100
    if not is_date(year, month, day):
        return NO_INSTANT
    microseconds, at = read_seconds(at, end, is_extended)
    if microseconds == NO_INSTANT:
        return NO_INSTANT
    ahead = read_zone(at, end)
    if ahead == NO_INSTANT:
        return NO_INSTANT
    minutes = days_since_1970(year, month, day) * 1440 + hour * 60 + minute - ahead
    return minutes * 60_000_000 + microseconds
