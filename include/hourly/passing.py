"""Wait until the stream has passed an hour's end. To be awaited: a trigger does so beside many others.

It has when it has committed all that each partition held when the hour had ended by the clock. Where the partitions
ended is asked once, at or after that instant, and kept: so no record that claims a later time can pass the hour, and
the wait ends though more comes in all the time.
"""

import asyncio
import time
from collections.abc import Mapping
from datetime import datetime

from include.broker.topic import Broker, KafkaRange, Topic, open_broker
from include.db.clock import read_clock
from include.db.connect import Connection, Role, connect, readable_errors
from include.db.queries import query
from include.domain.hours import HOUR, hour_name
from include.errors import HourNotEndedError, StreamBehindError, TransientError
from include.hourly.rules import explain_unpassed
from include.settings import Settings
from include.stream.lag import count_lag
from include.stream.offsets import read_next_offsets

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
            raise StreamBehindError(hour=hour_name(hour), seconds=time.time() - started_at, reason=reason)
        await asyncio.sleep(POLL_SECONDS)


def has_passed(settings: Settings, hour: datetime) -> bool:
    """Tell whether the stream has passed the hour now; raise HourNotEndedError if the hour itself goes on."""
    return not measure_unpassed(settings, hour)


def measure_unpassed(settings: Settings, hour: datetime) -> dict[int, int]:
    """Return how many records wait, of those that were there when the hour had ended, by partition where any do.

    In this order: the clock, the partitions' ends, the ledger. So an end is never asked for before the hour's end, and
    what the ledger has passed by then counts. A partition that was added since can hold nothing of the hour; of a topic
    that took another one's place the ends are asked anew. Raise HourNotEndedError before the hour's end.
    """
    with (
        open_broker(settings) as broker,
        readable_errors(settings),
        connect(settings, Role.HOURLY, autocommit=True) as connection,
    ):
        asked_at = read_clock(connection)
        if asked_at < hour + HOUR:
            raise HourNotEndedError
        topic = broker.topic(settings.kafka_topic)
        held = broker.ranges(topic)
        ends = _hour_ends(connection, broker, topic, hour, asked_at, held)
        known = read_next_offsets(connection, topic.topic_id)
    lags = {
        partition: count_lag(known.get(partition), held[partition], until=end)
        for partition, end in sorted(ends.items())
        if partition in held
    }
    return {partition: lag for partition, lag in lags.items() if lag}


def _hour_ends(
    connection: Connection,
    broker: Broker,
    topic: Topic,
    hour: datetime,
    asked_at: datetime,
    held: Mapping[int, KafkaRange],
) -> Mapping[int, int]:
    """Return where the partitions ended at the hour's end, as it was noted; note it if this is the first question."""
    where = {"topic_id": topic.topic_id, "hour": hour}
    ends: dict[int, int] = dict(connection.execute(query("hourly/select_hour_ends"), where).fetchall())
    if ends:
        return ends
    if broker.topic(topic.name).topic_id != topic.topic_id:
        raise TransientError("the topic was deleted or created again just now: looking again")
    ends = {partition: kafka.end for partition, kafka in held.items()}
    noted = {"asked_at": asked_at, "partitions": list(ends), "end_offsets": list(ends.values())}
    connection.execute(query("hourly/insert_hour_ends"), {**where, **noted})
    return dict(connection.execute(query("hourly/select_hour_ends"), where).fetchall())
