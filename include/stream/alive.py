"""Whether a launch of the stream is alive, by its lease. The clock is the database's, handed in."""

import time
from datetime import datetime

from include.db.connect import Connection
from include.settings_groups import LONGEST_SILENCE_SECONDS
from include.stream.lease import read_lease
from include.stream.types import Lease

_POLL_SECONDS = 0.2


def silent_seconds(lease: Lease, now: datetime) -> float:
    """Return how long ago the launch gave its last sign of life."""
    return max((now - lease.renewed_at).total_seconds(), 0.0)


def is_alive(lease: Lease | None, now: datetime) -> bool:
    """Tell whether the launch that holds the lease has given a sign of life lately."""
    return lease is not None and silent_seconds(lease, now) <= LONGEST_SILENCE_SECONDS


def state_of(lease: Lease | None, now: datetime) -> str:
    """Return how the stream is: `never` (run), `fenced`, `silent`, `stopping` or `running`."""
    if lease is None:
        return "never"
    if lease.fenced_at is not None:
        return "fenced"
    if not is_alive(lease, now):
        return "silent"
    return "stopping" if lease.stop_requested else "running"


def is_renewing(connection: Connection, *, within_seconds: float) -> bool:
    """Wait for the lease to be renewed, for that long at most, and tell whether it was.

    It finds out sooner than `is_alive` that a launch has ended, and needs no clock.
    """
    seen = read_lease(connection)
    deadline = time.monotonic() + within_seconds
    while seen is not None and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
        if read_lease(connection) != seen:
            return True
    return False
