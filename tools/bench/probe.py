"""Another session that looks for new rows, every few milliseconds: a reading counts once it is seen here.

It looks for the probes among the records only (tools/bench/bodies.py) and steps along a small index, so that a look
costs the same however large the table is. A partition is stored in order, so the newest probe seen of its customer
is where the next look goes on.
"""

import gc
import itertools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from include.db.connect import Connection, Role, connect
from include.settings import Settings
from tools.bench.bodies import probe_customer
from tools.bench.figures import percentile

LOOK_SECONDS = 0.003
NEW_PROBES = """
select customer_id, (extract(epoch from event_time) * 1000000)::bigint
from heartbeats
where customer_id = any(%(customers)s) and risk_level = 'High' and event_time > %(since)s
"""
# On a table without statistics the planner would rather read all of it, and would plan each look anew.
PLANNING = (
    "set enable_seqscan = off",
    "set enable_bitmapscan = off",
    "set plan_cache_mode = force_generic_plan",
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Sighting(NamedTuple):
    """A probe, the instant at which it was created, and that at which it was first seen, in µs since 1970 UTC."""

    customer: UUID
    created_us: int
    seen_us: int

    @property
    def latency_ms(self) -> float:
        """From the one to the other."""
        return (self.seen_us - self.created_us) / 1000


class Probe:
    """Looks for the probes of all partitions that were created after `since_us`."""

    def __init__(self, connection: Connection, partitions: int, *, since_us: int) -> None:
        self._connection = connection
        self._newest_us = {probe_customer(partition): since_us for partition in range(partitions)}
        self._looked_at: list[float] = []

    @property
    def backend_pid(self) -> int:
        """The database's process that serves this session."""
        return self._connection.info.backend_pid

    def look(self) -> list[Sighting]:
        """Return what is new since the last look."""
        where = {
            "customers": list(self._newest_us),
            "since": _instant(min(self._newest_us.values())),
        }
        rows = self._connection.execute(NEW_PROBES, where, prepare=True, binary=True).fetchall()
        seen_us = time.time_ns() // 1000
        self._looked_at.append(seen_us / 1e6)
        new = [
            Sighting(customer, created_us, seen_us)
            for customer, created_us in rows
            if created_us > self._newest_us[customer]
        ]
        for sighting in new:
            self._newest_us[sighting.customer] = max(self._newest_us[sighting.customer], sighting.created_us)
        return new

    def looks(self, *, every_seconds: float = LOOK_SECONDS) -> Iterator[list[Sighting]]:
        """Look again and again, for ever."""
        due = time.monotonic()
        while True:
            yield self.look()
            due = max(due + every_seconds, time.monotonic())
            time.sleep(max(due - time.monotonic(), 0))

    def granularity_ms(self, share: float, *, since: float = 0) -> float:
        """Return how far two looks lay apart (a percentile), from the instant `since` on: what a figure may be off."""
        times = [at for at in self._looked_at if at >= since]
        return percentile([later - earlier for earlier, later in itertools.pairwise(times)], share) * 1e3


@contextmanager
def open_probe(settings: Settings, *, since_us: int) -> Iterator[Probe]:
    """Open a session for one measurement; Python's garbage collector keeps still meanwhile."""
    with connect(settings, Role.READER, autocommit=True, application="heartbeat-bench-probe") as connection:
        for statement in PLANNING:
            connection.execute(statement)
        gc.collect()
        gc.disable()
        try:
            yield Probe(connection, settings.kafka.partitions, since_us=since_us)
        finally:
            gc.enable()


def _instant(us: int) -> datetime:
    return (_EPOCH + timedelta(microseconds=us)).replace(tzinfo=None)
