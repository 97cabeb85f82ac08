"""A task's step over its partitions, where what it remembers is forgotten in the midst of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import pytest

from include.broker.topic import KafkaRange, Topic
from include.care.reading import CarefulReading
from include.domain.risk import load_policy
from include.errors import OffsetOutOfRangeError
from include.settings import Settings
from include.sink.ledger import PartitionState
from include.sink.worker import Worker
from include.stream.types import Launch, Share, bounds_of
from include.turn import task
from include.turn.task import Turn

TOPIC = Topic("heartbeats", UUID(int=7), [0, 1])


class FakeBroker:
    """Holds the topic; `held` are the partitions that have a leader."""

    def __init__(self, held: dict[int, KafkaRange]) -> None:
        self._held = held

    def topic(self, _name: str) -> Topic:
        return TOPIC

    def ranges(self, topic: Topic, *, with_log_end: bool) -> dict[int, KafkaRange]:
        assert with_log_end
        return {partition: self._held[partition] for partition in topic.partitions}


class LostReading:
    """Reads with care where Kafka has nothing any more."""

    is_done = False

    def __init__(self, partition: int) -> None:
        self._partition = partition

    def step(self, _sink: object) -> None:
        raise OffsetOutOfRangeError(topic=TOPIC.name, partition=self._partition, offset=5)

    def close(self) -> None:
        pass


class Stepping:
    """A task with two partitions, and where it was sent on to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, held: dict[int, KafkaRange]) -> None:
        self.stepped: list[tuple[int, KafkaRange]] = []

        @contextmanager
        def opened(_settings: Settings) -> Iterator[FakeBroker]:
            yield FakeBroker(held)

        monkeypatch.setattr(task, "open_broker", opened)
        monkeypatch.setattr(task, "step_over", lambda *words: self.stepped.append(words[2:]))
        settings = Settings()
        session = SimpleNamespace(connection=None)
        worker = SimpleNamespace(settings=settings, database=lambda _epoch: session)
        launch = Launch(TOPIC.name, TOPIC.topic_id, 1, load_policy("default"), bounds_of(settings))
        self.turn: Any = Turn(cast(Worker, worker), launch, Share(turn=2, index=0, count=1))
        self.turn._guard = SimpleNamespace(topic=lambda: TOPIC, confirmation=lambda _offsets: lambda: None)
        self.turn._looked_at = float("inf")
        self.turn._states = {partition: PartitionState(5, 0, None) for partition in TOPIC.partitions}


def test_a_careful_partition_that_kafka_lost_makes_the_step_end_and_all_be_asked_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stepping = Stepping(monkeypatch, {0: KafkaRange(9, 12, 12), 1: KafkaRange(0, 12, 12)})
    stepping.turn._careful = {
        partition: cast(CarefulReading, LostReading(partition)) for partition in TOPIC.partitions
    }

    stepping.turn._step()

    assert stepping.stepped == [(0, KafkaRange(9, 12, 12))]
    assert (stepping.turn._states, stepping.turn._careful) == ({}, {})
