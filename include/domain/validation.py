"""Split raw Kafka records into readings and rejections. Pure: no clock, no I/O, no logging.

Each record comes out exactly once, on one side, and in order. Where there are many, whole columns go through
`columns.parse_events`; what that way does not accept at once is judged by the plain rules of `judge`, which alone
reject.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from include.domain.columns import EventColumns, parse_events
from include.domain.judge import MICROSECONDS, Reading, Rejection, TimeBounds, judge_record
from include.domain.record_time import NO_TIME, usable_or_none
from include.domain.schema import MAX_HEART_RATE_BPM, MIN_HEART_RATE_BPM, UUID_BYTES

# The columns cost as much as this many records judged one by one, before they judge anything.
_FEW = 48
# One record that cannot be joined sends its slice, not all the others, the slow way.
_SLICE_ROWS = 512

Times = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Readings:
    """Valid readings in the order of their records; `rows` are the records' places among those that were judged."""

    rows: npt.NDArray[np.int32]
    customer_id: npt.NDArray[np.uint8]  # (n, 16)
    heart_rate: npt.NDArray[np.int32]
    event_time_us: npt.NDArray[np.int64]  # microseconds since 1970 UTC

    def __len__(self) -> int:
        return len(self.rows)

    def chosen(self, which: npt.NDArray[np.bool_]) -> "Readings":
        """Return some of the readings."""
        return Readings(
            self.rows[which], self.customer_id[which], self.heart_rate[which], self.event_time_us[which]
        )

    def at(self, places: npt.NDArray[np.int32]) -> "Readings":
        """Return the same readings, their rows looked up in `places`."""
        return replace(self, rows=places[self.rows])

    def rejected(self, places: npt.NDArray[np.int32], why: Rejection) -> dict[int, Rejection]:
        """Return the readings at these places as rejections, by row, each with whose it is and of when."""
        chosen = zip(
            self.rows[places].tolist(),
            self.customer_id[places],
            self.event_time_us[places].tolist(),
            strict=True,
        )
        return {
            row: Rejection(why.reason, why.detail, customer_id.tobytes(), usable_or_none(event_time_us))
            for row, customer_id, event_time_us in chosen
        }


@dataclass(frozen=True, slots=True)
class Verdict:
    """`readings` and `rejections` (by row) together hold each judged record once."""

    readings: Readings
    rejections: dict[int, Rejection]


def validate(values: Sequence[bytes | None], record_times_us: Times, bounds: TimeBounds) -> Verdict:
    """Judge each record by its value and its own time, as `record_times_us` gives it."""
    if len(values) <= _FEW:
        return _judge_rows(values, record_times_us, range(len(values)), bounds)
    parts = []
    for start, end, columns in _parse(values, 0, len(values)):
        if columns is None:
            parts.append(_judge_rows(values, record_times_us, range(start, end), bounds))
        else:
            parts += _judge_columns(values, record_times_us, columns, start, end, bounds)
    return join(parts)


def join(parts: Sequence[Verdict]) -> Verdict:
    """Return the verdicts on different rows as one, in the order of the rows."""
    if len(parts) == 1:
        return parts[0]
    rejections = {row: rejection for part in parts for row, rejection in part.rejections.items()}
    rows = np.concatenate([part.readings.rows for part in parts])
    # Where a few rows went the slow way, back into the order of the records.
    order = np.argsort(rows, kind="stable")
    readings = Readings(
        rows[order],
        np.concatenate([part.readings.customer_id for part in parts])[order],
        np.concatenate([part.readings.heart_rate for part in parts])[order],
        np.concatenate([part.readings.event_time_us for part in parts])[order],
    )
    return Verdict(readings, rejections)


def _parse(
    values: Sequence[bytes | None], start: int, end: int
) -> Iterable[tuple[int, int, EventColumns | None]]:
    columns = parse_events(values[start:end])
    if columns is not None or end - start <= _SLICE_ROWS:
        yield start, end, columns
        return
    for first in range(start, end, _SLICE_ROWS):
        yield from _parse(values, first, min(first + _SLICE_ROWS, end))


def _judge_columns(
    values: Sequence[bytes | None],
    times: Times,
    columns: EventColumns,
    start: int,
    end: int,
    bounds: TimeBounds,
) -> list[Verdict]:
    own = times[start:end]
    accepted = (
        columns.has_customer_id
        & columns.has_heart_rate
        & columns.has_event_time
        & (own != NO_TIME)
        & (columns.heart_rate >= MIN_HEART_RATE_BPM)
        & (columns.heart_rate <= MAX_HEART_RATE_BPM)
        & (columns.event_time_us >= own - bounds.retention_seconds * MICROSECONDS)
        & (columns.event_time_us <= own + bounds.max_clock_skew_seconds * MICROSECONDS)
    )
    rows = np.arange(start, end, dtype=np.int32)
    readings = Readings(rows, columns.customer_id, columns.heart_rate, columns.event_time_us)
    if accepted.all():
        return [Verdict(readings, {})]
    doubtful = rows[~accepted].tolist()
    return [Verdict(readings.chosen(accepted), {}), _judge_rows(values, times, doubtful, bounds)]


def _judge_rows(
    values: Sequence[bytes | None], times: Times, rows: Iterable[int], bounds: TimeBounds
) -> Verdict:
    accepted: list[tuple[int, Reading]] = []
    rejections: dict[int, Rejection] = {}
    for row in rows:
        time_us = int(times[row])
        verdict = judge_record(values[row], None if time_us == NO_TIME else time_us, bounds)
        if isinstance(verdict, Reading):
            accepted.append((row, verdict))
        else:
            rejections[row] = verdict
    customer_ids = b"".join(reading.customer_id for _, reading in accepted)
    readings = Readings(
        np.array([row for row, _ in accepted], dtype=np.int32),
        np.frombuffer(customer_ids, dtype=np.uint8).reshape(-1, UUID_BYTES),
        np.array([reading.heart_rate for _, reading in accepted], dtype=np.int32),
        np.array([reading.event_time_us for _, reading in accepted], dtype=np.int64),
    )
    return Verdict(readings, rejections)
