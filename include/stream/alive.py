"""Whether a launch of the stream is alive, by its lease. The clock is the database's, handed in."""

import time
from datetime import datetime

from include.db.connect import Connection
from include.db.queries import query
from include.settings_groups import LONGEST_SILENCE_SECONDS
from include.stream.lease import read_lease
from include.stream.types import Lease

# So many renewals that do not come tell that a launch has ended sooner, where no session is left to bring them.
SILENT_RENEWALS = 4
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


def wait_for_sign(connection: Connection, seen: Lease, *, renew_seconds: float) -> Lease | None:
    """Wait until the lease is another than the one that was seen, and return it; None if the launch has ended.

    It has ended if it was silent for long, or for some renewals while its role has no session left. It needs no clock,
    and an autocommit connection of the stream's own role.
    """
    began_at = time.monotonic()
    while True:
        lease = read_lease(connection)
        if lease is None:
            return None
        if (lease.epoch, lease.renewed_at) != (seen.epoch, seen.renewed_at):
            return lease
        silence = time.monotonic() - began_at
        if silence > max(LONGEST_SILENCE_SECONDS, SILENT_RENEWALS * renew_seconds):
            return None
        if silence > SILENT_RENEWALS * renew_seconds and not _has_sessions(connection):
            return None
        time.sleep(_POLL_SECONDS)


def _has_sessions(connection: Connection) -> bool:
    [(count,)] = connection.execute(query("stream/count_own_sessions")).fetchall()
    return int(count) > 0
