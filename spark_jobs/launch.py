"""One launch of the stream, from the checks before it to the reason for its end."""

import os
import re
import shutil
import signal
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from py4j.protocol import Py4JError, Py4JNetworkError
from pyspark.errors import PySparkException, StreamingQueryException
from pyspark.sql import SparkSession
from pyspark.sql.streaming.query import StreamingQuery

import include.errors as product_errors
from include.broker.access import password_environment
from include.broker.topic import Topic, open_broker
from include.db.connect import Role, connect, readable_errors
from include.domain.judge import SECONDS_PER_DAY, TimeBounds
from include.domain.risk import RiskPolicy, load_policy
from include.errors import HeartbeatError, MissingPartError, SettingsError, StreamFailedError
from include.ingest.lease import read_lease, take_lease
from include.ingest.offsets import open_offsets
from include.ingest.types import Launch
from include.ingest.watch import Watch, hard_exit_after
from include.log import get_logger
from include.settings import Settings
from include.stream.master import require_master
from spark_jobs.batch_log import BatchLog
from spark_jobs.query import create_session, rehearse, start_query

CONNECTOR_CLASS = "org/apache/spark/sql/kafka010/KafkaSourceProvider.class"
CHECKPOINT_PREFIX = "heartbeat-stream-"
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it
BATCH_END_SECONDS = 30.0
LISTENERS_TIMEOUT_MS = 5000
HARD_EXIT_SECONDS = 15.0

log = get_logger()


def launch_stream(settings: Settings, *, drain: bool) -> None:
    """Consume until asked to stop (or, with `drain`, up to what is there now); raise the error that ended it.

    In this order, so that a predecessor goes on until its successor can take its place:
    1. check the policy, the database, the topic and the cluster's master
    2. start Spark, and rehearse: a launch that cannot read does not take another's place
    3. take the lease
    4. read where to begin
    5. run the query under watch
    """
    policy = load_policy(settings.risk_policy)
    with connect(settings, Role.STREAM, autocommit=True) as connection, readable_errors(settings):
        read_lease(connection)
    topic = _read_topic(settings)
    bounds = TimeBounds(settings.readings_retention_days * SECONDS_PER_DAY, settings.max_clock_skew_seconds)
    require_master(settings)
    spark = _start_spark(settings)
    _rehearse(spark, settings, topic, bounds)
    launch, starts = _open(settings, policy, topic, bounds)
    log.info(
        "stream_started",
        epoch=launch.epoch,
        topic=launch.topic,
        partitions=len(starts),
        policy=policy.version,
    )
    with _checkpoint(launch.epoch) as checkpoint:
        spark.streams.addListener(BatchLog(settings, launch.epoch))
        query = start_query(spark, settings, launch, starts, checkpoint=checkpoint, drain=drain)
        _run_under_watch(settings, launch, query)
        _let_listeners_finish(spark)


def _read_topic(settings: Settings) -> Topic:
    with open_broker(settings) as broker:
        return broker.topic(settings.kafka_topic)


def _start_spark(settings: Settings) -> SparkSession:
    try:
        spark = create_session()
    except Py4JError as failure:
        raise _explain(failure) from None
    jvm: Any = spark.sparkContext._jvm
    loader = jvm.java.lang.Thread.currentThread().getContextClassLoader()
    if loader.getResource(CONNECTOR_CLASS) is None:
        raise MissingPartError("Spark's Kafka connector is not installed: run 'make setup'")
    for variable in password_environment(settings):
        if not jvm.java.lang.System.getenv(variable):
            raise SettingsError(
                f"{variable} is not in the environment of spark-submit, and Spark reads it there: "
                "export it, or start the stream with 'python main.py consumer'"
            )
    return spark


def _rehearse(spark: SparkSession, settings: Settings, topic: Topic, bounds: TimeBounds) -> None:
    with open_broker(settings) as broker:
        held = broker.ranges(topic)
    try:
        rehearse(spark, settings, held, bounds)
    except (PySparkException, Py4JError) as failure:
        raise _explain(failure) from None


def _open(
    settings: Settings, policy: RiskPolicy, topic: Topic, bounds: TimeBounds
) -> tuple[Launch, dict[int, int]]:
    with connect(settings, Role.STREAM, autocommit=True) as connection, readable_errors(settings):
        epoch = take_lease(connection, f"{socket.gethostname()}:{os.getpid()}")
        launch = Launch(topic.name, topic.topic_id, epoch, policy, bounds)
        with open_broker(settings) as broker:
            held = broker.ranges(topic)
        starts = open_offsets(connection, topic=topic.name, topic_id=topic.topic_id, epoch=epoch, held=held)
    return launch, starts


