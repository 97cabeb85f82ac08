"""What time it is, by the one clock that all who ask the database share."""

from datetime import datetime

from include.db.connect import Connection
from include.db.queries import query


def read_clock(connection: Connection) -> datetime:
    """Return the database's time, UTC without a zone."""
    [(now,)] = connection.execute(query("db/select_clock")).fetchall()
    return now  # type: ignore[no-any-return]
