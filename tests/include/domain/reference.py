"""The rules of a valid reading, written a second time in the plainest way, to hold the product against.

Shares no code with the product: the standard library's own parsers do the work.
"""

import json
import re
import uuid
from datetime import UTC, datetime, timedelta
from fractions import Fraction

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EXTENDED = r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d([.,]\d{1,9})?)?"
BASIC = r"\d{8}[Tt]\d{4}(\d\d([.,]\d{1,9})?)?"
INSTANT = re.compile(rf"({EXTENDED}|{BASIC})([Zz]|[+-]\d\d(:?\d\d)?)?", re.ASCII)
# Python would take for ever to write out an exponent of more digits; the number is no heart rate anyway.
LONGEST_EXPONENT = 6


class RepeatedError(Exception):
    """A field of the event is given twice."""


def judge(value, record_time_us, retention_seconds, skew_seconds):
    """Return ("accepted", id, bpm, microseconds) or the reason code."""
    event = _parse(value)
    if event is None:
        return "malformed_json"
    if any(name not in event for name in ("customer_id", "heart_rate", "timestamp")):
        return "missing_field"
    customer = _customer(event["customer_id"])
    if customer is None:
        return "bad_customer_id"
    rate = event["heart_rate"]
    if type(rate) not in (int, Fraction) or rate != rate // 1:
        return "bad_heart_rate"
    if rate < 30 or rate > 220:
        return "heart_rate_out_of_range"
    instant = _instant(event["timestamp"])
    if instant is None or not _is_usable(record_time_us):
        return "bad_timestamp"
    if instant > record_time_us + skew_seconds * 10**6:
        return "future_event_time"
    if instant < record_time_us - retention_seconds * 10**6:
        return "expired_event_time"
    return ("accepted", customer, int(rate), instant)


def _is_usable(record_time_us):
    try:
        return (
            record_time_us is not None
            and 1970 <= (EPOCH + timedelta(microseconds=record_time_us)).year < 9999
        )
    except OverflowError:  # beyond what Python's datetime can hold
        return False


def _pairs(pairs):
    names = [name for name, _ in pairs]
    if any(names.count(name) > 1 for name in ("customer_id", "heart_rate", "timestamp")):
        raise RepeatedError
    return dict(pairs)


def _parse(value):
    try:
        text = (value or b"").decode("utf-8")
        if _depth(text) > 64:
            return None
        parsed = json.loads(text, object_pairs_hook=_pairs, parse_int=_whole, parse_float=_exact)
    except (UnicodeDecodeError, json.JSONDecodeError, RepeatedError):
        return None
    return parsed if isinstance(parsed, dict) else None


def _whole(digits):
    return int(digits[:25])


def _exact(digits):
    mantissa, _, exponent = digits.lower().partition("e")
    if len(exponent) > LONGEST_EXPONENT:
        return 10**25
    if len(mantissa) > 4000:  # Python refuses to read them
        whole, _, fraction = mantissa.partition(".")
        return _exact(f"{whole[:25]}.{fraction.strip('0')[:25]}e{exponent or 0}")
    return Fraction(digits)


def _depth(text):
    depth = deepest = 0
    in_string = is_escaped = False
    for character in text:
        if in_string:
            if is_escaped:
                is_escaped = False
            elif character == "\\":
                is_escaped = True
            elif character == '"':
                in_string = False
        elif character == '"':
            in_string = True
        elif character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth -= 1
    return deepest


def _customer(text):
    if not isinstance(text, str) or len(text) != 36 or not text.isascii():
        return None
    try:
        parsed = uuid.UUID(text)
    except ValueError:
        return None
    return parsed.bytes if str(parsed) == text.lower() else None


def _instant(text):
    if not isinstance(text, str) or not INSTANT.fullmatch(text):
        return None
    day, clock, fraction, zone = re.fullmatch(
        r"(.{10}|.{8})[Tt ]([\d:]+)(?:[.,](\d+))?([Zz]|[+-].*)?", text
    ).groups()
    layout = "%Y-%m-%d %H:%M:%S" if "-" in day else "%Y%m%d %H%M%S"
    if len(clock.replace(":", "")) == 4:
        clock += ":00" if ":" in clock else "00"
    try:
        local = datetime.strptime(f"{day} {clock}", layout).replace(tzinfo=UTC)
    except ValueError:
        return None
    if clock.endswith(("60", "61")):  # strptime makes the next minute of a leap second
        return None
    microseconds = (local - EPOCH) // timedelta(microseconds=1) + int(((fraction or "") + "000000")[:6])
    if zone in (None, "Z", "z"):
        return microseconds
    hours, minutes = int(zone[1:3]), int(zone[3:].replace(":", "") or 0)
    if hours > 23 or minutes > 59:
        return None
    sign = -1 if zone[0] == "+" else 1
    return microseconds + sign * (hours * 3600 + minutes * 60) * 10**6
