"""A source that never pauses, as devices are."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from itertools import count

from kafka import KafkaProducer

from include.broker.access import client_options
from tests.support.background import repeating
from tests.support.pipeline import Pipeline, event


@contextmanager
def steady_source(pipeline: Pipeline, *, interval_seconds: float = 0.25) -> Iterator[None]:
    """Send a reading of the present moment each interval, all the while."""
    numbers = count()

    def send() -> None:
        number, now = next(numbers), datetime.now(UTC)
        producer.send(pipeline.settings.kafka.topic, value=event(number, at=now, customer=number % 5))
        producer.flush()

    with (
        closing(KafkaProducer(**client_options(pipeline.settings), acks="all")) as producer,
        repeating(send, every_seconds=interval_seconds),
    ):
        yield
