"""One launch of the stream, from the checks before it to the reason for its end."""

import os
import shutil
import signal
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from py4j.protocol import Py4JError
from pyspark.errors import PySparkException, StreamingQueryException
from pyspark.sql import SparkSession
from pyspark.sql.streaming.query import StreamingQuery

from include.alarms.watch import AlarmsWatch
from include.broker.topic import open_broker
from include.db.connect import Role, connect, readable_errors
from include.domain.risk import load_policy
from include.errors import DatabaseUnavailableError, HeartbeatError
from include.log import get_logger
from include.settings import Settings
from include.sink.days import require_kept
from include.stream.lease import read_lease, request_stop
from include.stream.master import require_master
from include.stream.types import Launch, bounds_of
from include.turn.opening import open_launch
from include.watch.watch import Turns, Watch
from spark_jobs.failures import explain
from spark_jobs.query import count_slots, create_session, start_query
from spark_jobs.source import Plan

CHECKPOINT_PREFIX = "heartbeat-stream-"
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it
# Tasks see a wish to stop within a quarter of a second and end with their transaction.
TURN_END_SECONDS = 10.0
HARD_EXIT_SECONDS = 15.0
REHEARSAL_TURN = 1
POLL_SECONDS = 0.02
GLANCE_SECONDS = 1

log = get_logger()


def launch_stream(settings: Settings, *, drain: bool, feeds_alarms: bool = True) -> None:
    """Consume until asked to stop (or, with `drain`, up to what is there now); raise the error that ended it.

    In this order, so that a predecessor goes on until its successor can take its place:
    1. check the policy, the database, the topic and the cluster's master
    2. start Spark, and in it the query with a rehearsal: a launch that cannot read does not take another's place
    3. take the lease
    4. read where to begin
    5. run the turns under watch
    """
    policy = load_policy(settings.judging.risk_policy)
    with connect(settings, Role.STREAM, autocommit=True) as connection, readable_errors(settings):
        read_lease(connection)  # if the schema is missing, that shows here and not after Spark has started
        require_kept(connection, settings)
    with open_broker(settings) as broker:
        topic = broker.topic(settings.kafka.topic)
    require_master(settings)
    with _explained():
        spark = create_session(settings.spark.ui_port)
    launch = Launch(topic.name, topic.topic_id, 0, policy, bounds_of(settings), feeds_alarms)
    with _checkpoint() as checkpoint:
        plan_file = checkpoint / "plan"
        # The predecessor still stores meanwhile. Only now, with warm workers, does this launch take its place.
        query = _rehearse(spark, launch, checkpoint / "spark", plan_file)
        launch, ends = open_launch(settings, launch, topic, holder=_holder(), needs_all=drain)
        log.info(
            "stream_started",
            epoch=launch.epoch,
            topic=launch.topic,
            partitions=len(topic.partitions),
            policy=policy.version,
        )
        turns = Turns(
            settings.stream.turn_seconds,
            plan=lambda turn, tasks: Plan(turn, tasks, launch.epoch, ends if drain else None).write(
                plan_file
            ),
            count_slots=lambda: count_slots(spark),
            partitions=len(topic.partitions),
            is_single=drain,
        )
        _run_under_watch(settings, launch, turns, query)


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except (PySparkException, Py4JError) as failure:
        raise explain(failure) from None


def _rehearse(spark: SparkSession, launch: Launch, checkpoint: Path, plan_file: Path) -> StreamingQuery:
    """Start the query with a turn in which each worker does all that its task will do, but store."""
    with _explained():
        Plan(REHEARSAL_TURN, max(1, count_slots(spark))).write(plan_file)
        query = start_query(spark, launch, checkpoint=checkpoint, plan_file=plan_file)
        query.processAllAvailable()
    return query


def _holder() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


@contextmanager
def _checkpoint() -> Iterator[Path]:
    """Give a fresh folder, in memory where there is some; nothing in it is ever needed again."""
    parent = SHARED_MEMORY if os.access(SHARED_MEMORY, os.W_OK) else Path(tempfile.gettempdir())
    _remove_leftovers(parent)
    folder = tempfile.mkdtemp(prefix=f"{CHECKPOINT_PREFIX}{os.getpid()}-", dir=parent)
    try:
        yield Path(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _remove_leftovers(parent: Path) -> None:
    """Remove the folders of launches that were killed."""
    for folder in parent.glob(f"{CHECKPOINT_PREFIX}*"):
        owner = folder.name.removeprefix(CHECKPOINT_PREFIX).split("-")[0]
        if owner.isdigit() and not Path(f"/proc/{owner}").exists():
            shutil.rmtree(folder, ignore_errors=True)


def _run_under_watch(settings: Settings, launch: Launch, turns: Turns, query: StreamingQuery) -> None:
    # Filled by the watch's thread before it stops the query, so it is there when awaitTermination returns: it tells a
    # wanted end (None) and the watch's reason from a failure of Spark's own.
    ended_by: list[HeartbeatError | None] = []

    def end(error: HeartbeatError | None) -> None:
        ended_by.append(error)
        patience = HARD_EXIT_SECONDS + (TURN_END_SECONDS if error is None else 0)
        # A query that hangs cannot hold the process.
        timer = threading.Timer(patience, _leave, [error])
        timer.daemon = True
        timer.start()
        if error is None:
            _wait_for_turn_end(query)
        query.stop()
        timer.cancel()

    watch = Watch(settings, launch, turns, end)
    watch.start()
    _stop_on_sigterm(settings, launch, lambda: end(None))
    try:
        with _alarms_evaluated(settings, launch):
            if turns.is_single:
                query.processAllAvailable()
                query.stop()
            while not query.awaitTermination(GLANCE_SECONDS):
                if watch.is_unanswered and not ended_by:
                    end(DatabaseUnavailableError(address=settings.db.address))
    except (StreamingQueryException, Py4JError) as failure:
        if not ended_by:
            raise explain(failure) from None
    finally:
        watch.end()
    if ended_by and ended_by[0] is not None:
        raise ended_by[0]


@contextmanager
def _alarms_evaluated(settings: Settings, launch: Launch) -> Iterator[None]:
    if not launch.feeds_alarms:
        yield
        return
    alarms = AlarmsWatch(settings, holder=_holder())
    alarms.start()
    try:
        yield
    finally:
        alarms.end()


def _stop_on_sigterm(settings: Settings, launch: Launch, end: Callable[[], None]) -> None:
    """Let SIGTERM wish for a stop as anyone may; where the wish cannot be written down, end the query at once."""

    def wish() -> None:
        try:
            with connect(settings, Role.STREAM, autocommit=True) as connection, readable_errors(settings):
                request_stop(connection, epoch=launch.epoch)
        except HeartbeatError:
            end()

    # In a thread: a signal handler runs between two byte codes of the main thread, which may be waiting inside Py4J.
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=wish, daemon=True).start())


def _wait_for_turn_end(query: StreamingQuery) -> None:
    # A turn cut short would be safe, its open transactions only repeated by the next launch.
    deadline = time.monotonic() + TURN_END_SECONDS
    while query.isActive and query.status["isTriggerActive"] and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)


def _leave(error: HeartbeatError | None) -> None:
    """Leave at once, and take a JVM that no longer answers along."""
    log.error("hard_exit", message="the query did not stop in time" if error is None else str(error))
    parent = os.getppid()  # the JVM that spark-submit became: alone it would go on for ever
    if "java" in Path(f"/proc/{parent}/exe").resolve().name:
        os.kill(parent, signal.SIGKILL)
    os._exit(1 if error is None else error.exit_code)
