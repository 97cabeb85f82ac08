"""What the live page knows of Kafka, where some partitions cannot be asked."""

from include.broker.topic import KafkaRange
from include.live.broker import BrokerWatch
from include.settings import Settings
from tests.support.fake_broker import TOPIC, fake_broker
from tests.support.waiting import wait_until


def test_partitions_that_can_be_asked_are_shown_beside_one_that_cannot() -> None:
    with fake_broker({0: 10, 1: 11}) as kafka:
        kafka.without_leader(1)
        watch = BrokerWatch(Settings(kafka_broker=kafka.address, kafka_topic=TOPIC))
        watch.start()
        try:
            ends = wait_until(watch.ends, lambda ends: bool(ends.ranges or ends.problem))
        finally:
            watch.stop()

    assert ends.ranges == {0: KafkaRange(1, 10)}
    assert ends.problem is not None
    assert "leads partition 1 of topic heartbeats" in ends.problem
