"""The notices in PostgreSQL: how each subject stood last, and which notices nobody has taken yet."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime

from include.db.connect import Connection
from include.notices.sql import query
from include.notices.types import Change, HeldBack, Notice


def lock_notices(connection: Connection) -> None:
    """Be the only one that notes changes, until the transaction ends: two would note the same one twice."""
    connection.execute(query("lock_notices"))


def note_changes(connection: Connection, changes: Sequence[Change]) -> None:
    """Note those that differ from how their subject stood last; what nobody has heard of stands well."""
    with connection.cursor() as cursor:
        cursor.executemany(query("insert_notice"), [asdict(change) for change in changes])


def read_failing(connection: Connection) -> list[str]:
    """Return the subjects that fail, as far as was noted."""
    return [subject for (subject,) in connection.execute(query("select_failing_subjects"))]


def read_withheld(connection: Connection) -> dict[datetime, str]:
    """Return the withheld hours with their reasons, the oldest first."""
    return dict(connection.execute(query("select_withheld_hours")).fetchall())


def read_held_back(connection: Connection) -> list[HeldBack]:
    """Return the hours in which customers are held back, the oldest first."""
    return [HeldBack(*row) for row in connection.execute(query("select_held_back_hours"))]


def forget_subjects(connection: Connection, subjects: Sequence[str]) -> None:
    """Delete all that was noted of subjects that there are no more; nobody is told."""
    connection.execute(query("delete_subjects"), {"subjects": list(subjects)})


def read_unsent(connection: Connection, most: int) -> list[Notice]:
    """Return the oldest notices that nobody has taken."""
    return [Notice(*row) for row in connection.execute(query("select_unsent_notices"), {"most": most})]


def mark_sent(connection: Connection, number: int | None) -> None:
    """Note that a notice was taken; None: that all were, since there is nobody to tell."""
    connection.execute(query("update_sent_notices"), {"id": number})


@contextmanager
def sending(connection: Connection) -> Iterator[bool]:
    """Tell whether this session may send, which one does at a time; another one that is at it sends what it finds."""
    [(is_mine,)] = connection.execute(query("lock_sending")).fetchall()
    try:
        yield bool(is_mine)
    finally:
        if is_mine:
            connection.execute(query("unlock_sending"))
