"""A light load generator: a backlog as fast as it goes, or a steady rate by absolute deadlines.

    python -m tools.bench.generator --rate 1000 --seconds 20

The command prints two lines: when it begins (Unix time), once it is connected; and, as JSON, what it sent and how far
it fell behind. A record that is late is created
late: its time is taken as it is handed to the client.
"""

import argparse
import gc
import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

from confluent_kafka import Producer

from include.settings import Settings, get_settings
from tools.bench.bodies import Record, backlog, probe_templates, tail, templates
from tools.bench.figures import percentile

MAX_TICKS_PER_SECOND = 1000
PROBES_PER_SECOND = 200
CONNECTED_BEFORE_SECONDS = 0.5
GOLDEN_RATIO = 0.6180339887498949
FLUSH_TIMEOUT_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Sent:
    """What the generator did; lateness is from a deadline to the creation of its records."""

    records: int
    probes: int
    late_p99_ms: float
    late_worst_ms: float
    undelivered: int


def open_producer(settings: Settings, *, linger_ms: int) -> Producer:
    """Open a client; a record counts once the broker has it."""
    return Producer(
        {
            "bootstrap.servers": settings.kafka.broker,
            "acks": "all",
            "linger.ms": linger_ms,
            "batch.size": 262_144,
            "queue.buffering.max.messages": 500_000,
        }
    )


def send_backlog(settings: Settings, records: int, first_us: int) -> None:
    """Fill the topic."""
    producer = open_producer(settings, linger_ms=20)
    for record in backlog(records, settings.kafka.partitions, first_us):
        _send(producer, settings.kafka.topic, record)
    producer.flush(FLUSH_TIMEOUT_SECONDS)


def send_probe(producer: Producer, settings: Settings, partition: int = 0) -> int:
    """Hand one reading of now to the client, and return its time in microseconds since 1970 UTC."""
    template = probe_templates(settings.kafka.partitions)[partition]
    created_us = time.time_ns() // 1000
    record = Record(template.partition, template.key, template.head + tail(created_us))
    _send(producer, settings.kafka.topic, record)
    return created_us


def send_steadily(
    settings: Settings, *, rate: float, seconds: float, tell_begin: Callable[[float], None]
) -> Sent:
    """Send `rate` records per second, in ticks of a millisecond or longer; tell beforehand when it begins."""
    producer = open_producer(settings, linger_ms=1)
    producer.list_topics(settings.kafka.topic, timeout=10)  # connected before the first deadline
    ordinary, probes = templates(settings.kafka.partitions), probe_templates(settings.kafka.partitions)
    begin_at = time.time() + CONNECTED_BEFORE_SECONDS
    tell_begin(begin_at)
    ticks_per_second = min(rate, MAX_TICKS_PER_SECOND)
    probe_share = min(PROBES_PER_SECOND / ticks_per_second, 1.0)
    lateness_seconds, sent, probe_count, created_us = [], 0, 0, 0
    for tick in range(round(seconds * ticks_per_second)):
        deadline = begin_at + tick / ticks_per_second
        if (early := deadline - time.time()) > 0:
            time.sleep(early)
        created_us = max(time.time_ns() // 1000, created_us + 1)  # no customer twice at one instant
        lateness_seconds.append(created_us / 1e6 - deadline)
        end = tail(created_us)
        due = int((tick + 1) * rate / ticks_per_second) - sent
        # By the golden ratio: a fixed beat could fall in step with a consumer's own.
        place_of_probe = (tick * 7) % due if (tick * GOLDEN_RATIO) % 1 < probe_share else None
        for place in range(due):
            template = ordinary[(sent + place) % len(ordinary)]
            if place == place_of_probe:
                template = probes[probe_count % len(probes)]
                probe_count += 1
            _send(
                producer,
                settings.kafka.topic,
                Record(template.partition, template.key, template.head + end),
            )
        sent += due
        producer.poll(0)
    undelivered = producer.flush(FLUSH_TIMEOUT_SECONDS)
    return Sent(
        records=sent,
        probes=probe_count,
        late_p99_ms=percentile(lateness_seconds, 0.99) * 1000,
        late_worst_ms=max(lateness_seconds) * 1000,
        undelivered=undelivered,
    )


def _send(producer: Producer, topic: str, record: Record) -> None:
    while True:
        try:
            producer.produce(topic, record.value, record.key, partition=record.partition)
        except BufferError:
            producer.poll(0.05)
        else:
            return


def main() -> int:
    """Send at a steady rate and print what was sent."""
    parser = argparse.ArgumentParser(prog="generator.py", description=(__doc__ or "").splitlines()[0])
    for name in ("--rate", "--seconds"):
        parser.add_argument(name, type=float, required=True)
    arguments = parser.parse_args()
    gc.disable()  # nothing here makes cycles, and a collection would be a late tick
    sent = send_steadily(
        get_settings(), rate=arguments.rate, seconds=arguments.seconds, tell_begin=_print_line
    )
    _print_line(json.dumps(asdict(sent)))
    return 0


def _print_line(value: object) -> None:
    print(value, flush=True)  # noqa: T201 - whoever started us reads it


if __name__ == "__main__":
    sys.exit(main())
