"""The stream's lease: who may commit, and whether it was asked to stop.

Only take-overs and renewals write the lease's row, and no task locks it. What keeps an older launch out is the epoch on
the rows that a commit updates: a take-over first ends the sessions in which older tasks store, so that it need not
wait for them, and then writes its own epoch on each partition of stream_offsets.
"""

from include.db.connect import Connection
from include.db.queries import query
from include.errors import FencedError
from include.log import get_logger
from include.stream.types import Lease, Sign

LEASE_NAME = "heartbeat_stream"
# The turn in which a launch begins to store; the one before is its rehearsal.
FIRST_TURN = 2
# The name of the sessions that store, before a hyphen and the epoch of their launch.
SINK_APPLICATION = "heartbeat-sink"

log = get_logger()


def take_lease(connection: Connection, holder: str, *, policy_version: str) -> int:
    """Become the only writer and return the new epoch. Needs an autocommit connection.

    From then on readings are classified by this risk policy, which is recorded if it differs from the one before.
    """
    [(epoch,)] = connection.execute(
        query("stream/take_lease"), {"name": LEASE_NAME, "holder": holder, "turn": FIRST_TURN}
    ).fetchall()
    _refuse_earlier(connection, int(epoch))
    _drop_former_key(connection)
    noted = {"lease": LEASE_NAME, "epoch": epoch, "version": policy_version}
    connection.execute(query("stream/note_policy"), noted)
    return int(epoch)


def fence_lease(connection: Connection, epoch: int) -> bool:
    """Lock out launch `epoch`, as a newer launch would; return False if a newer one already has. Needs autocommit.

    The launch exits at its next sign of life, and the next one takes the lease as usual.
    """
    fenced = connection.execute(query("stream/fence_lease"), {"name": LEASE_NAME, "epoch": epoch}).fetchone()
    if fenced is None:
        return False
    _refuse_earlier(connection, int(fenced[0]))
    return True


def renew_lease(connection: Connection, epoch: int, turn: int) -> bool:
    """Show that launch `epoch` is alive in `turn`; return whether it is to stop; raise FencedError if superseded."""
    values = {"name": LEASE_NAME, "epoch": epoch, "turn": turn}
    row = connection.execute(query("stream/renew_lease"), values).fetchone()
    if row is None:
        raise FencedError(epoch=epoch, newest_epoch=_newest_epoch(connection))
    return bool(row[0])


def require_lease(connection: Connection, epoch: int) -> None:
    """Raise FencedError if a newer launch has taken over."""
    if (newest := _newest_epoch(connection)) != epoch:
        raise FencedError(epoch=epoch, newest_epoch=newest)


def read_sign(connection: Connection) -> Sign:
    """Return what a task needs to know about its launch."""
    row = connection.execute(query("stream/read_sign"), {"lease": LEASE_NAME}, prepare=True).fetchone()
    return Sign(*row) if row else Sign(0, 0, stop_requested=False)


def read_lease(connection: Connection) -> Lease | None:
    """Return the lease as it stands, or None if the stream has never run."""
    row = connection.execute(query("stream/select_lease"), {"name": LEASE_NAME}).fetchone()
    return Lease(*row) if row else None


def request_stop(connection: Connection, *, epoch: int | None = None) -> Lease | None:
    """Ask the running launch (or launch `epoch` only) to end its turn and stop; the next launch is not affected."""
    row = connection.execute(query("stream/request_stop"), {"name": LEASE_NAME, "epoch": epoch}).fetchone()
    return Lease(*row) if row else None


def withdraw_stop(connection: Connection, asked: Lease) -> None:
    """Take back a request that nobody has seen: a launch that had ended before was not stopped on request."""
    values = {"name": LEASE_NAME, "epoch": asked.epoch, "renewed_at": asked.renewed_at}
    connection.execute(query("stream/withdraw_stop"), values)


def sink_application(epoch: int) -> str:
    """Return the name of the sessions of a launch's tasks."""
    return f"{SINK_APPLICATION}-{epoch}"


def _drop_former_key(connection: Connection) -> None:
    """Let go of the readings' former key, which an earlier version's launch, now locked out, stored by."""
    [(is_gone,)] = connection.execute(query("stream/drop_former_key")).fetchall()
    if not is_gone:
        log.warning(
            "former_key_stays",
            message="somebody reads the readings; the next launch tries again: storing is slower",
        )


def _newest_epoch(connection: Connection) -> int:
    lease = read_lease(connection)
    return lease.epoch if lease else 0


def _refuse_earlier(connection: Connection, epoch: int) -> None:
    """End the sessions that store for launches before `epoch`, then take all partitions from them."""
    values = {"application": SINK_APPLICATION, "epoch": epoch}
    ended = connection.execute(query("stream/end_sink_sessions"), values).fetchall()
    if not all(has_ended for _, has_ended in ended):
        # A session that had just left by itself counts as not ended, too: look again who is still there.
        ended = connection.execute(query("stream/end_sink_sessions"), values).fetchall()
    staying = [pid for pid, has_ended in ended if not has_ended]
    if staying:
        log.warning("sessions_did_not_end", session_count=len(staying))
    connection.execute(query("stream/refuse_launches"), {"epoch": epoch})
