"""Note changes of state, each once, whatever is started anew; what is noted waits in the outbox for the sender."""

from collections.abc import Sequence

from include.db.connect import Role, connect, readable_errors
from include.errors import HeartbeatError
from include.log import get_logger
from include.notices import store
from include.notices.rules import changes_of_customers, changes_of_hours
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
        store.note(connection, [*changes, *hours, *customers])


def tell_task(settings: Settings, change: Change) -> None:
    """Report the state of a task if it has changed; never raises."""
    try:
        tell(settings, [change])
    except HeartbeatError as error:  # that the database is away is told by the sender
        log.warning(
            "change_not_noted", subject=change.subject, is_failing=change.is_failing, problem=str(error)
        )
