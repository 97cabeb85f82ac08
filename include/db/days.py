"""The partition of one day, which a table needs before a row of that day comes."""

from datetime import date

from include.db.connect import Connection
from include.db.queries import query


def ensure_day(connection: Connection, parent: str, day: date) -> bool:
    """Make a table's partition and return True, or False if it was there."""
    [(is_new,)] = connection.execute(query("db/ensure_day"), {"parent": parent, "day": day}).fetchall()
    return bool(is_new)
