"""The notices in PostgreSQL: how each subject stood last."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime

from include.db.connect import Connection
from include.db.queries import query
from include.notices.rules import held_back_subject
from include.notices.types import Change, HeldBack


def note(connection: Connection, changes: Sequence[Change]) -> None:
    """Note those that differ from how their subject stood last, in one transaction; the unheard-of stands well."""
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(query("notices/lock_notices"))  # two at once would record the same one twice
        cursor.executemany(query("notices/insert_notice"), [asdict(change) for change in changes])


def read_failing(connection: Connection) -> list[str]:
    """Return the subjects that fail, as far as was noted."""
    return [subject for (subject,) in connection.execute(query("notices/select_failing_subjects"))]


def read_withheld(connection: Connection) -> dict[datetime, str]:
    """Return the withheld hours with their reasons, the oldest first."""
    return dict(connection.execute(query("notices/select_withheld_hours")).fetchall())


def read_held_back(connection: Connection) -> list[HeldBack]:
    """Return the hours in which customers are held back, the oldest first."""
    return [HeldBack(*row) for row in connection.execute(query("notices/select_held_back_hours"))]


def forget_held_back(connection: Connection, hours: Iterable[datetime]) -> None:
    """Let it be no change that nobody is held back any more in hours that are deleted, in the open transaction."""
    connection.execute(query("notices/lock_notices"))
    subjects = [held_back_subject(hour) for hour in hours]
    connection.execute(query("notices/delete_subjects"), {"subjects": subjects})
