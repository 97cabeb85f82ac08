"""Day partitions and old results in PostgreSQL."""

from datetime import date, datetime

from psycopg import sql

from include.db.clock import read_clock
from include.db.connect import Connection
from include.db.queries import query
from include.maintenance.rules import READINGS, first_kept
from include.maintenance.types import Day
from include.settings import Settings

# Which column says of when a row is, in the tables whose rows are deleted by their age alone.
_AGED_BY = {
    "health_checks": "checked_at",
    "hour_ends": "hour",
    "messages": "planned_at",
    "alarm_touches": "noted_at",
    "customer_hourly_alarms": "hour",
}


def list_days(connection: Connection, parent: str) -> list[Day]:
    """Return the day partitions that a table has."""
    rows = connection.execute(query("maintenance/select_day_partitions"), {"parent": parent}).fetchall()
    return [Day(parent, day) for (day,) in rows]


def read_first_kept(connection: Connection, settings: Settings) -> dict[str, datetime]:
    """Return the first instant that stays now of each table whose old rows are deleted."""
    days = [day.day for day in list_days(connection, READINGS)]
    return first_kept(settings, read_clock(connection), days)


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


def prune(connection: Connection, statement: str, before: datetime) -> int:
    """Delete what is from before an instant by one of the delete queries and return how many rows these were."""
    return connection.execute(query(f"maintenance/{statement}"), {"before": before}).rowcount


def prune_aged(connection: Connection, table: str, before: datetime) -> int:
    """Delete a table's rows of before an instant, whatever they say, and return how many these were."""
    statement = sql.SQL("delete from {} where {} < %s")
    names = sql.Identifier(table), sql.Identifier(_AGED_BY[table])
    return connection.execute(statement.format(*names), [before]).rowcount


def prune_customer_hours(connection: Connection, before: datetime) -> int:
    """Delete old hourly sums day by day, to keep transactions short; return how many rows that were."""
    row_count = 0
    while deleted := prune(connection, "delete_old_customer_hours", before):
        row_count += deleted
    return row_count


def prune_held_back(connection: Connection, before: datetime) -> dict[datetime, int]:
    """Forget who was held back in old hours that have no readings left; return how many rows that were, by hour."""
    return dict(connection.execute(query("maintenance/delete_held_back"), {"before": before}).fetchall())


def prune_accepted(connection: Connection, before: datetime) -> int:
    """Forget what was accepted of old hours that have no readings left; return how many acceptances that were."""
    [(count,)] = connection.execute(query("maintenance/forget_acceptances"), {"before": before}).fetchall()
    return int(count)
