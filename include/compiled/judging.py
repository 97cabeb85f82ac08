"""Judge records, by the compiled pass where it is ready; what that does not take is judged by the plain rules.

In: n values and record times. Out: readings and rejections, each record on one side, in order. Cost: 0.2 µs per record
that is taken, and what the general path costs for each other one.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from include.compiled.program import Program, the_program
from include.compiled.values import ValuesInPlace
from include.domain.judge import MICROSECONDS, TimeBounds
from include.domain.schema import UUID_BYTES
from include.domain.validation import Readings, Times, Verdict, join, validate


def judge(values: Sequence[bytes | None], record_times_us: Times, bounds: TimeBounds) -> Verdict:
    """Judge each record by its value and its own time: the outcome is that of `validate`, to the byte."""
    program = the_program() if isinstance(values, ValuesInPlace) else None
    if program is None:
        return validate(values, record_times_us, bounds)
    assert isinstance(values, ValuesInPlace)  # noqa: S101 - for the type checker
    readings, left = _take(program, values, record_times_us, bounds)
    taken = Verdict(readings, {})
    if not len(left):
        return taken
    rest = validate([values[row] for row in left.tolist()], record_times_us[left], bounds)
    rejections = {int(left[row]): why for row, why in rest.rejections.items()}
    return join([taken, Verdict(rest.readings.at(left), rejections)])


def address_of(array: npt.NDArray[np.generic]) -> int:
    """Return where an array's data lie, one after the other."""
    if not array.flags.c_contiguous:
        raise ValueError("the compiled way reads arrays without gaps only")
    return int(array.ctypes.data)


def _take(
    program: Program, values: ValuesInPlace, record_times_us: Times, bounds: TimeBounds
) -> tuple[Readings, npt.NDArray[np.int32]]:
    """Return the readings that the compiled pass takes, and the rows that it leaves."""
    count = len(values)
    customer_id = np.empty((count, UUID_BYTES), dtype=np.uint8)
    heart_rate = np.empty(count, dtype=np.int32)
    event_time_us = np.empty(count, dtype=np.int64)
    rows, left = np.empty((2, count), dtype=np.int32)
    values.require_there()
    taken = program.judge_records(
        address_of(values.addresses),
        address_of(values.lengths),
        address_of(record_times_us),
        count,
        bounds.retention_seconds * MICROSECONDS,
        bounds.max_clock_skew_seconds * MICROSECONDS,
        address_of(customer_id),
        address_of(heart_rate),
        address_of(event_time_us),
        address_of(rows),
        address_of(left),
    )
    readings = Readings(rows[:taken], customer_id[:taken], heart_rate[:taken], event_time_us[:taken])
    return readings, left[: count - taken]
