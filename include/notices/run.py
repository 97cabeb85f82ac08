"""Note changes of state, each once, whatever is started anew; what is noted waits in the outbox for the sender."""

from collections.abc import Sequence
from datetime import datetime

from include.db.connect import Connection, Role, connect, readable_errors
from include.errors import HeartbeatError
from include.log import get_logger
from include.notices import store
from include.notices.rules import changes_of_customers, changes_of_hours, held_back_subject
from include.notices.types import Change
from include.settings import Settings

log = get_logger()


def tell(settings: Settings, changes: Sequence[Change]) -> None:
    """Record what has changed, which hours are withheld, and in which customers are held back.

    Raise a HeartbeatError where the database cannot be reached.
    """
    with readable_errors(settings), connect(settings, Role.HOURLY, autocommit=True) as connection:
        failing = store.read_failing(connection)
        hours = changes_of_hours(store.read_withheld(connection), failing)
        customers = changes_of_customers(store.read_held_back(connection), failing)
        note(connection, [*changes, *hours, *customers])


def note(connection: Connection, changes: Sequence[Change]) -> None:
    """Note those that differ from how their subject stood last, in one transaction."""
    with connection.transaction():
        store.lock_notices(connection)
        store.note_changes(connection, changes)


def forget_held_back(connection: Connection, hours: Sequence[datetime]) -> None:
    """Let it be no change that nobody is held back any more in hours that are deleted, in the open transaction."""
    store.lock_notices(connection)
    store.forget_subjects(connection, [held_back_subject(hour) for hour in hours])


def tell_task(settings: Settings, change: Change) -> None:
    """Report the state of a task if it has changed; never raises."""
    try:
        tell(settings, [change])
    except HeartbeatError as error:  # that the database is away is told by the sender
        log.warning(
            "change_not_noted", subject=change.subject, is_failing=change.is_failing, problem=str(error)
        )
