"""Wait until the stream has passed an hour's end. To be awaited: a trigger does so beside many others."""

import asyncio
import time
from datetime import UTC, datetime
from uuid import UUID

from include.broker.topic import KafkaRange, open_broker
from include.db.connect import Connection, Role, connect, readable_errors
from include.errors import StreamBehindError, TransientError
from include.settings import Settings
from include.sql import query
from include.summaries.rules import HOUR, explain_unpassed, unpassed
from include.summaries.types import PartitionProgress

POLL_SECONDS = 5.0


async def wait_until_passed(settings: Settings, hour: datetime, *, deadline: float) -> None:
    """Return when the stream has passed the hour; raise StreamBehindError at `deadline` (Unix time).

    A broker or database that is away is waited for like a stream that is behind.
    """
    started_at = time.time()
    while True:
        try:
            waiting = await asyncio.to_thread(measure_unpassed, settings, hour)
            if not waiting:
                return
            reason = explain_unpassed(waiting)
        except TransientError as error:
            reason = str(error)
        if time.time() >= deadline:
            raise StreamBehindError(
                hour=f"{hour:%Y-%m-%dT%H:00}Z", seconds=time.time() - started_at, reason=reason
            )
        await asyncio.sleep(POLL_SECONDS)


def has_passed(settings: Settings, hour: datetime) -> bool:
    """Tell whether the stream has passed the hour now."""
    return not measure_unpassed(settings, hour)


def measure_unpassed(settings: Settings, hour: datetime) -> list[PartitionProgress]:
    """Return the topic's partitions that may still hold readings of the hour.

    Kafka is asked first: what it held at that moment and the database has since, has been passed.
    """
    measured_at = datetime.now(UTC).replace(tzinfo=None)
    with open_broker(settings) as broker:
        topic = broker.topic(settings.kafka_topic)
        ranges = broker.ranges(topic)
    with readable_errors(settings), connect(settings, Role.HOURLY, autocommit=True) as connection:
        partitions = _progress(connection, topic.topic_id, ranges, hour)
    return unpassed(partitions, hour_end=hour + HOUR, measured_at=measured_at)


def _progress(
    connection: Connection, topic_id: UUID, ranges: dict[int, KafkaRange], hour: datetime
) -> list[PartitionProgress]:
    # A record is committed after Kafka got it, so commits from before the hour cannot hold a later one.
    rows = connection.execute(
        query("select_partition_progress"), {"topic_id": topic_id, "since": hour, "instant": hour + HOUR}
    )
    known = {partition: (next_offset, has_later) for partition, next_offset, has_later in rows}
    return [
        PartitionProgress(partition, kafka, *known.get(partition, (None, False)))
        for partition, kafka in sorted(ranges.items())
    ]
