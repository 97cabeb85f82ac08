"""What the watch asks Kafka leaves nothing behind, whatever the answer, and tells of all that can be asked."""

import pytest

from include.broker.topic import KafkaRange
from include.domain.risk import load_policy
from include.errors import PartitionsUnreachableError
from include.settings import Settings
from include.stream.types import Launch, bounds_of
from include.watch.ends import ASK_INTERVAL_SECONDS, EndsWatch, Held
from tests.support.fake_broker import TOPIC, TOPIC_ID, FakeBroker, fake_broker
from tests.support.leftovers import connections_to
from tests.support.waiting import wait_until

ANSWERS = 3


def watching(kafka: FakeBroker) -> EndsWatch:
    settings = Settings(kafka_broker=kafka.address, kafka_topic=TOPIC)
    policy = load_policy(settings.judging.risk_policy)
    return EndsWatch(settings, Launch(TOPIC, TOPIC_ID, 1, policy, bounds_of(settings)))


def test_partitions_without_a_leader_cost_one_connection_at_most_and_none_at_the_end() -> None:
    with fake_broker({0: 10, 1: 11}) as kafka:
        kafka.without_leader(0, 1)
        ends = watching(kafka)
        ends.start()

        for _ in range(ANSWERS):
            wait_until(lambda: is_answered(ends), bool, timeout_seconds=10 * ASK_INTERVAL_SECONDS)
            assert connections_to(kafka.port) <= 1

        ends.end()
        ends.join(10 * ASK_INTERVAL_SECONDS)
        wait_until(lambda: connections_to(kafka.port), lambda count: count == 0, timeout_seconds=10)


def test_a_partition_without_a_leader_hides_no_other_and_is_still_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("include.watch.ends.ASK_INTERVAL_SECONDS", 0.05)
    with fake_broker({0: 10, 1: 11, 2: 12}) as kafka:
        kafka.without_leader(1)
        ends = watching(kafka)
        ends.start()
        try:
            held = wait_until(ends.take, lambda held: held is not None)
            assert held == Held(3, {0: KafkaRange(1, 10), 2: KafkaRange(1, 12)})

            kafka.without_leader(0, 1, 2)
            with pytest.raises(PartitionsUnreachableError):
                wait_until(ends.take, lambda _: False)
        finally:
            ends.end()
            ends.join(10)


def is_answered(ends: EndsWatch) -> bool:
    try:
        return ends.take() is not None
    except Exception:
        return True
