"""The process that keeps Airflow's four and the sender running, and takes all of them along when it is told to end.

    python -m stack.airflow.keeper LOG_FOLDER

`airflow standalone` would leave its children behind on SIGTERM, and starts none again that has died.
"""

import os
import signal
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

from include.log import configure_logging, get_logger
from include.settings import Settings, get_settings
from stack.airflow.components import COMMANDS, COMPONENT_END_SECONDS, TASKS_END_SECONDS, Component
from stack.airflow.configuration import home_of
from stack.airflow.housekeeping import Housekeeping
from stack.marks import MARK_KEY, end_marked

LOOK_SECONDS = 0.5
ASK_AGAIN_SECONDS = 1.0

log = get_logger()


def main() -> int:
    """Run until SIGTERM or SIGINT."""
    settings = get_settings()
    configure_logging(log_format=settings.log.format, level=settings.log.level)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    log_folder = Path(sys.argv[1])
    crew = [Component(name, log_folder) for name in COMMANDS]
    housekeeping = Housekeeping(home_of(settings), log_folder, history_days=settings.airflow.history_days)
    while not stop.wait(LOOK_SECONDS):
        for component in crew:
            keep(component)
        housekeeping.look()
    housekeeping.end()
    end_in_order(settings, crew)
    return 0


def keep(component: Component) -> None:
    """Start what is due, and take note of what has ended; what cannot be started now is due again later."""
    exit_code = component.note_end()
    if exit_code is not None:
        log.warning("component_ended", component=component.name, exit_code=exit_code)
    if not component.is_running() and time.monotonic() >= component.due_at:
        try:
            component.start()
        except OSError as error:  # no process, memory or disk to be had just now
            component.put_off()
            log.warning("component_not_started", component=component.name, error=str(error))
        else:
            log.info("component_started", component=component.name)


def end_in_order(settings: Settings, crew: list[Component]) -> None:
    """End everything, so that as little as possible is cut short.

    1. The scheduler starts nothing new.  2. The stream ends its batch and says so to the api-server, which still
    runs; so may any other task that is nearly done.  3. Tasks that go on are ended.  4. So are the other components.
    """
    scheduler = next(component for component in crew if component.name == "scheduler")
    scheduler.ask_to_end()
    deadline = time.monotonic() + TASKS_END_SECONDS
    while scheduler.is_running() and time.monotonic() < deadline:
        ask_stream_to_stop(settings)
        time.sleep(ASK_AGAIN_SECONDS)
    scheduler.end(0)
    for component in crew:
        component.ask_to_end()
    for component in crew:
        component.end(COMPONENT_END_SECONDS)
    ended = end_marked(os.environ.get(MARK_KEY, ""), patience_seconds=COMPONENT_END_SECONDS)
    log.info("airflow_ended", cut_short_count=ended)


def ask_stream_to_stop(settings: Settings) -> None:
    """Leave the wish in the database, as far as that can be reached."""
    # What this needs is large, and this process is there all day for the sake of its end.
    import psycopg

    from include.db.connect import Role, connect
    from include.errors import HeartbeatError
    from include.stream.lease import request_stop

    # Again and again: a launch that has not yet taken the lease does not know of the wish.
    with (
        suppress(HeartbeatError, psycopg.Error),
        connect(settings, Role.STREAM, autocommit=True) as connection,
    ):
        request_stop(connection)


if __name__ == "__main__":
    sys.exit(main())
