"""A topic of the test's own on the session's broker."""

import os
import signal
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from include.broker.topic import open_broker
from include.settings import Settings
from stack import run

PARTITIONS = 3


@pytest.fixture
def topic_settings(stack: Settings) -> Iterator[Settings]:
    """Give settings that lead to a fresh topic."""
    settings = stack.having(kafka_topic=f"producer-{uuid.uuid4()}")
    with open_broker(settings) as broker:
        broker.ensure_topic(settings.kafka.topic, PARTITIONS)
    yield settings
    with open_broker(settings) as broker:
        broker.delete_topic(settings.kafka.topic)


def broker_pid(settings: Settings) -> int:
    """Return the process of the session's broker."""
    (pid,) = [part.pid for part in run.status(settings) if part.name == "kafka" and part.pid is not None]
    return pid


@contextmanager
def paused_broker(settings: Settings) -> Iterator[None]:
    """Keep the broker from doing anything at all inside a `with` block."""
    pid = broker_pid(settings)
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)
