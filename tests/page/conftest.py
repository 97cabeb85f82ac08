"""One whole stack with Airflow, readings of known customers that flow, and one browser that is logged in."""

import threading
import uuid
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from kafka import KafkaProducer

from stack import run
from stack.isolated import isolated_settings
from tests.support.browser import new_context
from tests.support.control_plane import ControlPlane
from tests.support.lone_page import LonePage, look_with
from tests.support.pipeline import event
from tools.browser import chromium, log_in

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# Customer by customer: one at High all the time, one Elevated, three Normal.
RATES_BPM = (155, 110, 60, 70, 80)
HIGH_CUSTOMER = str(uuid.UUID(int=1))
# A busy machine is slow; nothing here is about how fast a launch is.
PATIENT: dict[str, Any] = {
    "kafka_partitions": 2,
    "stream_stall_seconds": 300.0,
    "health_stall_seconds": 600.0,
    "health_grace_seconds": 900.0,
}


class Source:
    """Sends two readings per second of each customer and now and then a record that is rejected."""

    def __init__(self, plane: ControlPlane) -> None:
        self._plane = plane
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._send)

    def __enter__(self) -> "Source":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _send(self) -> None:
        settings = self._plane.settings
        producer = KafkaProducer(bootstrap_servers=settings.kafka.broker, acks="all")
        with closing(producer):
            number = 0
            while not self._is_over.wait(0.5):
                now = datetime.now(UTC)
                for customer, bpm in enumerate(RATES_BPM):
                    value = event(customer, at=now, customer=customer, heart_rate=bpm)
                    producer.send(settings.kafka.topic, value=value)
                if number % 4 == 0:
                    producer.send(settings.kafka.topic, value=b"not json")
                producer.flush()
                number += 1


@pytest.fixture(scope="session")
def plane() -> Iterator[ControlPlane]:
    """Give the stack once readings flow through it."""
    with isolated_settings(stack_with_airflow=True, **PATIENT) as settings:
        run.up(settings)
        made = ControlPlane(settings)
        with Source(made):
            made.wait_flowing()
            yield made


# Not for longer than a module's tests: as long as it runs, nothing else in this process can run an event loop.
@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    """Give the browser."""
    with chromium() as running:
        yield running


@pytest.fixture
def lone(browser: "Browser") -> Iterator[LonePage]:
    """Give the page by itself, without a stack; it is not opened yet."""
    context = new_context(browser)
    yield LonePage(context.new_page(), look_with())
    context.close()


@pytest.fixture(scope="module")
def login(plane: ControlPlane, browser: "Browser") -> Any:
    """Give the cookies of who has logged in."""
    context = new_context(browser)
    log_in(context.new_page(), plane.settings)
    state = context.storage_state()
    context.close()
    return state
