"""Readings as PostgreSQL's binary COPY format.

The rows are sorted as the key is, by slot and customer: inserting neighbours in the index costs a fifth less than
inserting at random. A row's length depends on its risk level, the last field: all rows are laid out with room for the
longest level, and the padding is cut out at the end.
The compiled way, where it is ready, writes the same bytes row by row.

In: n readings. Out: 42 to 54 bytes for each. Cost: 0.1 µs per reading in order, 0.01 by the compiled way.
"""

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from include.compiled.encoding import rows_of
from include.compiled.program import the_program
from include.domain.risk import RiskLevel, RiskPolicy
from include.domain.schema import UUID_BYTES
from include.domain.validation import Readings

_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TRAILER = b"\xff\xff"
# COPY counts time from 2000; numpy and we count from 1970.
_EPOCH_2000_US = 946_684_800_000_000
# As slot_length() in the database says.
SLOT_US = 10_000_000
# More than there can be: the compiled way looks no rate up beyond.
_RATES = 256
_LEVELS = np.array([level.value.encode() for level in RiskLevel], dtype="S8")
_LEVEL_BYTES = np.char.str_len(_LEVELS)


def encode_readings(readings: Readings, policy: RiskPolicy, *, with_row: bool = False) -> bytes:
    """Return a whole COPY stream for `readings`, columns as in copy_heartbeats.sql.

    `with_row` adds each reading's place among `readings`, as in copy_staged.sql.
    """
    order = order_of(readings)
    levels = _levels_by_rate(policy)
    program = the_program()
    rows: bytes | memoryview
    if program is None:
        rows = encode_plainly(readings, order, levels, with_row=with_row)
    else:
        rows = rows_of(program, readings, order, levels, _LEVELS, _LEVEL_BYTES, with_row=with_row)
    return b"".join([_HEADER, rows, _TRAILER])


def encode_plainly(
    readings: Readings, order: npt.NDArray[np.int64], levels: npt.NDArray[np.int8], *, with_row: bool
) -> bytes:
    """Return the rows in this order; `levels` has each heart rate's level."""
    heart_rate = readings.heart_rate[order]
    level = levels[heart_rate]
    rows = np.zeros(len(order), dtype=_row_type(with_row=with_row))
    rows["fields"] = 5 if with_row else 4
    rows["customer_id_bytes"], rows["customer_id"] = UUID_BYTES, _as_blob(readings.customer_id[order])
    rows["heart_rate_bytes"], rows["heart_rate"] = 4, heart_rate
    rows["event_time_bytes"], rows["event_time"] = 8, readings.event_time_us[order] - _EPOCH_2000_US
    if with_row:
        rows["row_bytes"], rows["row"] = 4, order
    rows["risk_level_bytes"], rows["risk_level"] = _LEVEL_BYTES[level], _LEVELS[level]
    return _without_padding(rows, _LEVEL_BYTES[level])


def _without_padding(rows: npt.NDArray[np.void], level_bytes: npt.NDArray[np.int64]) -> bytes:
    laid_out = rows.view(np.uint8).reshape(len(rows), rows.dtype.itemsize)
    fixed_bytes = rows.dtype.itemsize - _LEVELS.itemsize
    is_kept = np.arange(rows.dtype.itemsize) < (fixed_bytes + level_bytes)[:, None]
    return laid_out[is_kept].tobytes()


@lru_cache(maxsize=2)
def _row_type(*, with_row: bool) -> np.dtype[np.void]:
    """Return a row's layout: the number of fields, then each field behind its length."""
    row = [("row_bytes", ">i4"), ("row", ">i4")] if with_row else []
    return np.dtype(
        [
            ("fields", ">i2"),
            ("customer_id_bytes", ">i4"),
            ("customer_id", f"V{UUID_BYTES}"),
            ("heart_rate_bytes", ">i4"),
            ("heart_rate", ">i4"),
            ("event_time_bytes", ">i4"),
            ("event_time", ">i8"),
            *row,
            ("risk_level_bytes", ">i4"),
            ("risk_level", _LEVELS.dtype),
        ]
    )


def order_of(readings: Readings) -> npt.NDArray[np.int64]:
    """Return the rows by the key's slot, and within it by customer as far as the first six bytes of the id go.

    Only the pace depends on it, so it is one number that is sorted: what reaches over more than a week is mixed.
    """
    slot = readings.event_time_us // SLOT_US
    since_first = (slot - slot.min(initial=np.iinfo(np.int64).max)).astype(np.uint64)
    customer = np.ascontiguousarray(readings.customer_id).view(">u8")[:, 0].astype(np.uint64)
    return np.argsort((since_first << np.uint64(48)) | (customer >> np.uint64(16)))


@lru_cache(maxsize=8)
def _levels_by_rate(policy: RiskPolicy) -> npt.NDArray[np.int8]:
    """Return each heart rate's level, as its place among the levels."""
    levels = list(RiskLevel)
    return np.array([levels.index(policy.level_of(rate)) for rate in range(_RATES)], dtype=np.int8)


def _as_blob(customer_ids: npt.NDArray[np.uint8]) -> npt.NDArray[np.void]:
    return np.ascontiguousarray(customer_ids).view(f"V{UUID_BYTES}").reshape(-1)
