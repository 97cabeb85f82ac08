"""What a worker keeps is opened once."""

from contextlib import closing
from typing import Any
from uuid import UUID

import pytest

from include.broker.topic import Topic
from include.settings import Settings
from include.sink import worker
from include.sink.gathering import Origin
from include.sink.worker import Worker
from include.wire.raw_reader import RawFetch
from include.wire.record import RawRecord

TOPIC = Topic("heartbeats", UUID(int=7), [0, 1])


class OneBatch:
    """A batch of Kafka's with all offsets."""

    last_offset = 99

    def records(self, *, wanted: frozenset[int]) -> list[RawRecord]:
        return [RawRecord(offset, None, b"key", None, ((b"h", None),)) for offset in sorted(wanted)]


class CountedReader:
    """Counts the connections."""

    opened = 0

    def __init__(self, _settings: Settings) -> None:
        CountedReader.opened += 1

    def fetch(self, *_words: object, **_named: object) -> RawFetch:
        batches: list[Any] = [OneBatch()]
        return RawFetch(batches, 100)

    def close(self) -> None:
        CountedReader.opened -= 1


def test_origins_are_looked_up_over_one_connection_that_stays_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CountedReader, "opened", 0)
    monkeypatch.setattr(worker, "RawReader", CountedReader)

    with closing(Worker(Settings())) as kept:
        for partition in (0, 1, 0):
            found = kept.exact_origins(TOPIC)(partition, [3, 5])
            assert found == {offset: Origin(b"key", ((b"h", None),)) for offset in (3, 5)}
            assert CountedReader.opened == 1
        assert isinstance(kept.raw_reader, CountedReader)
        assert CountedReader.opened == 1

    assert CountedReader.opened == 0
