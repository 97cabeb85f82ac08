"""The stream's lease: who may commit, and whether it was asked to stop."""

from typing import Any

from psycopg import errors

from include.db.connect import Connection
from include.errors import FencedError, TransientError
from include.ingest.types import Lease
from include.log import get_logger
from include.sql import query

LEASE_NAME = "heartbeat_stream"
SINK_APPLICATION = "heartbeat-sink"
# A launch renews its lease each second; one that has been silent for so long is told as gone.
LEASE_IS_ALIVE_SECONDS = 15.0

_ATTEMPTS = 5

log = get_logger()


def take_lease(connection: Connection, holder: str) -> int:
    """Become the only writer and return the new epoch. Needs an autocommit connection."""
    [(epoch,)] = _change_lease(connection, "take_lease", {"name": LEASE_NAME, "holder": holder})
    return int(epoch)


def fence_lease(connection: Connection, epoch: int) -> bool:
    """Refuse launch `epoch` from now on, as a newer one would; False if one has taken over. Needs autocommit.

    The launch exits at its next sign of life, and the next one takes the lease as ever.
    """
    return bool(_change_lease(connection, "fence_lease", {"name": LEASE_NAME, "epoch": epoch}))


def renew_lease(connection: Connection, epoch: int) -> bool:
    """Show that launch `epoch` is alive and return whether it was asked to stop; raise FencedError if superseded."""
    row = connection.execute(query("renew_lease"), {"name": LEASE_NAME, "epoch": epoch}).fetchone()
    if row is None:
        raise FencedError(epoch=epoch, newest_epoch=_newest_epoch(connection))
    return bool(row[0])


def hold_lease(connection: Connection, epoch: int) -> None:
    """Keep any newer launch from starting until this transaction ends; raise FencedError if one already has."""
    row = connection.execute(query("hold_lease"), {"name": LEASE_NAME}).fetchone()
    newest = int(row[0]) if row else 0
    if newest != epoch:
        raise FencedError(epoch=epoch, newest_epoch=newest)


def read_lease(connection: Connection) -> Lease | None:
    """Return the lease as it stands, or None if the stream has never run."""
    row = connection.execute(query("select_lease"), {"name": LEASE_NAME}).fetchone()
    return Lease(*row) if row else None


def request_stop(connection: Connection) -> Lease | None:
    """Ask the running launch to stop between two batches; the next launch is not affected."""
    row = connection.execute(query("request_stop"), {"name": LEASE_NAME}).fetchone()
    return Lease(*row) if row else None


def _newest_epoch(connection: Connection) -> int:
    lease = read_lease(connection)
    return lease.epoch if lease else 0


def _change_lease(connection: Connection, statement: str, values: dict[str, object]) -> list[tuple[Any, ...]]:
    """Run a statement that raises the epoch, and return its rows.

    The launch's running transactions are waited for, since each holds the lease; one that hangs (its process was
    stopped, its host is gone) would do so for ever, so after the lock time-out its session is ended.
    """
    for _ in range(_ATTEMPTS):
        try:
            with connection.transaction():
                connection.execute("set local lock_timeout = '3s'")
                return connection.execute(query(statement), values).fetchall()
        except errors.LockNotAvailable:
            ended = connection.execute(
                query("end_sink_sessions"), {"application": SINK_APPLICATION}
            ).fetchall()
            log.warning("hanging_sessions_ended", session_count=len(ended))
    raise TransientError(
        "the stream's lease stays locked by another session: look at pg_stat_activity, then try again"
    )
