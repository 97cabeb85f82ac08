"""A broker that is kept is closed as soon as something goes wrong, and opened again when it is next needed."""

from contextlib import closing

import pytest

from include.errors import BrokerUnavailableError
from include.settings import Settings
from include.stream.kept import KeptBroker
from tests.support.fake_broker import TOPIC, TOPIC_ID, fake_broker
from tests.support.leftovers import connections_to
from tests.support.waiting import wait_until

TIMES = 4
PROMPT_SECONDS = 10.0


def test_a_connection_is_kept_for_as_long_as_all_goes_well() -> None:
    with fake_broker({0: 10}) as kafka, closing(KeptBroker(Settings(kafka_broker=kafka.address))) as kept:
        for _ in range(TIMES):
            with kept.opened() as broker:
                assert broker.topic(TOPIC).topic_id == TOPIC_ID
        assert connections_to(kafka.port) == 1

        kept.close()
        wait_until(
            lambda: connections_to(kafka.port), lambda count: count == 0, timeout_seconds=PROMPT_SECONDS
        )


def test_what_goes_wrong_with_a_working_connection_closes_it() -> None:
    with fake_broker({0: 10}) as kafka:
        kept = KeptBroker(Settings(kafka_broker=kafka.address))

        for _ in range(TIMES):
            with pytest.raises(BrokerUnavailableError):
                fail_with(kept, BrokerUnavailableError(broker=kafka.address))

        wait_until(
            lambda: connections_to(kafka.port), lambda count: count == 0, timeout_seconds=PROMPT_SECONDS
        )


def fail_with(kept: KeptBroker, error: Exception) -> None:
    with kept.opened() as broker:
        broker.topic(TOPIC)
        raise error
