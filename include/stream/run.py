"""Run the stream in the foreground, prepare what it needs, and ask a running one to stop."""

import signal
import subprocess
import time
from types import FrameType

import psycopg

from include.broker.topic import open_broker
from include.db.connect import Connection, Role, connect, readable_errors
from include.db.migrate import migrate
from include.db.sessions import slots_of, tell_shortage
from include.errors import HeartbeatError, StreamRunningError, TransientError
from include.log import get_logger
from include.settings import PROJECT_ROOT, Settings
from include.stream.alive import is_renewing
from include.stream.lease import read_lease, request_stop
from include.stream.submit import driver_environment, submit_command, submit_environment

# A launch that was asked to stop ends its turn first; see spark_jobs/launch.py for its own bound.
STOP_TIMEOUT_SECONDS = 60.0
SILENT_RENEWALS = 4

log = get_logger()


def prepare(settings: Settings) -> None:
    """Migrate the database and create the topic, unless that is done already."""
    migrate(settings)
    with open_broker(settings) as broker:
        if broker.ensure_topic(settings.kafka.topic, settings.kafka.partitions):
            log.info("topic_created", topic=settings.kafka.topic, partitions=settings.kafka.partitions)


def check_size(settings: Settings) -> None:
    """Warn where the database lets in fewer sessions than a stream of this size, and all beside it, may open."""
    with connect(settings, Role.STREAM, autocommit=True) as connection, readable_errors(settings):
        tell_shortage(connection, slots_of(settings.spark.master, settings.kafka.partitions))


def run_stream(settings: Settings, *, drain: bool, takes_over: bool) -> int:
    """Prepare, run one launch until it ends, and return its exit code; raise StreamRunningError if one is alive.

    The first Ctrl-C or SIGTERM lets it end its turn, the second ends it at once; both are safe.
    """
    prepare(settings)
    check_size(settings)
    if not takes_over:
        # It would be safe, but if Airflow keeps a stream running, the two would keep superseding each other.
        _require_none_running(settings)
    # In a session of its own: a terminal's Ctrl-C would otherwise reach the JVM as well and cut the turn short.
    child = subprocess.Popen(
        submit_command(settings, drain=drain),
        cwd=PROJECT_ROOT,
        env={**submit_environment(settings), **driver_environment(settings)},
        start_new_session=True,
    )
    _forward_signals(settings, child)
    return child.wait()


def stop_stream(settings: Settings) -> bool:
    """Ask the running launch to end its turn and wait until it has stopped; False if none was running."""
    with connect(settings, Role.STREAM, autocommit=True) as connection, readable_errors(settings):
        if not _is_alive(connection, settings):
            return False
        request_stop(connection)
        deadline = time.monotonic() + STOP_TIMEOUT_SECONDS
        while time.monotonic() < deadline:
            if not _is_alive(connection, settings):
                return True
    raise TransientError("the stream did not stop within a minute: see its log, or stop it in Airflow")


def _require_none_running(settings: Settings) -> None:
    with connect(settings, Role.STREAM, autocommit=True) as connection, readable_errors(settings):
        lease = read_lease(connection)
        if lease is not None and _is_alive(connection, settings):
            raise StreamRunningError(epoch=lease.epoch, holder=lease.holder)


def _is_alive(connection: Connection, settings: Settings) -> bool:
    return is_renewing(connection, within_seconds=SILENT_RENEWALS * settings.stream.lease_renew_seconds)


def _forward_signals(settings: Settings, child: subprocess.Popen[bytes]) -> None:
    asked = False

    def stop(_number: int, _frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            child.terminate()
            return
        asked = True
        log.info("stop_requested", message="ending the turn; once more to end at once")
        try:
            with connect(settings, Role.STREAM, autocommit=True) as connection:
                request_stop(connection)
        except (HeartbeatError, psycopg.Error):
            child.terminate()  # the request cannot be stored; the next launch repeats whatever was not committed

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
