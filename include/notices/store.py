"""The notices in PostgreSQL: how each subject stood last, and which notices nobody has taken yet."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from include.db.connect import Connection
from include.db.queries import query
from include.notices.types import Change, Notice


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


def read_unsent(connection: Connection, most: int) -> list[Notice]:
    """Return the oldest notices that nobody has taken."""
    return [
        Notice(*row) for row in connection.execute(query("notices/select_unsent_notices"), {"most": most})
    ]


def mark_sent(connection: Connection, number: int | None) -> None:
    """Note that a notice was taken; None: that all were, since there is nobody to tell."""
    connection.execute(query("notices/update_sent_notices"), {"id": number})
