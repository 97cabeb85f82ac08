"""Readings of an hour that is long over: it is published, reopened by the next one, and published again."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count

from confluent_kafka import Message, Producer

from include.broker.access import LIBRDKAFKA_LOG, librdkafka_options
from include.settings import Settings
from tests.support.background import repeating
from tests.support.pipeline import event

_FIRST = 60
# A settling takes some seconds: the hour is to stand as published for a while, too.
_EVERY_SECONDS = 20.0
_CUSTOMER = 10**6
_FLUSH_SECONDS = 300.0

# What is told of each that is acknowledged: partition, offset, and the reading.
OnStored = Callable[[int, int, dict[str, object]], None]


def reading_in(value: bytes) -> dict[str, object]:
    """Return what a ground truth says of a valid event."""
    reading: dict[str, object] = json.loads(value)
    reading["event_time"] = reading.pop("timestamp")
    return reading


@contextmanager
def late_readings(settings: Settings, on_stored: OnStored, *, hours_ago: int = 3) -> Iterator[None]:
    """Send some at once and then one now and then; at the end all are acknowledged."""
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=hours_ago)
    numbers = count()
    producer = Producer(
        {
            **librdkafka_options(settings),
            "enable.idempotence": True,
            "message.timeout.ms": 0,  # it waits for a broker as long as it takes
            "logger": LIBRDKAFKA_LOG,
        }
    )

    def send() -> None:
        number = next(numbers)
        customer = _CUSTOMER + number % 3
        value = event(number, at=hour + timedelta(seconds=number), customer=customer)
        reading = reading_in(value)

        def note(error: object, message: Message) -> None:
            assert error is None, error
            partition, offset = message.partition(), message.offset()
            assert partition is not None
            assert offset is not None
            on_stored(partition, offset, reading)

        producer.produce(settings.kafka.topic, value, str(customer), on_delivery=note)
        producer.poll(0)

    for _ in range(_FIRST):
        send()
    with repeating(send, every_seconds=_EVERY_SECONDS):
        yield
    left = producer.flush(_FLUSH_SECONDS)
    assert left == 0, f"{left} late readings were never acknowledged"
