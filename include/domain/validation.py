"""Split a batch of raw Kafka records into readings and rejections. Pure: no clock, no I/O, no logging.

Each record comes out exactly once, on one side, and in order. The whole columns go through `columns.parse_events`;
what that way does not accept at once is judged by the plain rules of `judge`, which alone reject.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from include.domain.columns import EventColumns, Mask, parse_events
from include.domain.judge import MICROSECONDS, Reading, Rejection, TimeBounds, judge_record
from include.domain.record_time import END_US
from include.domain.schema import MAX_HEART_RATE_BPM, MIN_HEART_RATE_BPM, READING, REJECTION, UUID_BYTES

# One record that cannot be joined sends its slice, not the whole batch, the slow way.
_SLICE_ROWS = 512


@dataclass(frozen=True, slots=True)
class Verdict:
    """`readings` and `rejections` together hold each row of the judged batch once (schemas READING, REJECTION)."""

    readings: pa.RecordBatch
    rejections: pa.RecordBatch


@dataclass(frozen=True, slots=True)
class _Part:
    """A run of rows, its readings as arrays, and the rows that were rejected."""

    rows: npt.NDArray[np.int32]
    customer_id: npt.NDArray[np.uint8]
    heart_rate: npt.NDArray[np.int32]
    event_time_us: npt.NDArray[np.int64]
    rejected: list[tuple[int, Rejection]]


def validate(batch: pa.RecordBatch, bounds: TimeBounds) -> Verdict:
    """Judge each record of `batch` (schema RAW_RECORD)."""
    values = batch.column("value")
    record_time_us, has_record_time = _record_times(batch)
    parts = _judge(values, record_time_us, has_record_time, bounds, first_row=0)
    return Verdict(_readings(parts), _rejections(parts))


def _record_times(batch: pa.RecordBatch) -> tuple[npt.NDArray[np.int64], Mask]:
    column = batch.column("timestamp")
    times = column.cast(pa.int64()).fill_null(-1).to_numpy(zero_copy_only=False)
    is_usable = (times >= 0) & (times < END_US)
    # What is not usable is never reckoned with: at the edges of 64 bits the bounds would wrap around.
    return np.where(is_usable, times, 0), is_usable


def _judge(
    values: pa.BinaryArray,
    times: npt.NDArray[np.int64],
    has_time: Mask,
    bounds: TimeBounds,
    *,
    first_row: int,
) -> list[_Part]:
    columns = parse_events(values)
    if columns is not None:
        return _judge_columns(values, columns, times, has_time, bounds, first_row=first_row)
    if len(values) <= _SLICE_ROWS:
        return [_judge_rows(values, range(len(values)), times, has_time, bounds, first_row=first_row)]
    parts = []
    for start in range(0, len(values), _SLICE_ROWS):
        end = min(start + _SLICE_ROWS, len(values))
        parts += _judge(
            values[start:end], times[start:end], has_time[start:end], bounds, first_row=first_row + start
        )
    return parts


def _judge_columns(
    values: pa.BinaryArray,
    columns: EventColumns,
    times: npt.NDArray[np.int64],
    has_time: Mask,
    bounds: TimeBounds,
    *,
    first_row: int,
) -> list[_Part]:
    accepted = (
        columns.has_customer_id
        & columns.has_heart_rate
        & columns.has_event_time
        & has_time
        & (columns.heart_rate >= MIN_HEART_RATE_BPM)
        & (columns.heart_rate <= MAX_HEART_RATE_BPM)
        & (columns.event_time_us >= times - bounds.retention_seconds * MICROSECONDS)
        & (columns.event_time_us <= times + bounds.max_clock_skew_seconds * MICROSECONDS)
    )
    if accepted.all():
        rows = np.arange(first_row, first_row + len(values), dtype=np.int32)
        return [_Part(rows, columns.customer_id, columns.heart_rate, columns.event_time_us, [])]
    doubtful = _judge_rows(
        values, np.flatnonzero(~accepted).tolist(), times, has_time, bounds, first_row=first_row
    )
    clean = _Part(
        (np.flatnonzero(accepted) + first_row).astype(np.int32),
        columns.customer_id[accepted],
        columns.heart_rate[accepted],
        columns.event_time_us[accepted],
        [],
    )
    return [clean, doubtful]


def _judge_rows(
    values: pa.BinaryArray,
    rows: range | list[int],
    times: npt.NDArray[np.int64],
    has_time: Mask,
    bounds: TimeBounds,
    *,
    first_row: int,
) -> _Part:
    readings: list[tuple[int, Reading]] = []
    rejected: list[tuple[int, Rejection]] = []
    for row in rows:
        record_time_us = int(times[row]) if has_time[row] else None
        verdict = judge_record(values[row].as_py(), record_time_us, bounds)
        if isinstance(verdict, Reading):
            readings.append((first_row + row, verdict))
        else:
            rejected.append((first_row + row, verdict))
    customer_ids = b"".join(reading.customer_id for _, reading in readings)
    return _Part(
        np.array([row for row, _ in readings], dtype=np.int32),
        np.frombuffer(customer_ids, dtype=np.uint8).reshape(-1, UUID_BYTES),
        np.array([reading.heart_rate for _, reading in readings], dtype=np.int32),
        np.array([reading.event_time_us for _, reading in readings], dtype=np.int64),
        rejected,
    )


def _readings(parts: list[_Part]) -> pa.RecordBatch:
    rows = np.concatenate([part.rows for part in parts])
    customer_id = np.concatenate([part.customer_id for part in parts])
    heart_rate = np.concatenate([part.heart_rate for part in parts])
    event_time_us = np.concatenate([part.event_time_us for part in parts])
    if len(rows) and bool(
        (np.diff(rows) < 0).any()
    ):  # a few rows went the slow way: back into the stream's order
        order = np.argsort(rows, kind="stable")
        rows, customer_id = rows[order], customer_id[order]
        heart_rate, event_time_us = heart_rate[order], event_time_us[order]
    ids = pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(UUID_BYTES), len(rows), [None, pa.py_buffer(np.ascontiguousarray(customer_id))]
    )
    times = pa.array(event_time_us).cast(pa.timestamp("us"))
    return pa.RecordBatch.from_arrays([pa.array(rows), ids, pa.array(heart_rate), times], schema=READING)


def _rejections(parts: list[_Part]) -> pa.RecordBatch:
    rejected = sorted(
        ((row, verdict) for part in parts for row, verdict in part.rejected), key=lambda item: item[0]
    )
    return pa.RecordBatch.from_arrays(
        [
            pa.array([row for row, _ in rejected], pa.int32()),
            pa.array([verdict.reason.value for _, verdict in rejected], pa.string()),
            pa.array([verdict.detail for _, verdict in rejected], pa.string()),
        ],
        schema=REJECTION,
    )
