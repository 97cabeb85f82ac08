"""A broker that cannot be reached costs an error, and nothing that stays."""

import pytest

from include.broker.topic import Broker
from include.errors import BrokerUnavailableError
from include.settings import get_settings
from stack.ports import free_port
from tests.support.leftovers import held_by_process, more_than

ATTEMPTS = 5
TIMEOUT_MS = 200


def test_attempts_to_reach_a_broker_that_is_away_leave_neither_threads_nor_descriptors() -> None:
    settings = get_settings().having(kafka_broker=f"127.0.0.1:{free_port()}")
    before = held_by_process()

    for _ in range(ATTEMPTS):
        with pytest.raises(BrokerUnavailableError):
            Broker(settings, timeout_ms=TIMEOUT_MS)

    assert more_than(before) == {}
