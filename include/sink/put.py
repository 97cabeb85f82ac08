"""The two ways to get readings into the table: straight in, or sorted first if some may already be there."""

from collections.abc import Callable
from typing import LiteralString

import numpy as np
import numpy.typing as npt

from include.db.connect import Connection
from include.db.queries import query
from include.domain.validation import Readings
from include.sink.encode import encode_readings
from include.stream.types import Launch

Rows = npt.NDArray[np.int32]
# Returns the places among the readings of those that were accepted, and of those in conflict.
Way = Callable[[Connection, Readings, Launch], tuple[Rows, Rows]]

_NO_ROWS = np.empty(0, dtype=np.int32)


def copy_readings(connection: Connection, readings: Readings, launch: Launch) -> tuple[Rows, Rows]:
    """Copy readings straight in; raise UniqueViolation if one of them is already there."""
    _copy(connection, query("sink/copy_heartbeats"), encode_readings(readings, launch.policy))
    return np.arange(len(readings), dtype=np.int32), _NO_ROWS


def sort_readings(connection: Connection, readings: Readings, launch: Launch) -> tuple[Rows, Rows]:
    """Insert the readings that are new; all that are neither new nor in conflict are duplicates.

    The work must grow with the number of readings and nothing else. The planner has no statistics for the staging
    table, so it is told how to join: staged with inserted rows by a hash, never each with each; staged rows with
    heartbeats by looking up each one in the index, never by reading all of heartbeats.
    """
    connection.execute(query("sink/create_staged"))
    _copy(connection, query("sink/copy_staged"), encode_readings(readings, launch.policy, with_row=True))
    connection.execute("set local enable_nestloop = off")
    accepted = [row for (row,) in connection.execute(query("sink/insert_staged"))]
    connection.execute(
        "set local enable_nestloop = on; set local enable_hashjoin = off; set local enable_mergejoin = off"
    )
    conflicts = [row for (row,) in connection.execute(query("sink/select_conflicts"))]
    return np.array(accepted, dtype=np.int32), np.array(conflicts, dtype=np.int32)


def _copy(connection: Connection, statement: LiteralString, rows: bytes) -> None:
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write(rows)
