"""What the checks read from PostgreSQL, and where their findings go."""

import time
from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from include.db.connect import Connection
from include.health.types import Check, DatabaseFacts, PartitionProgress, UnpublishedHours
from include.ingest.lease import read_lease
from include.sql import query


def read_database(connection: Connection, *, topic_id: UUID | None, window_seconds: float) -> DatabaseFacts:
    """Ask for everything that the checks need to know; without a topic id no partition is known."""
    began = time.perf_counter()
    [pulse] = connection.execute(query("select_pulse"), {"window_seconds": window_seconds}).fetchall()
    answer_ms = (time.perf_counter() - began) * 1000
    [hours] = connection.execute(query("count_unpublished_hours")).fetchall()
    now, newest_reading_at, records, quarantined = pulse
    return DatabaseFacts(
        now=now,
        answer_ms=answer_ms,
        partitions=_read_progress(connection, topic_id),
        newest_reading_at=newest_reading_at,
        recent_records=records,
        recent_quarantined=quarantined,
        lease=read_lease(connection),
        unpublished=UnpublishedHours(*hours),
    )


def write_checks(connection: Connection, checked_at: datetime, checks: list[Check]) -> None:
    """Keep the findings, all or none."""
    with connection.transaction(), connection.cursor() as cursor:
        rows = [{"checked_at": checked_at, **asdict(check)} for check in checks]
        cursor.executemany(query("insert_health_check"), rows)


def _read_progress(connection: Connection, topic_id: UUID | None) -> dict[int, PartitionProgress]:
    rows = connection.execute(query("select_progress"), {"topic_id": topic_id}).fetchall()
    return {partition: PartitionProgress(next_offset, moved_at) for partition, next_offset, moved_at in rows}
