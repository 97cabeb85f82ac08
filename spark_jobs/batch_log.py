"""One structured line a batch, told by the ledger: what was committed, not what was planned."""

import json
from collections import Counter

import psycopg
from pyspark.sql.streaming.listener import (
    QueryIdleEvent,
    QueryProgressEvent,
    QueryStartedEvent,
    QueryTerminatedEvent,
    StreamingQueryListener,
)

from include.db.connect import Connection, Role, connect
from include.errors import DatabaseUnavailableError
from include.ingest.latency import percentile_ms
from include.log import get_logger
from include.settings import Settings
from include.sql import query

log = get_logger()


class BatchLog(StreamingQueryListener):
    """Logs `batch_committed` for each batch that held records."""

    def __init__(self, settings: Settings, epoch: int) -> None:
        self._settings = settings
        self._epoch = epoch
        self._connection: Connection | None = None

    def onQueryProgress(self, event: QueryProgressEvent) -> None:  # noqa: N802 - Spark's name
        """Log one batch."""
        progress = event.progress
        if not progress.numInputRows:
            return
        try:
            counts, latency = self._read(progress.batchId)
        except (psycopg.Error, DatabaseUnavailableError):
            self._connection = None  # the line is lost, the ledger has it
            return
        seconds = max(progress.durationMs.get("triggerExecution", 0), 1) / 1000
        log.info(
            "batch_committed",
            epoch=self._epoch,
            batch=progress.batchId,
            **counts,
            lag=sum(_lag(source.endOffset, source.latestOffset) for source in progress.sources),
            rows_per_second=round(counts["records"] / seconds),
            latency_p50_ms=_rounded(percentile_ms(latency, 0.5)),
            latency_p99_ms=_rounded(percentile_ms(latency, 0.99)),
        )

    def onQueryStarted(self, event: QueryStartedEvent) -> None:  # noqa: N802
        """Nothing to say: the launch has said it."""

    def onQueryIdle(self, event: QueryIdleEvent) -> None:  # noqa: N802
        """Silence is not worth a line."""

    def onQueryTerminated(self, event: QueryTerminatedEvent) -> None:  # noqa: N802
        """Nothing to say: the main program says why it ended."""

    def _read(self, batch_id: int) -> tuple[dict[str, int], Counter[int]]:
        if self._connection is None:
            self._connection = connect(self._settings, Role.STREAM, autocommit=True)
        where = {"epoch": self._epoch, "batch_id": batch_id}
        counts = {"records": 0, "accepted": 0, "duplicates": 0, "quarantined": 0}
        latency: Counter[int] = Counter()
        for _, accepted, duplicates, quarantined, first, bucket_counts in self._connection.execute(
            query("select_batch"), where
        ):
            counts["records"] += accepted + duplicates + quarantined
            counts["accepted"] += accepted
            counts["duplicates"] += duplicates
            counts["quarantined"] += quarantined
            latency.update({first + place: count for place, count in enumerate(bucket_counts)})
        return counts, latency


def _lag(done: str, latest: str) -> int:
    """Return how many records Kafka held beyond this batch; both are Spark's JSON, {topic: {partition: offset}}."""
    ends = json.loads(latest or "{}")
    return sum(
        max(end - json.loads(done)[topic].get(partition, 0), 0)
        for topic, partitions in ends.items()
        for partition, end in partitions.items()
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
