"""The streaming query: Kafka's raw records, one task a partition, handed to Python as Arrow batches."""

import json
from collections.abc import Iterator

import pyarrow as pa
from pyspark.sql import DataFrame, DataFrameReader, SparkSession
from pyspark.sql.functions import size, to_json, when
from pyspark.sql.streaming.query import StreamingQuery
from pyspark.sql.streaming.readwriter import DataStreamReader

from include.broker.access import spark_options
from include.broker.topic import KafkaRange
from include.domain.judge import TimeBounds
from include.ingest.types import Launch
from include.settings import PROJECT_ROOT, Settings
from spark_jobs.partition_task import SUMMARY_DDL, rehearse_records, store_records

_CHECKPOINT_INTERVAL_MS = "60000"
# As for the driver in the properties file; an executor starts in a folder of its own, so its path is a whole one.
_EXECUTOR_FLAGS = (
    "-XX:+UseSerialGC -XX:MaxMetaspaceSize=256m -XX:ReservedCodeCacheSize=128m "
    f'"-Dlog4j2.configurationFile={PROJECT_ROOT / "spark_jobs" / "log4j2.properties"}"'
)
_RAW_COLUMNS = ("partition", "offset", "timestamp", "key", "value")


def create_session() -> SparkSession:
    """Start Spark, or raise what Spark raises; the properties file has set all but what `.env` decides."""
    # Every node of a cluster has this program at the same path, and the settings in its own environment: no secret
    # is among what Spark hands to its executors.
    builder = SparkSession.builder.config("spark.executorEnv.PYTHONPATH", str(PROJECT_ROOT))
    return builder.config("spark.executor.extraJavaOptions", _EXECUTOR_FLAGS).getOrCreate()


def rehearse(
    spark: SparkSession, settings: Settings, held: dict[int, KafkaRange], bounds: TimeBounds
) -> None:
    """Read each partition's newest record and judge it, storing nothing.

    Spark compiles its plan, and its Python workers load their modules and log in, while the predecessor still
    stores: the pause in the readings is then the first batch alone.
    """
    newest = {partition: max(kafka.beginning, kafka.end - 1) for partition, kafka in held.items()}
    ends = {partition: kafka.end for partition, kafka in held.items()}
    reader = spark.read.format("kafka").option("endingOffsets", _offsets_json(settings, ends))
    # What Kafka drops meanwhile is no concern of a rehearsal.
    records = _raw_records(reader, settings, newest, fail_on_data_loss=False)
    records.mapInArrow(_rehearsing(bounds), SUMMARY_DDL).collect()


def start_query(
    spark: SparkSession,
    settings: Settings,
    launch: Launch,
    starts: dict[int, int],
    *,
    checkpoint: str,
    drain: bool,
) -> StreamingQuery:
    """Start consuming at `starts` (offset by partition); with `drain`, up to what Kafka holds right now."""
    reader = spark.readStream.format("kafka").option(
        "maxOffsetsPerTrigger", settings.stream_max_records_per_batch
    )
    records = _raw_records(reader, settings, starts, fail_on_data_loss=True)
    summaries = records.mapInArrow(_storing(launch), SUMMARY_DDL)
    # The tasks store the rows themselves, each in a transaction that is safe to repeat: nothing is left to sink.
    writer = (
        summaries.writeStream.queryName(launch.topic).format("noop").option("checkpointLocation", checkpoint)
    )
    if drain:
        return writer.trigger(availableNow=True).start()
    # The checkpoint is never read again, so no batch waits for its files: each costs Spark a `chmod` process.
    writer = writer.option("asyncProgressTrackingEnabled", "true")
    return writer.option("asyncProgressTrackingCheckpointIntervalMs", _CHECKPOINT_INTERVAL_MS).start()


def _raw_records(
    reader: DataFrameReader | DataStreamReader,
    settings: Settings,
    starts: dict[int, int],
    *,
    fail_on_data_loss: bool,
) -> DataFrame:
    return (
        reader.options(**spark_options(settings))
        .option("subscribe", settings.kafka_topic)
        .option("startingOffsets", _offsets_json(settings, starts))
        .option("failOnDataLoss", fail_on_data_loss)
        .option("includeHeaders", "true")
        # What is there is handed on at once; the broker's default would hold a fetch back for half a second.
        .option("kafka.fetch.max.wait.ms", "20")
        .option("kafka.max.partition.fetch.bytes", str(4 * 1024 * 1024))
        .load()
        .select(*_RAW_COLUMNS, when(size("headers") > 0, to_json("headers")).alias("headers"))
    )


def _offsets_json(settings: Settings, offsets: dict[int, int]) -> str:
    return json.dumps(
        {settings.kafka_topic: {str(partition): offset for partition, offset in offsets.items()}}
    )


def _storing(launch: Launch):  # type: ignore[no-untyped-def]
    def store(records: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        return store_records(records, launch)

    return store


def _rehearsing(bounds: TimeBounds):  # type: ignore[no-untyped-def]
    def rehearse_task(records: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        return rehearse_records(records, bounds)

    return rehearse_task
