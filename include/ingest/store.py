"""The rows of one partition's transaction: readings, dead letters, touched hours, the commit and the offset."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import LiteralString

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from psycopg import errors
from psycopg.types.json import Jsonb

from include.db.connect import Connection
from include.domain.reasons import EXPLANATIONS, Reason
from include.domain.risk import RiskPolicy
from include.errors import SchemaOutdatedError
from include.ingest.encode import encode_readings
from include.ingest.types import Commit, Latency, Launch
from include.sql import query

_MICROSECONDS_PER_DAY = 86_400_000_000
_DEAD_LETTER_TYPES = (
    "uuid", "text", "int4", "int8", "bytea", "bytea", "jsonb", "timestamp", "text", "text",
)  # fmt: skip

Hours = Counter[datetime]


class DayPartitions:
    """Makes day partitions before rows need them, each day once a process.

    On a connection of its own: the lock that it takes must not be held for the length of a batch's transaction.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known: set[tuple[str, date]] = set()

    def ensure_for_events(self, event_times: pa.TimestampArray) -> None:
        """Make the partitions of `heartbeats` for these event times."""
        times = event_times.cast(pa.int64()).to_numpy()
        first, last = int(times.min()), int(times.max())
        days = (
            np.unique(times // _MICROSECONDS_PER_DAY)
            if first // _MICROSECONDS_PER_DAY != (last // _MICROSECONDS_PER_DAY)
            else [first // _MICROSECONDS_PER_DAY]
        )
        for day in days:
            self._ensure("heartbeats", date(1970, 1, 1) + timedelta(days=int(day)))

    def ensure_for_ledger(self) -> None:
        """Make the partitions of the tables that are kept by the day of recording, for today and tomorrow."""
        today = datetime.now(UTC).date()
        for day in (today, today + timedelta(days=1)):  # a transaction may begin just before midnight
            self._ensure("dead_letters", day)
            self._ensure("stream_commits", day)

    def close(self) -> None:
        """Close the session."""
        self._connection.close()

    def forget(self) -> None:
        """Ask the database again: retention may have dropped a day that was known."""
        self._known.clear()

    def _ensure(self, parent: str, day: date) -> None:
        if (parent, day) not in self._known:
            self._connection.execute(query("ensure_day"), {"parent": parent, "day": day})
            self._known.add((parent, day))


def copy_readings(connection: Connection, readings: pa.RecordBatch, policy: RiskPolicy) -> Hours | None:
    """Copy readings straight in and count them by hour; None, with nothing done, if one stands there already."""
    try:
        with connection.transaction():
            _copy(connection, query("copy_heartbeats"), encode_readings(readings, policy))
    except errors.UniqueViolation:
        return None
    return _count_hours(readings.column("event_time"))


def stage_readings(
    connection: Connection, readings: pa.RecordBatch, policy: RiskPolicy
) -> tuple[Hours, list[int]]:
    """Insert the readings that are new; return them by hour, and the row numbers of those in conflict.

    All others stand in `heartbeats` already with the same heart rate: duplicates.
    """
    connection.execute(query("create_staged"))
    _copy(connection, query("copy_staged"), encode_readings(readings, policy, with_row=True))
    # Without statistics on the staging table the planner may choose to read all of heartbeats.
    connection.execute("set local enable_hashjoin = off")
    connection.execute("set local enable_mergejoin = off")
    hours: Hours = Counter(dict(connection.execute(query("insert_staged")).fetchall()))
    conflicts = [row for (row,) in connection.execute(query("select_conflicts"))]
    connection.execute(query("clear_staged"))
    return hours, conflicts


def copy_dead_letters(
    connection: Connection, records: pa.RecordBatch, rejections: dict[int, tuple[str, str]], launch: Launch
) -> None:
    """Keep the raw records at these rows, each with its reason and detail."""
    if not rejections:
        return
    with connection.cursor() as cursor, cursor.copy(query("copy_dead_letters")) as copy:
        copy.set_types(_DEAD_LETTER_TYPES)
        for letter in _dead_letters(records, rejections, launch):
            copy.write_row(letter)


def append_commit(
    connection: Connection, commit: Commit, hours: Hours, launch: Launch, **batch: object
) -> None:
    """Note the touched hours, append what became of the offsets, and advance the partition past them."""
    facts = {"topic_id": launch.topic_id, "partition": commit.partition}
    if hours:
        connection.execute(
            query("insert_touched_hours"),
            {**facts, "hours": list(hours), "readings": list(hours.values())},
        )
    connection.execute(
        query("insert_commit"),
        {
            **facts,
            "from_offset": commit.from_offset,
            "to_offset": commit.to_offset,
            "accepted": commit.accepted,
            "duplicates": commit.duplicates,
            "quarantined": commit.quarantined,
            "epoch": launch.epoch,
            "policy_version": launch.policy.version,
            **batch,
        },
    )
    connection.execute(query("update_offset"), {**facts, "next_offset": commit.to_offset})


def latency_columns(latency: Latency) -> dict[str, object]:
    """Return a latency as the columns of insert_commit.sql."""
    return {
        "latency_p50_ms": latency.p50_ms,
        "latency_p99_ms": latency.p99_ms,
        "latency_first_bucket": latency.first_bucket,
        "latency_counts": latency.counts,
    }


def lock_next_offset(connection: Connection, launch: Launch, partition: int) -> int:
    """Return the partition's next offset, locked; a partition that appeared while running begins at zero."""
    where = {"topic_id": launch.topic_id, "partition": partition}
    row = connection.execute(query("lock_offset"), where).fetchone()
    if row is None:
        connection.execute(query("insert_offset"), {**where, "topic": launch.topic, "start_offset": 0})
        row = connection.execute(query("lock_offset"), where).fetchone()
    if row is None:
        raise SchemaOutdatedError(detail="stream_offsets does not keep what is written to it")
    return int(row[0])


def explain_conflict() -> tuple[str, str]:
    """Return reason and detail of a reading that contradicts a stored one."""
    return Reason.CONFLICTING_READING.value, EXPLANATIONS[Reason.CONFLICTING_READING]


def _copy(connection: Connection, statement: LiteralString, chunks: list[bytes]) -> None:
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for chunk in chunks:
            copy.write(chunk)


def _count_hours(event_times: pa.TimestampArray) -> Hours:
    hours: npt.NDArray[np.int64] = event_times.cast(pa.int64()).to_numpy() // 3_600_000_000
    values, counts = np.unique(hours, return_counts=True)
    epoch = datetime(1970, 1, 1)  # noqa: DTZ001 - the columns are UTC without a zone
    return Counter(
        {epoch + timedelta(hours=int(hour)): int(count) for hour, count in zip(values, counts, strict=True)}
    )


def _dead_letters(
    records: pa.RecordBatch, rejections: dict[int, tuple[str, str]], launch: Launch
) -> Iterator[tuple[object, ...]]:
    rows = sorted(rejections)
    for row, record in zip(rows, records.take(pa.array(rows, pa.int32())).to_pylist(), strict=True):
        reason, detail = rejections[row]
        time = record["timestamp"]
        yield (
            launch.topic_id,
            launch.topic,
            record["partition"],
            record["offset"],
            record["key"],
            record["value"],
            None if record["headers"] is None else Jsonb(record["headers"], dumps=str),
            None if time is None else time.replace(tzinfo=None),
            reason,
            detail,
        )
