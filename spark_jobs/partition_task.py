"""What a Spark task does with one Kafka partition's records: hand them to `include.ingest`, report what became of them.

Runs in Spark's Python workers, which live on between batches and so keep their database session and their broker
connection. Secrets are read from the worker's own environment; nothing secret travels from the driver.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from uuid import UUID

import psycopg
import pyarrow as pa
from pyspark import TaskContext
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_exponential

from include.broker.topic import Broker
from include.db.connect import Role, connect, readable_errors
from include.domain.judge import TimeBounds
from include.domain.schema import RAW_RECORD
from include.domain.validation import validate
from include.errors import HeartbeatError, TransientError
from include.ingest.lease import SINK_APPLICATION
from include.ingest.run import Database, store_partition
from include.ingest.store import DayPartitions
from include.ingest.types import Launch
from include.settings import Settings, get_settings

SUMMARY = pa.schema(
    [
        pa.field("accepted", pa.int64(), nullable=False),
        pa.field("duplicates", pa.int64(), nullable=False),
        pa.field("quarantined", pa.int64(), nullable=False),
    ]
)
SUMMARY_DDL = "accepted bigint not null, duplicates bigint not null, quarantined bigint not null"


@dataclass(slots=True)
class _Worker:
    """What one worker process keeps between batches."""

    database: Database | None = None
    broker: Broker | None = None

    def open_database(self, settings: Settings) -> Database:
        """Return the session, opened anew after a break; an outage is waited out up to a bound."""
        if self.database is None or self.database.connection.closed:
            waiting = Retrying(
                retry=retry_if_exception_type(TransientError),
                stop=stop_after_delay(settings.stream_db_wait_seconds),
                wait=wait_exponential(multiplier=0.2, max=2),
                reraise=True,
            )
            self.database = waiting(partial(_connect, settings))
        return self.database

    def topic_id(self, settings: Settings, topic: str) -> UUID:
        """Ask the broker for the topic's identity."""
        if self.broker is None:
            self.broker = Broker(settings)
        return self.broker.topic(topic).topic_id

    def reset(self) -> None:
        """Drop connections that may be broken or hold a half-done transaction."""
        if self.database is not None:
            self.database.connection.close()
            self.database.days.close()
        if self.broker is not None:
            self.broker.close()
        self.database = self.broker = None


_worker = _Worker()


def store_records(records: Iterator[pa.RecordBatch], launch: Launch) -> Iterator[pa.RecordBatch]:
    """Store one task's records and yield one row of SUMMARY; for `DataFrame.mapInArrow`."""
    settings = get_settings()
    batch_id = int(TaskContext.get().getLocalProperty("streaming.sql.batchId"))  # type: ignore[union-attr, arg-type]
    try:
        with readable_errors(settings):
            commit = store_partition(
                (_as_raw(batch) for batch in records),
                launch,
                batch_id,
                _worker.open_database(settings),
                partial(_worker.topic_id, settings, launch.topic),
            )
    except (HeartbeatError, psycopg.Error):
        _worker.reset()
        raise
    if commit is not None:
        row = {
            "accepted": [commit.accepted],
            "duplicates": [commit.duplicates],
            "quarantined": [commit.quarantined],
        }
        yield pa.RecordBatch.from_pydict(row, schema=SUMMARY)


def rehearse_records(records: Iterator[pa.RecordBatch], bounds: TimeBounds) -> Iterator[pa.RecordBatch]:
    """Do all that a task does but store: log in, ask the broker, judge; for `DataFrame.mapInArrow`."""
    settings = get_settings()
    with readable_errors(settings):
        _worker.open_database(settings)
    _worker.topic_id(settings, settings.kafka_topic)
    for batch in records:
        validate(_as_raw(batch), bounds)
    yield from ()


def _as_raw(batch: pa.RecordBatch) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays(
        [batch.column(field.name).cast(field.type) for field in RAW_RECORD], schema=RAW_RECORD
    )


def _connect(settings: Settings) -> Database:
    connection = connect(settings, Role.STREAM, application=SINK_APPLICATION)
    # A worker that hangs in the middle of a transaction must not keep the partition's row locked for ever.
    connection.execute("set idle_in_transaction_session_timeout = '60s'")
    connection.commit()
    return Database(connection, DayPartitions(connect(settings, Role.STREAM, autocommit=True)))