@contextmanager
def _checkpoint(epoch: int) -> Iterator[str]:
    """Give a fresh folder, in memory where there is some; nothing in it is ever needed again."""
    parent = SHARED_MEMORY if os.access(SHARED_MEMORY, os.W_OK) else Path(tempfile.gettempdir())
    _remove_leftovers(parent)
    folder = tempfile.mkdtemp(prefix=f"{CHECKPOINT_PREFIX}{os.getpid()}-{epoch}-", dir=parent)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _remove_leftovers(parent: Path) -> None:
    """Remove the folders of launches that were killed."""
    for folder in parent.glob(f"{CHECKPOINT_PREFIX}*"):
        owner = folder.name.removeprefix(CHECKPOINT_PREFIX).split("-")[0]
        if owner.isdigit() and not Path(f"/proc/{owner}").exists():
            shutil.rmtree(folder, ignore_errors=True)


def _run_under_watch(settings: Settings, launch: Launch, query: StreamingQuery) -> None:
    ended_by: list[HeartbeatError | None] = []

    def end(error: HeartbeatError | None) -> None:
        ended_by.append(error)
        timer = hard_exit_after(
            HARD_EXIT_SECONDS + (BATCH_END_SECONDS if error is None else 0), lambda: _leave(error)
        )
        if error is None:
            _wait_for_batch_end(query)
        query.stop()
        timer.cancel()

    watch = Watch(settings, launch, end)
    watch.start()
    signal.signal(signal.SIGTERM, lambda *_: query.stop())
    try:
        query.awaitTermination()
    except (StreamingQueryException, Py4JError) as failure:
        if not ended_by:
            raise _explain(failure) from None
    finally:
        watch.end()
    if ended_by and ended_by[0] is not None:
        raise ended_by[0]


def _wait_for_batch_end(query: StreamingQuery) -> None:
    # A batch cut short would be safe, only repeated by the next launch. Where readings never pause there is no
    # moment without a batch: then it is the end of one that counts.
    running = _last_batch(query)
    deadline = time.monotonic() + BATCH_END_SECONDS
    while query.isActive and query.status["isTriggerActive"] and time.monotonic() < deadline:
        if _last_batch(query) != running:
            return
        time.sleep(0.02)


def _last_batch(query: StreamingQuery) -> int | None:
    """Return the number of the newest batch that has ended."""
    progress = query.lastProgress
    return None if progress is None else int(progress["batchId"])


def _let_listeners_finish(spark: SparkSession) -> None:
    """Let the last batch's line be written before Spark goes."""
    jvm_session: Any = spark.sparkContext._jsc
    jvm_session.sc().listenerBus().waitUntilEmpty(LISTENERS_TIMEOUT_MS)


def _explain(failure: PySparkException | Py4JError) -> HeartbeatError:
    """Find the product's own error in what a task threw through Spark, or say what Spark says in one line."""
    if isinstance(failure, Py4JNetworkError):
        return StreamFailedError(
            "Spark's JVM is gone: this launch ends, the next one goes on from the database"
        )
    text = str(failure)
    for name, message in re.findall(r"^include\.errors\.(\w+): (.+)$", text, re.MULTILINE):
        kind = getattr(product_errors, name, None)
        if isinstance(kind, type) and issubclass(kind, HeartbeatError):
            error = kind.__new__(kind)
            Exception.__init__(error, message)
            return error
    # Py4J's own first line only says which call it was.
    lines = [
        line.removeprefix(": ") for line in text.splitlines() if not line.startswith("An error occurred")
    ]
    reason = next((line for line in lines if line.strip()), "no reason given")
    return StreamFailedError(f"Spark failed: {reason[:300]}")


def _leave(error: HeartbeatError | None) -> None:
    """Leave at once, and take a JVM that no longer answers along."""
    log.error("hard_exit", message="the query did not stop in time" if error is None else str(error))
    parent = os.getppid()
    if "java" in Path(f"/proc/{parent}/exe").resolve().name:
        os.kill(parent, signal.SIGKILL)
    os._exit(1 if error is None else error.exit_code)
