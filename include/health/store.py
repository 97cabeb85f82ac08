"""What the checks read from PostgreSQL, and where their findings go."""

import time
from dataclasses import asdict
from datetime import datetime, timedelta

from include.db.clock import read_clock
from include.db.connect import Connection
from include.db.queries import query
from include.domain.reasons import Reason
from include.health.rules import FARTHEST_AHEAD
from include.health.types import (
    AlarmWork,
    Check,
    DatabaseFacts,
    KafkaFacts,
    UnprocessableRecords,
    UnpublishedHours,
    UnreadRecords,
)
from include.stream.lag import lag_by_partition
from include.stream.lease import read_lease
from include.stream.offsets import read_next_offsets


def read_database(
    connection: Connection, *, kafka: KafkaFacts | None, window_seconds: float
) -> DatabaseFacts:
    """Ask for everything that the checks need to know, and note whether records wait.

    Kafka was asked before; without its answer no partition is known, and nothing is known to wait.
    """
    began = time.perf_counter()
    now = read_clock(connection)
    since = now - timedelta(seconds=window_seconds)
    topic_id = kafka.topic_id if kafka else None
    sought = {"topic_id": topic_id, "since": since, "farthest": now + FARTHEST_AHEAD}
    [pulse] = connection.execute(query("health/select_pulse"), sought).fetchall()
    answer_ms = (time.perf_counter() - began) * 1000
    [hours] = connection.execute(query("health/count_unpublished_hours")).fetchall()
    [alarms] = connection.execute(query("health/select_alarm_work")).fetchall()
    serving_since, newest_reading_at, moved_at, records, quarantined = pulse
    next_offsets = read_next_offsets(connection, kafka.topic_id) if kafka else {}
    return DatabaseFacts(
        now=now,
        serving_since=serving_since,
        answer_ms=answer_ms,
        next_offsets=next_offsets,
        moved_at=moved_at,
        waiting_since=_note_wait(connection, kafka, next_offsets, now),
        newest_reading_at=newest_reading_at,
        recent_records=records,
        recent_quarantined=quarantined,
        recent_unprocessable=_read_unprocessable(connection, since),
        recent_unread=_read_unread(connection, since),
        lease=read_lease(connection),
        unpublished=UnpublishedHours(*hours),
        alarms=AlarmWork(*alarms),
    )


def write_checks(connection: Connection, checked_at: datetime, checks: list[Check]) -> None:
    """Keep the findings, all or none."""
    with connection.transaction(), connection.cursor() as cursor:
        rows = [{"checked_at": checked_at, **asdict(check)} for check in checks]
        cursor.executemany(query("health/insert_health_check"), rows)


def _note_wait(
    connection: Connection, kafka: KafkaFacts | None, next_offsets: dict[int, int], now: datetime
) -> datetime | None:
    if kafka is None:
        connection.execute(query("health/forget_waits"))
        return None
    facts = {
        "topic_id": kafka.topic_id,
        "done_offset": sum(next_offsets.values()),
        "is_waiting": any(lag_by_partition(kafka.ranges, next_offsets).values()),
        "now": now,
    }
    [(waiting_since,)] = connection.execute(query("health/note_wait"), facts).fetchall()
    return waiting_since  # type: ignore[no-any-return]


def _read_unprocessable(connection: Connection, since: datetime) -> UnprocessableRecords | None:
    sought = {"reason": Reason.UNPROCESSABLE.value, "since": since}
    row = connection.execute(query("health/select_unprocessable"), sought).fetchone()
    return UnprocessableRecords(*row) if row else None


def _read_unread(connection: Connection, since: datetime) -> UnreadRecords | None:
    row = connection.execute(query("health/select_unread"), {"since": since}).fetchone()
    return UnreadRecords(*row) if row else None
