"""The notices in PostgreSQL: how each subject stood last."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from include.db.connect import Connection
from include.db.queries import query
from include.notices.types import Change, HeldBack


def lock_notices(connection: Connection) -> None:
    """Be the only session that records changes until the transaction ends: two would record the same one twice."""
    connection.execute(query("notices/lock_notices"))


def note_changes(connection: Connection, changes: Sequence[Change]) -> None:
    """Note those that differ from how their subject stood last; what nobody has heard of stands well."""
    with connection.cursor() as cursor:
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


def forget_subjects(connection: Connection, subjects: Sequence[str]) -> None:
    """Delete all that was noted of subjects that there are no more; nobody is told."""
    connection.execute(query("notices/delete_subjects"), {"subjects": list(subjects)})
