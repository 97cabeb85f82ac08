"""Run the stream in the foreground, prepare what it needs, and ask a running one to stop."""

import signal
import subprocess
import time
from types import FrameType

import psycopg

from include.broker.topic import open_broker
from include.db.connect import Role, connect, readable_errors
from include.db.migrate import migrate
from include.db.sessions import slots_of, tell_shortage
from include.errors import HeartbeatError, StreamRunningError, TransientError
from include.log import get_logger
from include.settings import PROJECT_ROOT, Settings
from include.stream.alive import wait_for_sign
from include.stream.lease import read_lease, request_stop, withdraw_stop
from include.stream.submit import driver_environment, submit_command, submit_environment

# A launch that was asked to stop ends its turn first; see spark_jobs/launch.py for its own bound.
STOP_TIMEOUT_SECONDS = 60.0

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
        require_none_running(settings)
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
    """Ask the running launch to end its turn and wait until it has stopped; False if none was running.

    The request is written first: a launch that is slow to show that it lives finds it all the same. One that heeds it
    has renewed its lease since.
    """
    with connect(settings, Role.STREAM, autocommit=True) as connection, readable_errors(settings):
        before, asked = read_lease(connection), request_stop(connection)
        if before is None or asked is None:
            return False
        deadline = time.monotonic() + STOP_TIMEOUT_SECONDS
        seen = asked
        while time.monotonic() < deadline:
            sign = wait_for_sign(connection, seen, renew_seconds=settings.stream.lease_renew_seconds)
            if sign is not None and sign.epoch == asked.epoch:
                seen = sign
                continue
            if sign is None and seen is asked and not before.stop_requested:
                withdraw_stop(connection, asked)
            return sign is not None or seen is not asked
    raise TransientError("the stream did not stop within a minute: see its log, or stop it in Airflow")


def require_none_running(settings: Settings) -> None:
    """Raise StreamRunningError if a launch is alive."""
    with connect(settings, Role.STREAM, autocommit=True) as connection, readable_errors(settings):
        lease = read_lease(connection)
        if lease is None:
            return
        sign = wait_for_sign(connection, lease, renew_seconds=settings.stream.lease_renew_seconds)
        if sign is not None and sign.fenced_at is None:
            raise StreamRunningError(epoch=sign.epoch, holder=sign.holder)


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
