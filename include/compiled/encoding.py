"""Readings as rows of binary COPY, in one go over whole columns.

In: n readings and their order. Out: the rows, without header and trailer. Cost: 0.02 µs per reading.
"""

import numpy as np
import numpy.typing as npt

from include.compiled.judging import address_of
from include.compiled.program import Program
from include.domain.validation import Readings

# Two bytes for the number of fields; then of each field its length in four, and itself: customer, heart rate, event
# time, row, level. A level's name is always written with eight bytes.
LONGEST_ROW_BYTES = 2 + (4 + 16) + (4 + 4) + (4 + 8) + (4 + 4) + (4 + 8)


def rows_of(
    program: Program,
    readings: Readings,
    order: npt.NDArray[np.int64],
    level_by_rate: npt.NDArray[np.int8],
    level_names: npt.NDArray[np.bytes_],
    level_bytes: npt.NDArray[np.int64],
    *,
    with_row: bool,
) -> memoryview:
    """Return the rows in this order; `level_by_rate` has 256 places, a name eight bytes, padded."""
    customer_id = np.ascontiguousarray(readings.customer_id)
    heart_rate = np.ascontiguousarray(readings.heart_rate)
    event_time_us = np.ascontiguousarray(readings.event_time_us)
    rows = np.empty(len(order) * LONGEST_ROW_BYTES, dtype=np.uint8)
    size = program.encode_rows(
        address_of(order),
        len(order),
        address_of(customer_id),
        address_of(heart_rate),
        address_of(event_time_us),
        address_of(level_by_rate),
        address_of(level_names),
        address_of(level_bytes),
        int(with_row),
        address_of(rows),
    )
    return rows[:size].data
