"""The scheduler's container: the tasks run in it, so before it ends the stream is asked to end its batch."""

import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from include.log import get_logger
from include.settings import Settings
from stack.airflow.components import TASKS_END_SECONDS
from stack.airflow.configuration import home_of
from stack.airflow.housekeeping import Housekeeping
from stack.airflow.keeper import ASK_AGAIN_SECONDS, LOOK_SECONDS, ask_stream_to_stop

log = get_logger()


def run_scheduler(settings: Settings, command: list[str], surroundings: dict[str, str]) -> int:
    """Run until SIGTERM or SIGINT, or until the scheduler ends by itself; return its exit code.

    What is left then ends with the container: an orphaned stream would be fenced by its successor all the same.
    """
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with tempfile.TemporaryDirectory() as no_logs:  # of the container the engine keeps the log
        housekeeping = Housekeeping(
            home_of(settings), Path(no_logs), history_days=settings.airflow.history_days
        )
        scheduler = subprocess.Popen(command, env=surroundings, start_new_session=True)
        while scheduler.poll() is None and not stop.wait(LOOK_SECONDS):
            housekeeping.look()
        housekeeping.end()
    if scheduler.poll() is None:
        _end(settings, scheduler)
    log.info("scheduler_ended", exit_code=scheduler.returncode)
    return scheduler.returncode


def _end(settings: Settings, scheduler: subprocess.Popen[bytes]) -> None:
    """Let it start nothing new, and end the stream; what takes longer is cut short."""
    scheduler.terminate()
    deadline = time.monotonic() + TASKS_END_SECONDS
    while scheduler.poll() is None and time.monotonic() < deadline:
        ask_stream_to_stop(settings)
        time.sleep(ASK_AGAIN_SECONDS)
    scheduler.kill()
    scheduler.wait()
