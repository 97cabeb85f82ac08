"""JSON in ASCII and without escapes, step by step, for code that numba compiles.

Each step takes an address and the end of the value, and returns where it has come to, or NOT_JSON where it meets
anything else: bad JSON, and good JSON that is left to the plain rules. Cost: 1 ns per byte.
"""

import sys

from include.compiled.memory import byte_at, compiled, int_at, long_at

NOT_JSON = -1
# What a name means; 0 is a field that is passed over.
CUSTOMER_ID, HEART_RATE, TIMESTAMP = 1, 2, 4
ALL_FIELDS = CUSTOMER_ID | HEART_RATE | TIMESTAMP

_DEEPEST = 16

_QUOTE, _BACKSLASH, _COMMA, _COLON, _MINUS, _PLUS, _POINT, _ZERO = (ord(sign) for sign in '"\\,:-+.0')
_OPEN_OBJECT, _CLOSE_OBJECT, _OPEN_ARRAY, _CLOSE_ARRAY = (ord(sign) for sign in "{}[]")
_SMALL_E, _BIG_E, _SMALL_F = ord("e"), ord("E"), ord("f")
_SPACE, _TAB, _LINE, _RETURN = (ord(sign) for sign in " \t\n\r")
_LAST_ASCII = 127


def _word(text: str) -> int:
    """Return four or eight letters as a load would find them."""
    return int.from_bytes(text.encode(), sys.byteorder)


_TRUE, _ALSE, _NULL = _word("true"), _word("alse"), _word("null")
_CUSTOMER, _R_ID = _word("customer"), _word("r_id")
_HEART_RA, _RATE = _word("heart_ra"), _word("rate")
_TIMESTAM, _TAMP = _word("timestam"), _word("tamp")


@compiled
def peek(at: int, end: int) -> int:
    """Return the next byte, or NOT_JSON at the end."""
    return byte_at(at) if at < end else NOT_JSON


@compiled
def skip_spaces(at: int, end: int) -> int:
    """Pass over what JSON lets stand between its parts."""
    while at < end:
        byte = byte_at(at)
        if byte != _SPACE and byte != _LINE and byte != _RETURN and byte != _TAB:
            break
        at += 1
    return at


@compiled
def string_end(at: int, end: int) -> int:
    """Return where the closing quote stands, from behind the opening one."""
    while at < end:
        byte = byte_at(at)
        if byte == _QUOTE:
            return at
        if byte < _SPACE or byte == _BACKSLASH or byte > _LAST_ASCII:
            return NOT_JSON
        at += 1
    return NOT_JSON


@compiled
def field_named(at: int, length: int) -> int:
    """Return which of the three fields has this name, or 0."""
    if length == 11 and long_at(at) == _CUSTOMER and int_at(at + 7) == _R_ID:
        return CUSTOMER_ID
    if length == 10 and long_at(at) == _HEART_RA and int_at(at + 6) == _RATE:
        return HEART_RATE
    if length == 9 and long_at(at) == _TIMESTAM and int_at(at + 5) == _TAMP:
        return TIMESTAMP
    return 0


@compiled
def skip_digits(at: int, end: int) -> int:
    """Pass over one digit or more."""
    first = at
    while at < end and _ZERO <= byte_at(at) <= _ZERO + 9:
        at += 1
    return NOT_JSON if at == first else at


@compiled
def skip_number(at: int, end: int) -> int:
    """Pass over a number as JSON writes it."""
    if peek(at, end) == _MINUS:
        at += 1
    if peek(at, end) == _ZERO:
        at += 1
    else:
        at = skip_digits(at, end)
    if at != NOT_JSON and peek(at, end) == _POINT:
        at = skip_digits(at + 1, end)
    if at != NOT_JSON and (peek(at, end) == _SMALL_E or peek(at, end) == _BIG_E):
        at += 1
        if peek(at, end) == _PLUS or peek(at, end) == _MINUS:
            at += 1
        at = skip_digits(at, end)
    return at


@compiled
def skip_scalar(at: int, end: int) -> int:
    """Pass over a string, a number, true, false or null."""
    first = peek(at, end)
    if first == _QUOTE:
        at = string_end(at + 1, end)
        return NOT_JSON if at == NOT_JSON else at + 1
    if first == _MINUS or _ZERO <= first <= _ZERO + 9:
        return skip_number(at, end)
    if end - at >= 4 and (int_at(at) == _TRUE or int_at(at) == _NULL):
        return at + 4
    if first == _SMALL_F and end - at >= 5 and int_at(at + 1) == _ALSE:
        return at + 5
    return NOT_JSON


@compiled
def read_name(at: int, end: int) -> tuple[int, int]:
    """Return what a name means, and where its value begins."""
    if peek(at, end) != _QUOTE:
        return 0, NOT_JSON
    closing = string_end(at + 1, end)
    if closing == NOT_JSON:
        return 0, NOT_JSON
    field = field_named(at + 1, closing - at - 1)
    at = skip_spaces(closing + 1, end)
    return field, skip_spaces(at + 1, end) if peek(at, end) == _COLON else NOT_JSON


@compiled
def skip_name(at: int, end: int) -> int:
    """Pass over a name in a nested object; one of the three is left to the rules, to which it may be a second one."""
    field, at = read_name(at, end)
    return NOT_JSON if field else at


@compiled
def begin_value(at: int, end: int) -> tuple[int, int]:
    """Pass over a scalar or an empty bracket; or go into one that is not empty, and return what closes it."""
    first = peek(at, end)
    if first not in (_OPEN_OBJECT, _OPEN_ARRAY):
        return skip_scalar(at, end), 0
    closing = _CLOSE_OBJECT if first == _OPEN_OBJECT else _CLOSE_ARRAY
    at = skip_spaces(at + 1, end)
    if peek(at, end) == closing:
        return at + 1, 0
    return skip_name(at, end) if closing == _CLOSE_OBJECT else at, closing


@compiled
def end_values(at: int, end: int, depth: int, kinds: int) -> tuple[int, int, int]:
    """Pass over the brackets that close, up to where the next value begins; with no bracket open, it is the end."""
    while depth > 0 and at != NOT_JSON:
        is_object = kinds % 2 == 1
        at = skip_spaces(at, end)
        mark = peek(at, end)
        at += 1
        if mark == _COMMA:
            at = skip_spaces(at, end)
            return skip_name(at, end) if is_object else at, depth, kinds
        if mark != (_CLOSE_OBJECT if is_object else _CLOSE_ARRAY):
            return NOT_JSON, depth, kinds
        depth -= 1
        kinds //= 2
    return at, depth, kinds


@compiled
def skip_value(at: int, end: int) -> int:
    """Pass over any value, with what is nested in it; the open brackets are the bits of `kinds`, 1 for an object."""
    depth, kinds = 0, 0
    while True:
        at, closing = begin_value(at, end)
        if at == NOT_JSON:
            return at
        if closing:
            depth += 1
            kinds = kinds * 2 + (1 if closing == _CLOSE_OBJECT else 0)
            if depth > _DEEPEST:
                return NOT_JSON
        else:
            at, depth, kinds = end_values(at, end, depth, kinds)
            if at == NOT_JSON or depth == 0:
                return at
