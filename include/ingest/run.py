"""Store one partition of one batch in one transaction.

What makes it exactly once: the rows, the ledger and the offset are committed together or not at all, only by the
newest launch, and records below the committed offset are dropped. So a task may be repeated at any instant.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from psycopg import errors

from include.db.connect import Connection
from include.domain.judge import MICROSECONDS
from include.domain.validation import validate
from include.errors import TopicReplacedError
from include.ingest.latency import measure_latency
from include.ingest.lease import hold_lease
from include.ingest.store import (
    DayPartitions,
    Hours,
    append_commit,
    copy_dead_letters,
    copy_readings,
    explain_conflict,
    latency_columns,
    lock_next_offset,
    stage_readings,
)
from include.ingest.types import Commit, Launch


@dataclass(frozen=True, slots=True)
class Database:
    """A session to store with, and the day partitions, which have a session of their own."""

    connection: Connection
    days: DayPartitions


@dataclass(slots=True)
class _Tally:
    """What has been stored so far in the open transaction."""

    partition: int
    from_offset: int
    to_offset: int
    accepted: int = 0
    duplicates: int = 0
    quarantined: int = 0
    hours: Hours = field(default_factory=Counter)
    record_times_us: list[npt.NDArray[np.int64]] = field(default_factory=list)
    expects_duplicates: bool = False

    def commit(self) -> Commit:
        return Commit(
            self.partition, self.from_offset, self.to_offset, self.accepted, self.duplicates, self.quarantined
        )


def store_partition(
    records: Iterator[pa.RecordBatch],
    launch: Launch,
    batch_id: int,
    database: Database,
    current_topic_id: Callable[[], UUID],
) -> Commit | None:
    """Store the records of one partition (schema RAW_RECORD, offsets ascending); None if there was nothing new.

    In one transaction, in this order:
    1. check the epoch, and keep a newer launch waiting
    2. lock the partition's offset
    3. drop records below it, copy readings and dead letters
    4. check that the topic is still the one that was read from
    5. note touched hours, append the commit, advance the offset
    """
    first = next((batch for batch in records if batch.num_rows), None)
    if first is None:
        return None
    database.days.ensure_for_ledger()
    connection = database.connection
    with connection.transaction():
        hold_lease(connection, launch.epoch)
        tally = _begin(connection, launch, first)
        _store(tally, first, launch, database)
        for batch in records:
            _store(tally, batch, launch, database)
        if tally.to_offset == tally.from_offset:
            return None
        if current_topic_id() != launch.topic_id:
            raise TopicReplacedError(topic=launch.topic)
        commit = tally.commit()
        append_commit(connection, commit, tally.hours, launch, **_batch_facts(tally, batch_id))
    return commit


def _begin(connection: Connection, launch: Launch, first: pa.RecordBatch) -> _Tally:
    partition = first.column("partition")[0].as_py()
    next_offset = lock_next_offset(connection, launch, partition)
    return _Tally(partition, from_offset=next_offset, to_offset=next_offset)


def _store(tally: _Tally, records: pa.RecordBatch, launch: Launch, database: Database) -> None:
    records = _from_offset(records, tally.to_offset)
    if not records.num_rows:
        return
    verdict = validate(records, launch.bounds)
    rejections = {item["row"]: (item["reason"], item["detail"]) for item in verdict.rejections.to_pylist()}
    if verdict.readings.num_rows:
        hours, conflicts = _store_readings(tally, verdict.readings, launch, database)
        rejections.update(dict.fromkeys(conflicts, explain_conflict()))
        tally.hours.update(hours)
        tally.accepted += hours.total()
        tally.duplicates += verdict.readings.num_rows - hours.total() - len(conflicts)
    copy_dead_letters(database.connection, records, rejections, launch)
    tally.quarantined += len(rejections)
    tally.to_offset = records.column("offset")[-1].as_py() + 1
    tally.record_times_us.append(records.column("timestamp").cast(pa.int64()).fill_null(0).to_numpy())


def _from_offset(records: pa.RecordBatch, next_offset: int) -> pa.RecordBatch:
    """Drop the records below `next_offset`."""
    offsets = records.column("offset").to_numpy()
    return records.slice(int(np.searchsorted(offsets, next_offset)))


def _store_readings(
    tally: _Tally, readings: pa.RecordBatch, launch: Launch, database: Database
) -> tuple[Hours, list[int]]:
    database.days.ensure_for_events(readings.column("event_time"))
    if not tally.expects_duplicates:
        try:
            hours = copy_readings(database.connection, readings, launch.policy)
        except errors.CheckViolation:
            # The day's partition was dropped since this process last saw it.
            database.days.forget()
            database.days.ensure_for_events(readings.column("event_time"))
            hours = copy_readings(database.connection, readings, launch.policy)
        if hours is not None:
            return hours, []
        # Where one batch repeats something, its neighbours in the same run of offsets mostly do too.
        tally.expects_duplicates = True
    return stage_readings(database.connection, readings, launch.policy)


def _batch_facts(tally: _Tally, batch_id: int) -> dict[str, object]:
    record_times_us = np.concatenate(tally.record_times_us)
    latency = measure_latency(record_times_us, time.time_ns() // 1000)
    newest = datetime.fromtimestamp(int(record_times_us.max()) / MICROSECONDS, UTC).replace(tzinfo=None)
    return {
        "batch_id": batch_id,
        "newest_record_at": newest,
        **latency_columns(latency),
    }
