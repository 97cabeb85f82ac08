"""The Spark session, and the streaming query whose batches are turns."""

from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession
from pyspark.sql.streaming.query import StreamingQuery

from include.settings import PROJECT_ROOT
from include.stream.types import Launch
from spark_jobs.source import LAUNCH, NAME, PLAN_FILE, HeartbeatSource

_CHECKPOINT_INTERVAL_MS = "600000"
# As for the driver in the properties file; an executor starts in a folder of its own, so its path is a whole one.
_EXECUTOR_FLAGS = (
    "-XX:+UseSerialGC -XX:MaxMetaspaceSize=256m -XX:ReservedCodeCacheSize=128m "
    f'"-Dlog4j2.configurationFile={PROJECT_ROOT / "spark_jobs" / "log4j2.properties"}"'
)


def create_session(ui_port: int) -> SparkSession:
    """Start Spark, or raise what Spark raises; the properties file has set all but what `.env` decides."""
    # Every node of a cluster has this program at the same path, and the settings in its own environment: no secret
    # is among what Spark hands to its executors.
    builder = SparkSession.builder.config("spark.executorEnv.PYTHONPATH", str(PROJECT_ROOT))
    if ui_port:
        builder = builder.config("spark.ui.enabled", "true").config("spark.ui.port", str(ui_port))
    return builder.config("spark.executor.extraJavaOptions", _EXECUTOR_FLAGS).getOrCreate()


def count_slots(spark: SparkSession) -> int:
    """Return how many tasks Spark can run at a time now; on a cluster it changes as nodes come and go."""
    context: Any = spark.sparkContext._jsc.sc()
    backend = context.schedulerBackend()
    if backend.getClass().getSimpleName() == "LocalSchedulerBackend":
        return int(context.defaultParallelism())
    # Not its default parallelism, which is two at least, also where a single core is left.
    return int(backend.totalCoreCount())


def start_query(spark: SparkSession, launch: Launch, *, checkpoint: Path, plan_file: Path) -> StreamingQuery:
    """Start the turns; the first one is what the plan file says by now."""
    spark.dataSource.register(HeartbeatSource)
    reader = spark.readStream.format(NAME).option(LAUNCH, launch.to_json()).option(PLAN_FILE, str(plan_file))
    # The tasks store the rows themselves, each in transactions that are safe to repeat: nothing is left to sink.
    writer = reader.load().writeStream.queryName(launch.topic).format("noop")
    # The checkpoint is never read again, so no turn waits for its files: each costs Spark a `chmod` process.
    writer = writer.option("checkpointLocation", checkpoint.as_uri()).option(
        "asyncProgressTrackingEnabled", "true"
    )
    return writer.option("asyncProgressTrackingCheckpointIntervalMs", _CHECKPOINT_INTERVAL_MS).start()
