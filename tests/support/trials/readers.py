"""Whoever reads while things go wrong: what is committed, and what is published, is true at every instant."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from include.db.connect import Connection, Role, connect
from include.errors import HeartbeatError
from include.settings import Settings
from tests.support.background import repeating

_EVERY_SECONDS = 0.5
# A day that is dropped is gone for older snapshots too, so none goes while somebody looks.
_KEEP_DAYS = "lock table heartbeats in access share mode"
_OFFSETS = "select topic_id, partition, next_offset, rewinds from stream_offsets"
_TOTALS = """
    select
        (select count(*) from heartbeats)
        + (select coalesce(sum(rows), 0) from retention_log where parent = 'heartbeats'),
        (select count(*) from dead_letters),
        (select coalesce(sum(accepted), 0) from stream_commits),
        (select coalesce(sum(quarantined), 0) from stream_commits)
"""
# A published hour, and how many readings of it are published, and stored of customers who are not held back. The sums
# of an expired day outlast its readings.
_PUBLISHED = """
    select
        hour,
        (select coalesce(sum(summed.readings), 0) from customer_hourly as summed where summed.hour = status.hour),
        (
            select count(*) from heartbeats
            where
                event_time >= status.hour and event_time < status.hour + interval '1 hour'
                and slot_of(event_time) >= status.hour and slot_of(event_time) < status.hour + interval '1 hour'
                and customer_id not in (
                    select held.customer_id from held_back_customers as held where held.hour = status.hour
                )
        )
    from hour_status as status
    where state = 'published' and to_regclass('heartbeats_' || to_char(status.hour, 'YYYYMMDD')) is not null
"""


class Readers:
    """Look again and again, each time as of one instant; `wrong` is what was not true."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._connection: Connection | None = None
        self._offsets: dict[Any, tuple[int, int]] = {}
        self.looks = 0
        self.published_hours = 0
        self.wrong: list[str] = []

    def look(self) -> None:
        """Look once; a database that is away is asked again the next time."""
        try:
            if self._connection is None or self._connection.closed:
                self._connection = connect(self._settings, Role.READER, autocommit=True)
                self._connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            with self._connection.transaction():
                self._connection.execute(_KEEP_DAYS)
                self._look(self._connection)
        except (HeartbeatError, psycopg.Error):
            self.close()

    def close(self) -> None:
        """End the session."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def _look(self, connection: Connection) -> None:
        for topic_id, partition, offset, rewinds in connection.execute(_OFFSETS).fetchall():
            before, rewinds_before = self._offsets.get((topic_id, partition), (0, 0))
            if offset < before and rewinds == rewinds_before:
                self.wrong.append(f"partition {partition} went back from {before} to {offset}")
            self._offsets[topic_id, partition] = offset, rewinds
        [(readings, letters, accepted, quarantined)] = connection.execute(_TOTALS).fetchall()
        if (readings, letters) != (accepted, quarantined):
            self.wrong.append(
                f"{readings} readings and {letters} letters, by the ledger {accepted}, {quarantined}"
            )
        for hour, summed, stored in connection.execute(_PUBLISHED).fetchall():
            self.published_hours += 1
            if summed != stored:
                self.wrong.append(f"{hour} is published with {summed} of {stored} readings")
        self.looks += 1


@contextmanager
def readers(settings: Settings, *, every_seconds: float = _EVERY_SECONDS) -> Iterator[Readers]:
    """Let somebody read for the length of a `with` block."""
    reading = Readers(settings)
    try:
        with repeating(reading.look, every_seconds=every_seconds):
            yield reading
    finally:
        reading.close()
