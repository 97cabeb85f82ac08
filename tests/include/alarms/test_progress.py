"""How far silence is judged, while a partition cannot be asked."""

from contextlib import closing

import pytest

from include.alarms import progress
from include.alarms.progress import KafkaProgress
from include.settings import Settings
from tests.support.fake_broker import TOPIC, TOPIC_ID, FakeBroker, fake_broker


def watching(kafka: FakeBroker) -> KafkaProgress:
    return KafkaProgress(Settings(kafka_broker=kafka.address, kafka_topic=TOPIC))


def test_it_stands_still_while_a_partition_has_no_leader_and_goes_on_after(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(progress, "RETRY_SECONDS", 0.0)
    with fake_broker({0: 10, 1: 11}) as kafka, closing(watching(kafka)) as asking:
        kafka.without_leader(1)
        assert asking.ask() is None
        assert asking.reached_us({0: 10, 1: 11}) is None

        kafka.leaders[1] = kafka.leaders[0]
        assert asking.ask() == TOPIC_ID
        assert asking.reached_us({0: 10, 1: 11}) is not None


def test_what_was_asked_for_in_vain_is_not_asked_for_at_once_again() -> None:
    with fake_broker({0: 10, 1: 11}) as kafka, closing(watching(kafka)) as asking:
        kafka.without_leader(1)

        assert [asking.ask() for _ in range(3)] == [None] * 3

        assert kafka.asked == [[0]] * 2  # where it begins, and where it ends
