"""A task's step over its partitions, where Kafka no longer has what comes next."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from include.broker.intake import Messages
from include.broker.reader import Gathered
from include.broker.topic import KafkaRange, Topic
from include.care.reading import CarefulReading
from include.domain.risk import load_policy
from include.errors import (
    BrokerUnavailableError,
    HeartbeatError,
    OffsetOutOfRangeError,
    PartitionsUnreachableError,
    TrialUnavailableError,
)
from include.settings import Settings
from include.sink.ledger import PartitionState
from include.sink.worker import Worker
from include.stream.types import Launch, Share, bounds_of
from include.turn import task
from include.turn.task import LOOK_SECONDS, Turn
from tests.support.fake_broker import TOPIC, TOPIC_ID, FakeBroker, fake_broker

PARTITIONS = [0, 1, 2]


class LostReading:
    """Reads with care where Kafka has nothing any more."""

    is_done = False

    def __init__(self, partition: int) -> None:
        self._partition = partition

    def step(self, _sink: object) -> None:
        raise OffsetOutOfRangeError(topic=TOPIC, partition=self._partition, offset=5)

    def close(self) -> None:
        pass


class HinderedReading:
    """Reads with care where something that is not the record's fault keeps it from going on."""

    is_done = False

    def __init__(self, error: HeartbeatError) -> None:
        self._error = error
        self.steps = self.closed = 0

    def step(self, _sink: object) -> None:
        self.steps += 1
        raise self._error

    def close(self) -> None:
        self.closed += 1


class Stepping:
    """A task with three partitions, and where it was sent on to."""

    def __init__(self, kafka: FakeBroker, monkeypatch: pytest.MonkeyPatch) -> None:
        self.kafka = kafka
        self.stepped: list[tuple[int, KafkaRange]] = []
        monkeypatch.setattr(task, "step_over", lambda *words: self.stepped.append(words[2:]))
        settings = Settings(kafka_broker=kafka.address)
        session = SimpleNamespace(connection=None)
        worker = SimpleNamespace(settings=settings, database=lambda _epoch: session)
        launch = Launch(TOPIC, TOPIC_ID, 1, load_policy("default"), bounds_of(settings))
        topic = Topic(TOPIC, TOPIC_ID, PARTITIONS)
        self.turn: Any = Turn(cast(Worker, worker), launch, Share(turn=2, index=0, count=1))
        self.turn._guard = SimpleNamespace(topic=lambda: topic, confirmation=lambda _offsets: lambda: None)
        self.turn._looked_at = float("inf")
        self.turn._states = {partition: PartitionState(5, 0, None) for partition in PARTITIONS}


@pytest.fixture
def stepping(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stepping]:
    with fake_broker({0: 10, 1: 11, 2: 12}) as kafka:
        yield Stepping(kafka, monkeypatch)


def test_a_careful_partition_that_kafka_lost_makes_the_step_end_and_all_be_asked_again(
    stepping: Stepping,
) -> None:
    stepping.turn._careful = {
        partition: cast(CarefulReading, LostReading(partition)) for partition in PARTITIONS
    }

    stepping.turn._step()

    assert stepping.stepped == [(0, KafkaRange(1, 10, 10))]
    assert (stepping.turn._states, stepping.turn._careful) == ({}, {})


def test_nobody_but_the_lost_partitions_is_asked_for_and_one_without_a_leader_stays(
    stepping: Stepping,
) -> None:
    stepping.kafka.without_leader(0, 1)

    stepping.turn._step_over({1, 2})

    assert stepping.stepped == [(2, KafkaRange(1, 12, 12))]
    assert stepping.kafka.asked == [[2]] * 3
    assert stepping.turn._states == {}


@pytest.mark.parametrize(
    "error",
    [
        PartitionsUnreachableError(topic=TOPIC, partitions=[1]),
        BrokerUnavailableError(broker="127.0.0.1:1"),
        TrialUnavailableError(reason="exit code 1"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_careful_partition_that_cannot_go_on_is_set_aside_while_the_others_are_read_on(
    stepping: Stepping, monkeypatch: pytest.MonkeyPatch, error: HeartbeatError
) -> None:
    reading, gathered = HinderedReading(error), cast(list[Any], [])

    def gather(*, wait_seconds: float, **_bounds: object) -> Gathered:
        gathered.append(wait_seconds)
        return Gathered(cast(Messages, ()))

    stepping.turn._worker.reader = SimpleNamespace(
        read_on=lambda _topic, wanted: gathered.append(wanted), gather=gather, passed=dict
    )
    stepping.turn._worker.raw_reader = None
    # What is set aside is asked for again: a piece of it that was taken up must not be passed over.
    stepping.turn._begun, stepping.turn._suspects = set(PARTITIONS), {1: 9}
    asked_for: list[list[int]] = []

    def read_share(_connection: object, _launch: object, missing: list[int]) -> dict[int, PartitionState]:
        asked_for.append(missing)
        return dict.fromkeys(missing, PartitionState(5, 0, None))

    monkeypatch.setattr(task, "read_share", read_share)
    monkeypatch.setattr(task, "CarefulReading", lambda *_place, **_until: reading)
    stepping.turn._careful = {1: reading}

    for _ in range(3):
        stepping.turn._step()
    assert (reading.steps, reading.closed, asked_for) == (1, 1, [[1]])
    assert gathered == [{0: 5, 2: 5}, LOOK_SECONDS] * 3

    monkeypatch.setattr(task, "ASIDE_SECONDS", 0.0)
    stepping.turn._aside_until.clear()
    for _ in range(2):
        stepping.turn._step()
    assert (reading.steps, reading.closed) == (3, 3)
