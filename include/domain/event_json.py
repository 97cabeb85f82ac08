"""The JSON object that an event is, read strictly and exactly.

Stricter than Python's own reader where a medical value could depend on a parser's taste: a field given twice, nesting
without an end, numbers that would be rounded.
"""

import json
import re
from decimal import Decimal, InvalidOperation
from typing import Any

from include.domain.schema import EVENT_FIELDS

# Deeper nesting is refused by rule: what the parser's own recursion allows depends on the caller's stack.
MAX_NESTING = 64

_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_BRACKET = re.compile(rb"[\[\]{}]")
_BEYOND_INT64 = 2**63


class NotAnObjectError(ValueError):
    """The value is not one JSON object in UTF-8; the message says why and repeats nothing of it."""


def parse_object(value: bytes | None) -> dict[str, Any]:
    """Return the object in `value`; raise NotAnObjectError, which says why, if there is none that can be trusted."""
    if not value:
        raise NotAnObjectError("the value is empty" if value is not None else "the value is null")
    if _is_nested_too_deep(value):
        raise NotAnObjectError(f"nested deeper than {MAX_NESTING} levels")
    try:
        event = _JSON.decode(value.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise NotAnObjectError(f"not UTF-8 at byte {error.start}") from None
    except json.JSONDecodeError as error:
        raise NotAnObjectError(f"{error.msg} at character {error.pos}") from None
    if not isinstance(event, dict):
        raise NotAnObjectError("the value is JSON but not an object")
    return event


def _is_nested_too_deep(value: bytes) -> bool:
    if value.count(b"{") + value.count(b"[") <= MAX_NESTING:
        return False
    depth = 0
    for bracket in _BRACKET.finditer(_STRING.sub(b"", value)):
        depth += 1 if bracket.group() in b"[{" else -1
        if depth > MAX_NESTING:
            return True
    return False


def _unambiguous(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # JSON leaves the meaning of a repeated name open; a medical value must not depend on a parser's taste.
    event = dict(pairs)
    if len(event) < len(pairs):
        names = [name for name, _ in pairs]
        for field in EVENT_FIELDS:
            if names.count(field) > 1:
                raise NotAnObjectError(f"{field} is given more than once")
    return event


def _bounded_int(digits: str) -> int:
    # Python refuses to parse integers of thousands of digits; whatever is longer than int64 is out of range alike.
    return int(digits) if len(digits) < len(str(_BEYOND_INT64)) else _BEYOND_INT64


def _exact_number(digits: str) -> Decimal | int:
    # A float would take 72.00000000000000001 for 72.
    try:
        return Decimal(digits)
    except InvalidOperation:  # an exponent of nineteen digits
        return _BEYOND_INT64


# Made once: json.loads would build one for each record.
_JSON = json.JSONDecoder(object_pairs_hook=_unambiguous, parse_int=_bounded_int, parse_float=_exact_number)
