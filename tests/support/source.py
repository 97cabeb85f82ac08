"""A source that never pauses, as devices are."""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime

from kafka import KafkaProducer

from include.broker.access import client_options
from tests.support.pipeline import Pipeline, event


@contextmanager
def steady_source(pipeline: Pipeline, *, interval_seconds: float = 0.25) -> Iterator[None]:
    """Send a reading of the present moment each interval, all the while."""
    is_over = threading.Event()

    def send() -> None:
        producer = KafkaProducer(**client_options(pipeline.settings), acks="all")
        with closing(producer):
            number = 0
            while not is_over.wait(interval_seconds):
                now = datetime.now(UTC)
                producer.send(pipeline.settings.kafka.topic, value=event(number, at=now, customer=number % 5))
                producer.flush()
                number += 1

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()
