"""Report changes of state, each once, whatever is restarted: the database knows what was recorded and reported.

A notice that the webhook does not accept waits, with those after it, until a later call sends them. If a process ends
after sending a notice and before marking it, the notice is sent again under the same number.
"""

import time
from collections.abc import Sequence
from datetime import datetime

from include.db.connect import Connection, Role, connect, readable_errors
from include.db.locks import holding
from include.errors import HeartbeatError
from include.log import get_logger
from include.notices import outage, store, webhook
from include.notices.rules import changes_of_customers, changes_of_hours, held_back_subject
from include.notices.types import Change
from include.settings import Settings

SENDING_LOCK = "heartbeat-notices-sending"
MOST_AT_ONCE = 100
# A slow webhook must not keep the checks of each minute from finishing.
SENDING_SECONDS = 20.0

log = get_logger()


def tell(settings: Settings, changes: Sequence[Change]) -> None:
    """Record what has changed, which hours are withheld and in which customers are held back, and send what is unsent.

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


def tell_task(settings: Settings, change: Change) -> None:
    """Report the state of a task if it has changed; never raises."""
    try:
        tell(settings, [change])
    except HeartbeatError as error:  # the checks of each minute report that the database is away
        log.warning(
            "change_not_noted", subject=change.subject, is_failing=change.is_failing, problem=str(error)
        )


def _send(settings: Settings, connection: Connection) -> None:
    if not settings.health.webhook_url.get_secret_value():
        store.mark_sent(connection, None)
        return
    deadline = time.monotonic() + SENDING_SECONDS
    # One session sends at a time: if another is already sending, it will send these notices as well.
    with holding(connection, SENDING_LOCK) as is_mine:
        for notice in store.read_unsent(connection, MOST_AT_ONCE) if is_mine else []:
            if time.monotonic() > deadline or not webhook.post(settings, notice):
                return
            store.mark_sent(connection, notice.number)
