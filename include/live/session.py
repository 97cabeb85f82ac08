"""A reader's session for the live page: read only, on one core, and no question takes longer than two seconds."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import orjson
import psycopg

from include.db.connect import Connection, Role, connect, readable_errors
from include.errors import LiveQueryTooSlowError
from include.settings import Settings

STATEMENT_TIMEOUT = "2s"

T = TypeVar("T")


class Session:
    """A reader's connection that is opened when it is needed, and anew after an error."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._connection: Connection | None = None

    def ask(self, question: Callable[[Connection], T]) -> T:
        """Return the answer; raise a HeartbeatError of one line where there is none."""
        try:
            with readable_errors(self._settings), bounded():
                return question(self._open())
        except LiveQueryTooSlowError:
            raise  # the connection is as good as before
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _open(self) -> Connection:
        if self._connection is None:
            # Kept at once: whatever fails from here on, `close` finds it.
            connection = self._connection = connect(
                self._settings, Role.READER, autocommit=True, application="heartbeat-live-page"
            )
            connection.execute("set default_transaction_read_only = on")
            connection.execute(f"set statement_timeout = '{STATEMENT_TIMEOUT}'")
            # A page takes no more than one core from the stream, and reads no table from end to end.
            connection.execute("set max_parallel_workers_per_gather = 0")
            connection.execute("set enable_seqscan = off")
            # Counting 200,000 customers takes some 30 MB; what does not fit goes through files.
            connection.execute("set work_mem = '64MB'")
        return self._connection


@contextmanager
def bounded() -> Iterator[None]:
    """Raise LiveQueryTooSlowError where the database gave a statement up for its time; the connection stays good."""
    try:
        yield
    except psycopg.errors.QueryCanceled:
        raise LiveQueryTooSlowError(limit=STATEMENT_TIMEOUT) from None


def as_json(value: object) -> bytes:
    """Return the JSON that the page reads: instants with a Z."""
    return orjson.dumps(value, option=orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS)
