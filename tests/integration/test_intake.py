"""Messages of a real broker are taken apart alike by the compiled way and without it, and given back in time."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime

import pytest
from confluent_kafka import KafkaError, KafkaException

from include.broker.access import librdkafka_options
from include.broker.intake import Intake, Messages
from include.broker.librdkafka import RawConsumer, headers_of, key_of
from include.broker.reader import RecordReader
from include.compiled.program import the_program
from tests.support.pipeline import Pipeline
from tests.support.record_batches import MadeRecord, batch_bytes, send_batch
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration

NOW_MS = int(datetime.now(UTC).timestamp() * 1000)
SENT = [
    MadeRecord(b'{"a": 1}', key=b"k", headers=[(b"name", b"\0\xff"), (b"name", None), (b"", b"")]),
    MadeRecord(None, key=b"\0\xff", time_delta_ms=5),
    MadeRecord(b"\0\xff" * 10_000, headers=[(b"\xff", b"")]),
    MadeRecord(b"x"),
]


@pytest.fixture
def consumer(pipeline: Pipeline) -> Iterator[RawConsumer]:
    options = {**librdkafka_options(pipeline.settings), "group.id": "test", "auto.offset.reset": "error"}
    with closing(RawConsumer(options, lambda _: None)) as consumer:
        yield consumer


def take_all(consumer: RawConsumer, intake: Intake, count: int) -> Messages:
    def taken() -> int:
        intake.take(consumer, 2, 0.2)
        return intake.count

    wait_until(taken, lambda taken: taken >= count)
    return intake.messages()


@pytest.mark.parametrize("is_compiled", [False, True])
def test_every_message_is_taken_apart_as_it_was_sent(
    pipeline: Pipeline, consumer: RawConsumer, *, is_compiled: bool
) -> None:
    for partition in (0, 1):
        send_batch(pipeline.settings, partition, batch_bytes(SENT, first_ms=NOW_MS))
    intake = Intake(100, the_program() if is_compiled else None)
    consumer.assign(pipeline.settings.kafka.topic, {0: 0, 1: 1})

    messages = take_all(consumer, intake, 2 * len(SENT) - 1)

    places = list(zip(messages.partitions.tolist(), messages.offsets.tolist(), strict=True))
    assert sorted(places) == [(0, 0), (0, 1), (0, 2), (0, 3), (1, 1), (1, 2), (1, 3)]
    for row, (_, offset) in enumerate(places):
        sent, address = SENT[offset], int(messages.addresses[row])
        assert messages.values[row] == sent.value
        assert messages.times_ms[row] == NOW_MS + sent.time_delta_ms
        assert (key_of(address), headers_of(address)[0]) == (sent.key, list(sent.headers))
    assert intake.size_bytes == sum(len(SENT[offset].value or b"") for _, offset in places)
    assert consumer.positions(pipeline.settings.kafka.topic, {0: 0, 1: 0}) == {0: 4, 1: 4}
    intake.give_back()


@pytest.mark.parametrize("is_compiled", [False, True])
def test_an_error_takes_the_place_of_a_message(
    pipeline: Pipeline, consumer: RawConsumer, *, is_compiled: bool
) -> None:
    send_batch(pipeline.settings, 0, batch_bytes(SENT, first_ms=NOW_MS))
    intake = Intake(100, the_program() if is_compiled else None)
    consumer.assign(pipeline.settings.kafka.topic, {0: 77})

    take_all(consumer, intake, 1)

    assert intake.failed() == [(0, 0)]
    assert intake.failures[0] == KafkaError._AUTO_OFFSET_RESET
    intake.give_back()


def test_what_was_given_back_is_not_read_any_more(pipeline: Pipeline) -> None:
    send_batch(pipeline.settings, 0, batch_bytes(SENT, first_ms=NOW_MS))
    with closing(RecordReader(pipeline.settings)) as reader:
        reader.read_on(pipeline.settings.kafka.topic, {0: 0})
        messages = reader.gather(
            wait_seconds=30, gather_seconds=0, until=0, max_records=10, max_bytes=1
        ).messages
        assert messages.values[0] == SENT[0].value

        reader.has_stored({0: 1})

        with pytest.raises(RuntimeError, match="given back"):
            messages.values[0]


def test_an_option_that_librdkafka_does_not_know_is_refused_by_its_name() -> None:
    with pytest.raises(KafkaException, match=r"no\.such\.option"):
        RawConsumer({"no.such.option": 1}, lambda _: None)
    with pytest.raises(KafkaException, match=r"ssl\.ca\.location"):
        RawConsumer({"security.protocol": "SSL", "ssl.ca.location": "/nowhere.pem"}, lambda _: None)
