"""Day partitions and old results in PostgreSQL."""

from datetime import date, datetime, timedelta

from include.db.clock import read_clock
from include.db.connect import Connection
from include.db.queries import query
from include.maintenance.types import Day


def list_days(connection: Connection, parent: str) -> list[Day]:
    """Return the day partitions that a table has."""
    rows = connection.execute(query("maintenance/select_day_partitions"), {"parent": parent}).fetchall()
    return [Day(parent, day) for (day,) in rows]


def drop_day(connection: Connection, day: Day) -> int | None:
    """Drop a partition and return how many rows it had; None if it is not there.

    Raise ObjectNotInPrerequisiteState if the day must stay, LockNotAvailable if its table was never free.
    """
    values = {"parent": day.parent, "day": day.day}
    [(row_count,)] = connection.execute(query("maintenance/drop_day"), values).fetchall()
    return None if row_count is None else int(row_count)


def list_unpublished_hours(connection: Connection, day: date) -> list[datetime]:
    """Return the hours of a day that keep it from being dropped."""
    return [
        hour for (hour,) in connection.execute(query("maintenance/select_unpublished_hours"), {"day": day})
    ]


def prune(connection: Connection, statement: str, *, kept_days: int) -> int:
    """Delete old rows by one of the delete queries and return how many these were."""
    return connection.execute(query(f"maintenance/{statement}"), {"kept_days": kept_days}).rowcount


def prune_before(connection: Connection, statement: str, before: date) -> int:
    """Delete what is from before a day by one of the delete queries and return how many rows these were."""
    return connection.execute(query(f"maintenance/{statement}"), {"before": before}).rowcount


def prune_customer_hours(connection: Connection, *, kept_days: int) -> int:
    """Delete old hourly sums day by day, to keep transactions short; return how many rows that were."""
    values = _before(connection, kept_days)
    row_count = 0
    while deleted := connection.execute(query("maintenance/delete_old_customer_hours"), values).rowcount:
        row_count += deleted
    return row_count


def prune_held_back(connection: Connection, *, kept_days: int) -> dict[datetime, int]:
    """Forget who was held back in old hours that have no readings left; return how many rows that were, by hour."""
    return dict(
        connection.execute(query("maintenance/delete_held_back"), _before(connection, kept_days)).fetchall()
    )


def prune_accepted(connection: Connection, *, kept_days: int) -> int:
    """Forget what was accepted of old hours that have no readings left; return how many acceptances that were."""
    statement = query("maintenance/forget_acceptances")
    [(count,)] = connection.execute(statement, _before(connection, kept_days)).fetchall()
    return int(count)


def _before(connection: Connection, kept_days: int) -> dict[str, date]:
    return {"before": read_clock(connection).date() - timedelta(days=kept_days)}
