"""Readings packed one behind the other, as the stream leaves them for the alarms: 25 bytes each."""

import numpy as np
import numpy.typing as npt

from include.domain.schema import UUID_BYTES
from include.domain.validation import Readings

PACKED = np.dtype([("customer_id", f"V{UUID_BYTES}"), ("event_time_us", "<i8"), ("bpm", "u1")])

# A row of a binary COPY out: the number of fields, then each field behind its length.
_COPIED = np.dtype(
    [
        ("fields", ">i2"),
        ("customer_id_bytes", ">i4"),
        ("customer_id", f"V{UUID_BYTES}"),
        ("event_time_bytes", ">i4"),
        ("event_time", ">i8"),
        ("heart_rate_bytes", ">i4"),
        ("heart_rate", ">i4"),
    ]
)
_COPY_HEADER_BYTES, _COPY_TRAILER_BYTES = 19, 2
_EPOCH_2000_US = 946_684_800_000_000

PackedReadings = npt.NDArray[np.void]


def pack_readings(readings: Readings, is_wanted: npt.NDArray[np.bool_]) -> bytes:
    """Return some of the readings, packed."""
    rows = np.empty(int(np.count_nonzero(is_wanted)), dtype=PACKED)
    customers = np.ascontiguousarray(readings.customer_id[is_wanted])
    rows["customer_id"] = customers.view(f"V{UUID_BYTES}").reshape(-1)
    rows["event_time_us"] = readings.event_time_us[is_wanted]
    rows["bpm"] = readings.heart_rate[is_wanted]
    return rows.tobytes()


def unpack(packed: bytes) -> PackedReadings:
    """Return what `pack_readings` packed; several of them may stand one behind the other."""
    return np.frombuffer(packed, dtype=PACKED)


def from_copy(copied: bytes) -> PackedReadings:
    """Return the rows of a binary COPY of customer_id, event_time and heart_rate."""
    if len(copied) <= _COPY_HEADER_BYTES + _COPY_TRAILER_BYTES:
        return np.empty(0, dtype=PACKED)
    found = np.frombuffer(copied[_COPY_HEADER_BYTES:-_COPY_TRAILER_BYTES], dtype=_COPIED)
    rows = np.empty(len(found), dtype=PACKED)
    rows["customer_id"] = found["customer_id"]
    rows["event_time_us"] = found["event_time"] + _EPOCH_2000_US
    rows["bpm"] = found["heart_rate"]
    return rows
