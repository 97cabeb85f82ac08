"""Parse a batch of JSON events column by column, or say that it cannot be done safely.

The values are joined to one buffer of JSON lines for Arrow's reader. That reader is laxer than the plain rules in a
few places and loses the count when a record holds a line break or two objects; `_is_safe_to_join` refuses each of
these before it can shift a record onto its neighbour. What comes back may be null or invalid in single rows; a row
that is valid here is valid, with the same values, by the plain rules.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import json as arrow_json

from include.domain.schema import CUSTOMER_ID, HEART_RATE, TIMESTAMP, UUID_BYTES

Bytes = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
Number = TypeVar("Number", np.int32, np.int64)

_EVENT = pa.schema([(CUSTOMER_ID, pa.string()), (HEART_RATE, pa.int32()), (TIMESTAMP, pa.string())])
_PARSE = arrow_json.ParseOptions(explicit_schema=_EVENT, unexpected_field_behavior="ignore")

_UUID_TEXT_BYTES = 36
_HYPHENS = np.array([8, 13, 18, 23])
_HEX_DIGITS = np.array([i for i in range(_UUID_TEXT_BYTES) if i not in (8, 13, 18, 23)])
_NOT_HEX = 0xFF
_HEX_VALUE = np.full(256, _NOT_HEX, dtype=np.uint8)
for _digit in "0123456789abcdefABCDEF":
    _HEX_VALUE[ord(_digit)] = int(_digit, 16)

_SECONDS_FORM_BYTES = len("2026-01-01T00:00:00")
_FINEST_FORM_BYTES = len("2026-01-01T00:00:00.123456")
_ZONE_FORM_BYTES = len("+00:00")


@dataclass(frozen=True, slots=True)
class EventColumns:
    """One row a record. A value counts only where its mask holds; `event_time_us` is microseconds since 1970 UTC."""

    customer_id: Bytes  # (n, 16)
    has_customer_id: Mask
    heart_rate: npt.NDArray[np.int32]
    has_heart_rate: Mask
    event_time_us: npt.NDArray[np.int64]
    has_event_time: Mask


def parse_events(values: Sequence[bytes | None]) -> EventColumns | None:
    """Return the columns of `values`, or None where only the record-by-record way is safe."""
    if not all(values):  # an empty value, or none at all
        return None
    # One call for all records: to start Arrow's reader costs as much as judging some fifty records one by one.
    lines = b"\n".join([*values, b""])  # type: ignore[list-item]
    if not _is_safe_to_join(lines, values):  # type: ignore[arg-type]
        return None
    try:
        table = arrow_json.read_json(
            pa.BufferReader(lines),
            # In one block, so that the rows come as one chunk; threads would only compete with the other tasks.
            read_options=arrow_json.ReadOptions(use_threads=False, block_size=len(lines) + 1),
            parse_options=_PARSE,
        )
        if table.num_rows != len(values):
            return None
        customer_id, has_customer_id = _uuid_bytes(_column(table, CUSTOMER_ID))
        rates = _column(table, HEART_RATE)
        event_time_us, has_event_time = _instants(_column(table, TIMESTAMP))
    except pa.ArrowInvalid:
        return None
    return EventColumns(
        customer_id,
        has_customer_id,
        _numbers(rates, np.int32),
        _is_valid(rates),
        event_time_us,
        has_event_time,
    )


def _is_safe_to_join(lines: bytes, values: Sequence[bytes]) -> bool:
    """Check that each value is one flat object on one line, in UTF-8, without what Arrow alone would let pass."""
    count = len(values)
    text = np.frombuffer(lines, dtype=np.uint8)
    lengths = np.fromiter(map(len, values), dtype=np.int64, count=count)
    joints = np.cumsum(lengths + 1) - 1  # where the line breaks are
    if not bool((text[joints - lengths] == ord("{")).all() and (text[joints - 1] == ord("}")).all()):
        return False
    # As many breaks and braces as records, and each record begins and ends with a brace: none spans two lines, nests or
    # holds two objects. Arrow would also take brackets, bare line ends, NULs and infinities that the rules refuse.
    return (
        lines.count(b"\n") == count
        and lines.count(b"{") == count
        and lines.count(b"}") == count
        and not any(byte in lines for byte in (b"[", b"\r", b"\0", b"Inf"))
        and _is_utf8(lines)
    )


def _is_utf8(raw: bytes) -> bool:
    if raw.isascii():
        return True
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _uuid_bytes(texts: pa.StringArray) -> tuple[Bytes, Mask]:
    starts, ends = _bounds(texts)
    has_length = (ends - starts) == _UUID_TEXT_BYTES
    out = np.zeros((len(texts), UUID_BYTES), dtype=np.uint8)
    if not has_length.any():
        return out, has_length
    text = np.frombuffer(texts.buffers()[2], dtype=np.uint8)
    if has_length.all():  # back to back, as a rule: a view, no copy
        rows = text[starts[0] : ends[-1]].reshape(-1, _UUID_TEXT_BYTES)
    else:
        rows = text[starts[has_length, None] + np.arange(_UUID_TEXT_BYTES)]
    # A table instead of comparisons, digit by digit; what is not hexadecimal is 0xFF, which no maximum can hide.
    nibbles = _HEX_VALUE[rows[:, _HEX_DIGITS]]
    is_uuid = (nibbles.max(axis=1) != _NOT_HEX) & (rows[:, _HYPHENS] == ord("-")).all(axis=1)
    out[has_length] = (nibbles[:, 0::2] << 4) | (nibbles[:, 1::2] & 0x0F)
    mask = has_length.copy()
    mask[has_length] = is_uuid
    return out, mask


def _instants(texts: pa.StringArray) -> tuple[npt.NDArray[np.int64], Mask]:
    """Parse the widespread forms; raise ArrowInvalid where one of these names a date that does not exist.

    They are date and time to the second, up to six digits after a point, and Z, +01:00 or no zone. All others that the
    plain rules know (a comma, more digits, the basic form, minutes alone) are left to them, row by row.
    """
    starts, ends = _bounds(texts)
    valid = (ends - starts) >= _SECONDS_FORM_BYTES
    out = np.zeros(len(texts), dtype=np.int64)
    if not valid.any():
        return out, valid
    text = np.frombuffer(texts.buffers()[2], dtype=np.uint8)
    # From here on by position: each form has its separators in fixed places, so no text is looked at twice.
    first, last = starts[valid], ends[valid]
    separator = text[first + 10]
    # Arrow also takes "2026-01-01T00" and a bare date; a reading names its minute and second, or goes the plain way.
    has_form = ((separator == ord("T")) | (separator == ord(" "))) & (text[first + 13] == ord(":"))
    has_form &= text[first + 16] == ord(":")
    sign = text[last - _ZONE_FORM_BYTES]
    has_offset = (last - first > _SECONDS_FORM_BYTES) & ((sign == ord("+")) | (sign == ord("-")))
    is_utc = text[last - 1] == ord("Z")
    length = last - first - is_utc - has_offset * _ZONE_FORM_BYTES
    # Arrow would raise for a form that it does not know, and with it send all rows the slow way.
    has_point = text[np.minimum(first + _SECONDS_FORM_BYTES, last - 1)] == ord(".")
    has_form &= (length == _SECONDS_FORM_BYTES) | (has_point & (length <= _FINEST_FORM_BYTES))
    is_zoned = valid.copy()
    is_zoned[valid] = has_form & (is_utc | has_offset)
    valid[valid] = has_form
    for mask, kind in ((is_zoned, pa.timestamp("us", tz="UTC")), (valid & ~is_zoned, pa.timestamp("us"))):
        if mask.any():
            chosen = texts if mask.all() else texts.filter(_as_arrow(mask))
            out[mask] = _numbers(pc.cast(chosen, kind), np.int64)
    return out, valid


def _column(table: pa.Table, name: str) -> pa.Array:
    column = table.column(name)
    return column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks)


# The buffers are read directly: Arrow's own way to numpy would first import pandas, which takes seconds.
def _numbers(column: pa.Array, kind: type[Number]) -> npt.NDArray[Number]:
    return np.frombuffer(column.buffers()[1], dtype=kind)[column.offset : column.offset + len(column)]


def _is_valid(column: pa.Array) -> Mask:
    """Return where there is a value; Arrow keeps that as a bit per row."""
    if not column.null_count:
        return np.ones(len(column), dtype=np.bool_)
    bits = np.unpackbits(np.frombuffer(column.buffers()[0], dtype=np.uint8), bitorder="little")
    return bits[column.offset : column.offset + len(column)].astype(np.bool_)


def _bounds(column: pa.Array) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return each value's first and past-the-last byte in the data buffer; a null is empty."""
    offsets = np.frombuffer(column.buffers()[1], dtype=np.int32)[
        column.offset : column.offset + len(column) + 1
    ]
    return offsets[:-1].astype(np.int64), offsets[1:].astype(np.int64)


def _as_arrow(mask: Mask) -> pa.BooleanArray:
    """Return a mask as Arrow keeps it."""
    bits = pa.py_buffer(np.packbits(mask, bitorder="little"))
    return pa.BooleanArray.from_buffers(pa.bool_(), len(mask), [None, bits])
