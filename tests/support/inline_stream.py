"""One launch of the stream without Spark: the product's own transactions, driven by hand."""

import base64
import json
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
from kafka import KafkaConsumer, TopicPartition

from include.broker.access import client_options
from include.broker.topic import open_broker
from include.db.connect import Role, connect
from include.domain.judge import SECONDS_PER_DAY, TimeBounds
from include.domain.risk import load_policy
from include.domain.schema import RAW_RECORD
from include.ingest.lease import SINK_APPLICATION, take_lease
from include.ingest.offsets import open_offsets
from include.ingest.run import Database, store_partition
from include.ingest.store import DayPartitions
from include.ingest.types import Launch
from include.settings import Settings


class InlineStream:
    """Takes the lease when it is made; `drain` stores what the topic holds by then."""

    def __init__(self, settings: Settings, *, holder: str = "elsewhere:1") -> None:
        self._settings = settings
        self._batch_id = 0
        with open_broker(settings) as broker, connect(settings, Role.STREAM, autocommit=True) as connection:
            self._topic = broker.topic(settings.kafka_topic)
            held = broker.ranges(self._topic)
            self.epoch = take_lease(connection, holder)
            self._next = open_offsets(
                connection, topic=self._topic.name, topic_id=self._topic.topic_id, epoch=self.epoch, held=held
            )

    def drain(self) -> None:
        """Store all records that are there, a partition in a transaction."""
        with open_broker(self._settings) as broker:
            ends = {partition: held.end for partition, held in broker.ranges(self._topic).items()}
        for partition, end in ends.items():
            if self._next[partition] < end:
                self._store(partition, end)
                self._next[partition] = end

    def _store(self, partition: int, end: int) -> None:
        bounds = TimeBounds(
            self._settings.readings_retention_days * SECONDS_PER_DAY, self._settings.max_clock_skew_seconds
        )
        policy = load_policy(self._settings.risk_policy)
        launch = Launch(self._topic.name, self._topic.topic_id, self.epoch, policy, bounds)
        records = iter([self._read(partition, end)])
        self._batch_id += 1
        with (
            connect(self._settings, Role.STREAM, application=SINK_APPLICATION) as connection,
            closing(DayPartitions(connect(self._settings, Role.STREAM, autocommit=True))) as days,
        ):
            database = Database(connection, days)
            store_partition(records, launch, self._batch_id, database, lambda: self._topic.topic_id)

    def _read(self, partition: int, end: int) -> pa.RecordBatch:
        at = TopicPartition(self._topic.name, partition)
        rows: list[dict[str, Any]] = []
        with closing(KafkaConsumer(**client_options(self._settings), group_id=None)) as consumer:
            consumer.assign([at])
            consumer.seek(at, self._next[partition])
            while consumer.position(at) < end:
                rows.extend(_raw(record) for record in consumer.poll(timeout_ms=500).get(at, []))
        return pa.RecordBatch.from_pylist(rows, schema=RAW_RECORD)


def _raw(record: Any) -> dict[str, Any]:
    headers = [
        {"key": key, "value": None if value is None else base64.b64encode(value).decode()}
        for key, value in record.headers
    ]
    return {
        "partition": record.partition,
        "offset": record.offset,
        "timestamp": datetime.fromtimestamp(record.timestamp / 1000, UTC),
        "key": record.key,
        "value": record.value,
        "headers": json.dumps(headers) if headers else None,
    }
