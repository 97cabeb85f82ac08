"""Readings packed one behind the other, as the stream leaves them for the alarms: 25 bytes each."""

from array import array
from collections.abc import Iterable, Iterator

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
_COPY_HEADER_BYTES = 19
_EPOCH_2000_US = 946_684_800_000_000

PackedReadings = npt.NDArray[np.void]
NO_READINGS: PackedReadings = np.empty(0, dtype=PACKED)


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


def from_copy(
    blocks: Iterable[bytes | bytearray | memoryview], *, most: int = 100_000
) -> Iterator[PackedReadings]:
    """Yield the rows of a binary COPY of customer_id, event_time and heart_rate, about `most` at a time."""
    bytes_at_once = most * _COPIED.itemsize
    buffer, start = bytearray(), _COPY_HEADER_BYTES
    for block in blocks:
        buffer += block
        while len(buffer) - start >= bytes_at_once:
            yield _rows(buffer[start : start + bytes_at_once])
            del buffer[: start + bytes_at_once]
            start = 0
    # What is left behind the last row is the trailer, which is shorter than a row.
    whole = max(len(buffer) - start, 0) // _COPIED.itemsize
    if whole:
        yield _rows(buffer[start : start + whole * _COPIED.itemsize])


def by_customer(parts: Iterable[PackedReadings]) -> Iterator[tuple[bytes, "array[int]", bytearray]]:
    """Yield each customer's times and rates; the readings come customer by customer, in whatever parts."""
    customer, times_us, bpms = b"", array("q"), bytearray()
    for part in parts:
        if not len(part):
            continue
        ids = np.ascontiguousarray(part["customer_id"]).view("<u8").reshape(-1, 2)
        edges = np.flatnonzero((ids[1:] != ids[:-1]).any(axis=1)) + 1
        for own in np.split(part, edges):
            found = own["customer_id"][0].tobytes()
            if found != customer and times_us:
                yield customer, times_us, bpms
                times_us, bpms = array("q"), bytearray()
            customer = found
            times_us.frombytes(own["event_time_us"].tobytes())
            bpms += own["bpm"].tobytes()
    if times_us:
        yield customer, times_us, bpms


def _rows(copied: bytearray) -> PackedReadings:
    found = np.frombuffer(copied, dtype=_COPIED)
    rows = np.empty(len(found), dtype=PACKED)
    rows["customer_id"] = found["customer_id"]
    rows["event_time_us"] = found["event_time"] + _EPOCH_2000_US
    rows["bpm"] = found["heart_rate"]
    return rows
