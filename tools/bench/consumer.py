"""The reference: what a good engineer writes by hand in a hundred lines. Two of these share the partitions.

    python -m tools.bench.consumer --group bench --partitions 0 2 --gather-seconds 0.01

It stores at least once: a crash between COPY and offset stops it for good at the unique key, an odd record is dropped,
nothing is accounted for. That is what it saves, and what the stream must be measured against.
"""

import argparse
import signal
import struct
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import orjson
from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from include.db.connect import Connection, Role, connect
from include.db.queries import query
from include.domain.risk import load_policy
from include.domain.schema import MAX_HEART_RATE_BPM, MIN_HEART_RATE_BPM
from include.settings import Settings, get_settings

MAX_RECORDS_PER_COPY = 50_000
IDLE_POLL_SECONDS = 0.5
START_TIMEOUT_SECONDS = 30
RETRY_SECONDS = 0.1
# PostgreSQL counts its timestamps from here.
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
COPY_HEADER, COPY_END = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"
ROW = struct.Struct("!hi16siiiq")


def consume(settings: Settings, *, group: str, partitions: list[int], gather_seconds: float) -> None:
    """Read, judge, COPY, commit the rows and then the offsets, until SIGTERM."""
    stopping = []
    signal.signal(signal.SIGTERM, lambda *_: stopping.append(True))
    consumer = _open_consumer(settings, group)
    consumer.assign(_committed(consumer, settings.kafka.topic, partitions))
    levels = _level_suffixes(settings)
    with connect(settings, Role.STREAM) as connection:
        while not stopping:
            messages = _gather(consumer, gather_seconds)
            if rows := list(_rows(messages, levels)):
                _copy(connection, rows)
            if messages:
                consumer.commit(asynchronous=True)
    consumer.close()


def _open_consumer(settings: Settings, group: str) -> Consumer:
    return Consumer(
        {
            "bootstrap.servers": settings.kafka.broker,
            "group.id": group,
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "queued.min.messages": 200_000,
            "fetch.queue.backoff.ms": 5,
        }
    )


def _committed(consumer: Consumer, topic: str, partitions: list[int]) -> list[TopicPartition]:
    """Return where the group goes on. A broker that has just started may not know the coordinator yet.

    Left to `assign`, the client asks once, hands the refusal on as an error and never reads that partition.
    """
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while True:
        try:
            return consumer.committed(
                [TopicPartition(topic, partition) for partition in partitions], timeout=5
            )
        except KafkaException:
            if time.monotonic() > deadline:
                raise
            time.sleep(RETRY_SECONDS)


def _gather(consumer: Consumer, gather_seconds: float) -> list[Message]:
    """Wait for a record, then take what comes within the time for gathering."""
    first = consumer.poll(IDLE_POLL_SECONDS)
    if first is None:
        return []
    return [first, *consumer.consume(MAX_RECORDS_PER_COPY - 1, gather_seconds)]


def _level_suffixes(settings: Settings) -> list[bytes]:
    policy = load_policy(settings.judging.risk_policy)
    levels = [policy.level_of(bpm).value.encode() for bpm in range(MAX_HEART_RATE_BPM + 1)]
    return [struct.pack("!i", len(level)) + level for level in levels]


def _rows(messages: list[Message], levels: list[bytes]) -> Iterator[bytes]:
    """Yield each valid reading as a row of binary COPY."""
    pack, parse_time, unhex = ROW.pack, datetime.fromisoformat, bytes.fromhex
    for message in messages:
        if message.error() is not None:
            continue
        try:
            event = orjson.loads(message.value() or b"")
            bpm = event["heart_rate"]
            customer_id = unhex(event["customer_id"].replace("-", ""))
            since = parse_time(event["timestamp"]) - EPOCH
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
        if type(bpm) is not int or not MIN_HEART_RATE_BPM <= bpm <= MAX_HEART_RATE_BPM:
            continue
        if len(customer_id) != 16:
            continue
        time_us = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
        yield pack(4, 16, customer_id, 4, bpm, 8, time_us) + levels[bpm]


def _copy(connection: Connection, rows: list[bytes]) -> None:
    with connection.cursor() as cursor, cursor.copy(query("sink/copy_heartbeats")) as copy:
        copy.write(b"".join((COPY_HEADER, *rows, COPY_END)))
    connection.commit()


def main() -> int:
    """Consume until SIGTERM."""
    parser = argparse.ArgumentParser(prog="consumer.py", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--group", required=True)
    parser.add_argument("--partitions", type=int, nargs="+", required=True)
    parser.add_argument("--gather-seconds", type=float, required=True)
    arguments = parser.parse_args()
    consume(
        get_settings(),
        group=arguments.group,
        partitions=arguments.partitions,
        gather_seconds=arguments.gather_seconds,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
