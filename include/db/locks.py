"""Locks that sessions of the database hold against one another, each by its name."""

from collections.abc import Iterator
from contextlib import contextmanager

from include.db.connect import Connection
from include.db.queries import query
from include.errors import HeartbeatError


@contextmanager
def holding(connection: Connection, name: str, *, else_raise: HeartbeatError | None = None) -> Iterator[bool]:
    """Hold the lock for the length of a `with` block; where it is not free, raise that error or say so. Never wait.

    It is given back before the session ends, since the server may notice a session's end only a while later.
    """
    [(is_mine,)] = connection.execute(query("db/try_lock"), {"name": name}).fetchall()
    if else_raise is not None and not is_mine:
        raise else_raise
    try:
        yield bool(is_mine)
    finally:
        if is_mine and not connection.closed:
            connection.execute(query("db/unlock"), {"name": name})
