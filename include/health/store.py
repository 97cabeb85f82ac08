"""What the checks read from PostgreSQL, and where their findings go."""

import time
from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from include.db.connect import Connection
from include.domain.reasons import Reason
from include.health.rules import count_lag
from include.health.sql import query
from include.health.types import (
    Check,
    DatabaseFacts,
    KafkaFacts,
    PartitionProgress,
    UnprocessableRecords,
    UnpublishedHours,
)
from include.stream.lease import read_lease


def read_database(
    connection: Connection, *, kafka: KafkaFacts | None, window_seconds: float
) -> DatabaseFacts:
    """Ask for everything that the checks need to know, and note whether records wait.

    Kafka was asked before; without its answer no partition is known, and nothing is known to wait.
    """
    began = time.perf_counter()
    [pulse] = connection.execute(query("select_pulse"), {"window_seconds": window_seconds}).fetchall()
    answer_ms = (time.perf_counter() - began) * 1000
    [hours] = connection.execute(query("count_unpublished_hours")).fetchall()
    now, serving_since, newest_reading_at, records, quarantined = pulse
    partitions = _read_progress(connection, kafka.topic_id) if kafka else {}
    return DatabaseFacts(
        now=now,
        serving_since=serving_since,
        answer_ms=answer_ms,
        partitions=partitions,
        waiting_since=_note_wait(connection, kafka, partitions, now),
        newest_reading_at=newest_reading_at,
        recent_records=records,
        recent_quarantined=quarantined,
        recent_unprocessable=_read_unprocessable(connection, window_seconds),
        lease=read_lease(connection),
        unpublished=UnpublishedHours(*hours),
    )


def write_checks(connection: Connection, checked_at: datetime, checks: list[Check]) -> None:
    """Keep the findings, all or none."""
    with connection.transaction(), connection.cursor() as cursor:
        rows = [{"checked_at": checked_at, **asdict(check)} for check in checks]
        cursor.executemany(query("insert_health_check"), rows)


def _read_progress(connection: Connection, topic_id: UUID) -> dict[int, PartitionProgress]:
    rows = connection.execute(query("select_progress"), {"topic_id": topic_id}).fetchall()
    return {partition: PartitionProgress(next_offset, moved_at) for partition, next_offset, moved_at in rows}


def _note_wait(
    connection: Connection, kafka: KafkaFacts | None, partitions: dict[int, PartitionProgress], now: datetime
) -> datetime | None:
    if kafka is None:
        connection.execute(query("forget_waits"))
        return None
    facts = {
        "topic_id": kafka.topic_id,
        "done_offset": sum(partition.next_offset for partition in partitions.values()),
        "is_waiting": count_lag(kafka.ranges, partitions) > 0,
        "now": now,
    }
    [(waiting_since,)] = connection.execute(query("note_wait"), facts).fetchall()
    return waiting_since  # type: ignore[no-any-return]


def _read_unprocessable(connection: Connection, window_seconds: float) -> UnprocessableRecords | None:
    sought = {"reason": Reason.UNPROCESSABLE.value, "window_seconds": window_seconds}
    row = connection.execute(query("select_unprocessable"), sought).fetchone()
    return UnprocessableRecords(*row) if row else None
