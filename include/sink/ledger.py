"""What a task remembers about its partitions, and how a gathering is recorded in the ledger.

A partition's commits within one second of the database's clock share a row of the ledger: the first appends it, the
following ones update its totals. So whoever sums up the rows by second has what was committed in that second.
While a partition belongs to a task, nobody else writes its rows, so the task knows the totals without asking. What it
remembers changes only after a successful commit, and is forgotten after a failure.
"""

import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np
import numpy.typing as npt

from include.domain.judge import MICROSECONDS
from include.domain.latency import count_ages, percentile_ms
from include.domain.record_time import NO_TIME, as_instant
from include.sink.gathering import Gathering

ROW_SECONDS = 1.0
_MICROSECONDS_PER_HOUR = 3600 * MICROSECONDS


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """A row of stream_commits that is still being updated; `committed_at` is its key, None before its first commit."""

    from_offset: int
    to_offset: int
    begun_at: float
    committed_at: datetime | None = None
    accepted: int = 0
    duplicates: int = 0
    quarantined: int = 0
    ages: Counter[int] = field(default_factory=Counter)
    newest_us: int = NO_TIME

    def is_over(self, now: float) -> bool:
        """Tell whether the second in which it was appended has passed, by the clock that `committed_at` is of."""
        within = 0.0 if self.committed_at is None else self.committed_at.microsecond / MICROSECONDS
        return within + (now - self.begun_at) >= ROW_SECONDS


@dataclass(frozen=True, slots=True)
class Step:
    """What a gathering does to one partition: how far it moves it, and the outcomes of the records in between."""

    to_offset: int
    accepted: int = 0
    duplicates: int = 0
    quarantined: int = 0
    ages: Counter[int] = field(default_factory=Counter)
    newest_us: int = NO_TIME


@dataclass(slots=True)
class PartitionState:
    """One partition of the task: how far it is done, how often its offsets were rewound, and its open ledger row.

    `newest_event_us` is the newest event time of its valid readings so far.
    """

    next_offset: int
    rewinds: int = 0
    newest_event_us: int = NO_TIME
    row: LedgerRow | None = None

    def row_after(self, step: Step, now: float) -> LedgerRow:
        """Return the row after this step: the open row with new totals while its second lasts, else a new one."""
        row = self.row
        if row is None or row.is_over(now):
            row = LedgerRow(self.next_offset, self.next_offset, now)
        return replace(
            row,
            to_offset=step.to_offset,
            accepted=row.accepted + step.accepted,
            duplicates=row.duplicates + step.duplicates,
            quarantined=row.quarantined + step.quarantined,
            ages=row.ages + step.ages,
            newest_us=max(row.newest_us, step.newest_us),
        )


def measure_steps(
    gathering: Gathering,
    is_accepted: npt.NDArray[np.bool_],
    rejected: Collection[int],
    now_us: int,
) -> dict[int, Step]:
    """Add up a gathering by partition: whatever is neither accepted nor rejected is a duplicate."""
    is_rejected = np.zeros(len(gathering), dtype=np.bool_)
    is_rejected[list(rejected)] = True
    return {
        partition: _measure_step(gathering, partition, is_accepted, is_rejected, now_us)
        for partition in gathering.to_offsets
    }


def _measure_step(
    gathering: Gathering,
    partition: int,
    is_accepted: npt.NDArray[np.bool_],
    is_rejected: npt.NDArray[np.bool_],
    now_us: int,
) -> Step:
    own = gathering.partitions == partition
    records, accepted = int(np.count_nonzero(own)), int(np.count_nonzero(is_accepted[own]))
    quarantined = int(np.count_nonzero(is_rejected[own]))
    times_us = gathering.record_times_us[own]
    times_us = times_us[times_us != NO_TIME]
    return Step(
        gathering.to_offsets[partition],
        accepted,
        records - accepted - quarantined,
        quarantined,
        ages=count_ages(times_us, now_us),
        newest_us=int(times_us.max(initial=NO_TIME)),
    )


def count_hours(
    partitions: npt.NDArray[np.int32], event_times_us: npt.NDArray[np.int64]
) -> dict[str, list[object]]:
    """Count accepted readings by partition and hour, as parameters of close_gathering.sql."""
    columns: dict[str, list[object]] = {"hour_partitions": [], "hours": [], "hour_readings": []}
    if len(partitions):
        hours = event_times_us // _MICROSECONDS_PER_HOUR
        first, first_partition = int(hours.min()), int(partitions.min())
        width = int(partitions.max()) - first_partition + 1
        # The hours lie within what the database keeps, so there are few keys: they can be counted without sorting.
        counts = np.bincount((hours - first) * width + (partitions - first_partition))
        for key in np.flatnonzero(counts).tolist():
            columns["hour_partitions"].append(first_partition + key % width)
            columns["hours"].append(as_instant((first + key // width) * _MICROSECONDS_PER_HOUR))
            columns["hour_readings"].append(int(counts[key]))
    return columns


def ledger_columns(states: Sequence[PartitionState], rows: Sequence[LedgerRow]) -> dict[str, list[object]]:
    """Return the rows as parameters of close_gathering.sql, in step with their partitions."""
    return {
        "from_offsets": [state.next_offset for state in states],
        "to_offsets": [row.to_offset for row in rows],
        "row_from_offsets": [row.from_offset for row in rows],
        "accepted": [row.accepted for row in rows],
        "duplicates": [row.duplicates for row in rows],
        "quarantined": [row.quarantined for row in rows],
        "p50_ms": [percentile_ms(row.ages, 0.5) for row in rows],
        "p99_ms": [percentile_ms(row.ages, 0.99) for row in rows],
        "first_buckets": [min(row.ages, default=None) for row in rows],
        "counts": [_dense(row.ages) for row in rows],
        "newest": [as_instant(row.newest_us) for row in rows],
        "extends": [row.committed_at for row in rows],
    }


def as_arrays(columns: Mapping[str, Sequence[object]]) -> dict[str, str]:
    """Write each column as a PostgreSQL array literal: for lists this small the driver takes ten times as long."""
    return {name: "{" + ",".join(map(_as_element, values)) + "}" for name, values in columns.items()}


def _as_element(value: object) -> str:
    if value is None:
        return "null"
    return f'"{value}"' if isinstance(value, str | datetime) else str(value)


def take_in(
    states: Mapping[int, PartitionState],
    rows: Mapping[int, LedgerRow],
    appended: Mapping[int, datetime],
    newest_us: Mapping[int, int],
) -> None:
    """Take in what a commit has done: when each new row was `appended`, and each partition's newest event time."""
    for partition, row in rows.items():
        known_at = row.committed_at or appended[partition]
        states[partition].row = replace(row, committed_at=known_at)
        states[partition].next_offset = row.to_offset
        newest = max(states[partition].newest_event_us, newest_us.get(partition, NO_TIME))
        states[partition].newest_event_us = newest


def now_us() -> int:
    """Return this machine's time in microseconds since 1970 UTC."""
    return time.time_ns() // 1000


def _dense(ages: Counter[int]) -> str | None:
    """Return counts from the first bucket to the last as PostgreSQL writes an array."""
    if not ages:
        return None
    return "{" + ",".join(str(ages[bucket]) for bucket in range(min(ages), max(ages) + 1)) + "}"
