"""The streaming query: Kafka's raw records, one task a partition, handed to Python as Arrow batches."""

import json
from collections.abc import Iterator

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.functions import size, to_json, when
from pyspark.sql.streaming.query import StreamingQuery

from include.ingest.types import Launch
from include.settings import PROJECT_ROOT, Settings
from spark_jobs.partition_task import SUMMARY_DDL, store_records

_CHECKPOINT_INTERVAL_MS = "60000"
_RAW_COLUMNS = ("partition", "offset", "timestamp", "key", "value")


def create_session() -> SparkSession:
    """Start Spark, or raise what Spark raises; the properties file has set all but what `.env` decides."""
    builder = SparkSession.builder.config("spark.executorEnv.PYTHONPATH", str(PROJECT_ROOT))
    return builder.getOrCreate()


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
    summaries = _read_kafka(spark, settings, starts).mapInArrow(_storing(launch), SUMMARY_DDL)
    # The tasks store the rows themselves, each in a transaction that is safe to repeat: nothing is left to sink.
    writer = (
        summaries.writeStream.queryName(launch.topic).format("noop").option("checkpointLocation", checkpoint)
    )
    if drain:
        return writer.trigger(availableNow=True).start()
    # The checkpoint is never read again, so no batch waits for its files: each costs Spark a `chmod` process.
    writer = writer.option("asyncProgressTrackingEnabled", "true")
    return writer.option("asyncProgressTrackingCheckpointIntervalMs", _CHECKPOINT_INTERVAL_MS).start()


def _read_kafka(spark: SparkSession, settings: Settings, starts: dict[int, int]) -> DataFrame:
    offsets = {settings.kafka_topic: {str(partition): offset for partition, offset in starts.items()}}
    return (
        spark.readStream.format("kafka")
        .option("kafka.bootstrap.servers", settings.kafka_broker)
        .option("subscribe", settings.kafka_topic)
        .option("startingOffsets", json.dumps(offsets))
        .option("failOnDataLoss", "true")
        .option("maxOffsetsPerTrigger", settings.stream_max_records_per_batch)
        .option("includeHeaders", "true")
        # What is there is handed on at once; the broker's default would hold a fetch back for half a second.
        .option("kafka.fetch.max.wait.ms", "20")
        .option("kafka.max.partition.fetch.bytes", str(4 * 1024 * 1024))
        .load()
        .select(*_RAW_COLUMNS, when(size("headers") > 0, to_json("headers")).alias("headers"))
    )


def _storing(launch: Launch):  # type: ignore[no-untyped-def]
    def store(records: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        return store_records(records, launch)

    return store
