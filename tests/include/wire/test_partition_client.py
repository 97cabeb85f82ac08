"""Asking the leader of a partition that has none."""

from contextlib import closing

import pytest

from include.broker.topic import Topic
from include.errors import PartitionsUnreachableError
from include.settings import Settings
from include.wire.raw_reader import RawReader
from tests.support.fake_broker import TOPIC, TOPIC_ID, fake_broker


def test_a_partition_without_a_leader_is_told_from_a_broker_that_is_away() -> None:
    with fake_broker({0: 10, 1: 11}) as kafka:
        kafka.without_leader(1)
        with (
            closing(RawReader(Settings(kafka_broker=kafka.address), timeout_ms=500)) as reader,
            pytest.raises(PartitionsUnreachableError, match="leads partition 1 of topic heartbeats"),
        ):
            reader.fetch(Topic(TOPIC, TOPIC_ID, [0, 1]), 1, 0, max_bytes=100)
