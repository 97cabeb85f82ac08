"""Tell changes of state, each once, whatever is started anew: what was noted and told stands in the database.

A notice that the webhook does not take waits, and those after it, until a later call sends them. Should a process end
between a notice's sending and its being marked, the notice is sent again, with the number that it had.
"""

import time
from collections.abc import Sequence
from datetime import datetime

from include.db.connect import Connection, Role, connect, readable_errors
from include.errors import HeartbeatError
from include.log import get_logger
from include.notices import outage, store, webhook
from include.notices.rules import (
    change_of_task,
    changes_of_customers,
    changes_of_hours,
    held_back_subject,
    worked,
)
from include.notices.types import Change
from include.settings import Settings

MOST_AT_ONCE = 100
# A slow webhook shall not keep the checks of each minute from their end.
SENDING_SECONDS = 20.0

log = get_logger()


def tell(settings: Settings, changes: Sequence[Change]) -> None:
    """Note what has changed, besides which hours are withheld or lack customers, and send what was not taken yet.

    Raise a HeartbeatError where the database cannot be reached.
    """
    with readable_errors(settings), connect(settings, Role.HOURLY, autocommit=True) as connection:
        with connection.transaction():
            store.lock_notices(connection)
            failing = store.read_failing(connection)
            hours = changes_of_hours(store.read_withheld(connection), failing)
            customers = changes_of_customers(store.read_held_back(connection), failing)
            store.note_changes(connection, [*outage.changes(settings), *changes, *hours, *customers])
        outage.forget(settings)
        _send(settings, connection)


def forget_held_back(connection: Connection, hours: Sequence[datetime]) -> None:
    """Let it be no change that nobody is held back any more in hours that are deleted, in the open transaction."""
    store.lock_notices(connection)
    store.forget_subjects(connection, [held_back_subject(hour) for hour in hours])


def tell_failed_task(settings: Settings, name: str, error: object, link: str) -> None:
    """Tell of a task that has failed for good; never raises."""
    _tell_task(settings, change_of_task(name, error, link))


def tell_worked_task(settings: Settings, name: str) -> None:
    """Tell of a task that works, if it was told that it fails; never raises."""
    _tell_task(settings, worked(name))


def _tell_task(settings: Settings, change: Change) -> None:
    try:
        tell(settings, [change])
    except HeartbeatError as error:  # that the database is away is told by the checks of each minute
        log.warning(
            "change_not_noted", subject=change.subject, is_failing=change.is_failing, problem=str(error)
        )


def _send(settings: Settings, connection: Connection) -> None:
    if not settings.health_webhook_url.get_secret_value():
        store.mark_sent(connection, None)
        return
    deadline = time.monotonic() + SENDING_SECONDS
    with store.sending(connection) as is_mine:
        for notice in store.read_unsent(connection, MOST_AT_ONCE) if is_mine else []:
            if time.monotonic() > deadline or not webhook.post(settings, notice):
                return
            store.mark_sent(connection, notice.number)
