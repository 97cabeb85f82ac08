"""The notices in PostgreSQL: the last state of each subject, and the notices that nobody has accepted yet."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from include.db.connect import Connection
from include.db.queries import query
from include.notices.types import Change, HeldBack, Notice


def lock_notices(connection: Connection) -> None:
    """Be the only session that records changes until the transaction ends: two would record the same one twice."""
    connection.execute(query("notices/lock_notices"))


def note_changes(connection: Connection, changes: Sequence[Change]) -> None:
    """Record the changes that differ from their subject's last state; a subject without a notice is fine."""
    with connection.cursor() as cursor:
        cursor.executemany(query("notices/insert_notice"), [asdict(change) for change in changes])


def read_failing(connection: Connection) -> list[str]:
    """Return the subjects that are recorded as failing."""
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


def read_unsent(connection: Connection, most: int) -> list[Notice]:
    """Return the oldest notices that nobody has accepted."""
    return [
        Notice(*row) for row in connection.execute(query("notices/select_unsent_notices"), {"most": most})
    ]


def mark_sent(connection: Connection, number: int | None) -> None:
    """Mark a notice as accepted; None marks all of them, since there is nobody to report to."""
    connection.execute(query("notices/update_sent_notices"), {"id": number})
