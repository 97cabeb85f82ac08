"""Wait until the stream has passed the end of an hour. Asynchronous, since one trigger process waits for many hours.

The stream has passed an hour once it has committed everything that each partition held when the hour ended by the
clock. The partitions' ends are read once, at or after that instant, and stored. So a record that claims a later time
cannot make the hour pass, and the wait ends even though more records keep coming.
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
    """Tell whether the stream has passed the hour; raise HourNotEndedError if the hour itself has not ended."""
    return not measure_unpassed(settings, hour)


def measure_unpassed(settings: Settings, hour: datetime) -> dict[int, int]:
    """Return how many records that were there when the hour ended still wait, for each partition that has any.

    The clock is read first, then the partitions' ends, then the ledger: an end is never read before the hour is over,
    and the ledger is as fresh as can be. A partition added later holds nothing of the hour. If another topic has taken
    the place of the old one, its ends are read anew. Raise HourNotEndedError if the hour has not ended.
    """
    with (
        open_broker(settings) as broker,
        readable_errors(settings),
        connect(settings, Role.HOURLY, autocommit=True) as connection,
    ):
        asked_at = read_clock(connection)
        if asked_at - HOUR < hour:  # the last hour of the calendar has no end that can be written
            raise HourNotEndedError
        topic = broker.topic(settings.kafka.topic)
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
    """Return where the partitions ended when the hour did, as stored; store it if nobody has asked before."""
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
