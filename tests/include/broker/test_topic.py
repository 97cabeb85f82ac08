"""Where partitions begin and end, when some of them cannot be asked."""

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest

from include.broker.topic import Broker, KafkaRange, unreachable
from include.errors import (
    BrokerUnavailableError,
    PartitionsUnreachableError,
    PermanentError,
    TopicMissingError,
)
from include.settings import Settings
from tests.support.fake_broker import TOPIC, FakeBroker, fake_broker

NOT_LEADER, STORAGE_ERROR, UNAUTHORIZED, STRANGER = 6, 56, 29, 99
TIMEOUT_SECONDS = 1


@pytest.fixture
def kafka() -> Iterator[FakeBroker]:
    with fake_broker({0: 10, 1: 11, 2: 12}) as running:
        yield running


@pytest.fixture
def broker(kafka: FakeBroker) -> Iterator[Broker]:
    with closing(Broker(Settings(kafka_broker=kafka.address), timeout_ms=1000 * TIMEOUT_SECONDS)) as opened:
        yield opened


def test_all_are_asked_together(kafka: FakeBroker, broker: Broker) -> None:
    topic = broker.topic(TOPIC)

    assert broker.ranges(topic) == {at: KafkaRange(1, 10 + at) for at in range(3)}
    assert broker.ranges(topic, with_log_end=True)[2] == KafkaRange(1, 12, 12)
    assert [sorted(asked) for asked in kafka.asked] == [[0, 1, 2]] * 5


@pytest.mark.parametrize("leader", [-1, STRANGER])
def test_a_partition_that_no_broker_leads_is_left_out_and_named(
    kafka: FakeBroker, broker: Broker, leader: int
) -> None:
    kafka.leaders[1] = leader
    topic = broker.topic(TOPIC)

    found = broker.reachable_ranges(topic, with_log_end=True)

    assert found == {0: KafkaRange(1, 10, 10), 2: KafkaRange(1, 12, 12)}
    said = "no broker that answers leads partition 1 of topic heartbeats: start the broker that holds it"
    assert str(unreachable(topic, found)) == said
    with pytest.raises(PartitionsUnreachableError, match=said):
        broker.ranges(topic)
    assert broker.ranges(replace(topic, partitions=[2])) == {2: KafkaRange(1, 12)}


def test_a_topic_without_any_leader_is_told_from_a_broker_that_is_away(
    kafka: FakeBroker, broker: Broker
) -> None:
    kafka.without_leader(0, 1, 2)
    topic = broker.topic(TOPIC)

    for ask in (broker.reachable_ranges, broker.ranges):
        with pytest.raises(PartitionsUnreachableError, match=r"partitions 0, 1, 2 of topic .* holds them$"):
            ask(topic)
    assert broker.reachable_ranges(replace(topic, partitions=[])) == {}


@pytest.mark.parametrize("error", [NOT_LEADER, STORAGE_ERROR])
def test_a_partition_that_its_leader_does_not_answer_for_is_left_out(
    kafka: FakeBroker, broker: Broker, error: int
) -> None:
    kafka.errors[0] = error

    assert broker.reachable_ranges(broker.topic(TOPIC)) == {1: KafkaRange(1, 11), 2: KafkaRange(1, 12)}


def test_leaders_that_move_are_asked_again_for_as_long_as_a_request_may_take_all_together(
    kafka: FakeBroker, broker: Broker
) -> None:
    kafka.errors = dict.fromkeys((0, 1, 2), NOT_LEADER)
    topic = broker.topic(TOPIC)
    began = time.monotonic()

    with pytest.raises(BrokerUnavailableError):
        broker.reachable_ranges(topic)

    # Each of the four questions by itself may take as long.
    assert TIMEOUT_SECONDS < time.monotonic() - began < 3 * TIMEOUT_SECONDS
    assert list(dict.fromkeys(map(tuple, kafka.asked))) == [(0, 1, 2), (2,), (1,), (0,)]


def test_a_leader_that_hangs_is_asked_once_and_not_for_each_partition(
    kafka: FakeBroker, broker: Broker
) -> None:
    topic = broker.topic(TOPIC)
    kafka.hang_seconds = 60.0
    began = time.monotonic()

    with pytest.raises(BrokerUnavailableError, match="no Kafka broker answers"):
        broker.reachable_ranges(topic)

    assert time.monotonic() - began < 3 * TIMEOUT_SECONDS
    assert kafka.asked == [[0, 1, 2]]


def test_a_refusal_that_does_not_pass_is_raised(kafka: FakeBroker, broker: Broker) -> None:
    kafka.errors[0] = UNAUTHORIZED

    with pytest.raises(PermanentError, match="TopicAuthorizationFailedError"):
        broker.reachable_ranges(broker.topic(TOPIC))


def test_a_partition_that_the_topic_does_not_have_means_another_topic(broker: Broker) -> None:
    topic = broker.topic(TOPIC)

    with pytest.raises(TopicMissingError):
        broker.reachable_ranges(replace(topic, partitions=[0, 3]))
