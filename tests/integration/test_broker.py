"""What a real broker holds of a topic, told with transactions that are open, committed and aborted."""

from collections.abc import Iterator
from contextlib import closing

import pytest
from confluent_kafka import KafkaError
from kafka import KafkaProducer

from include.broker.access import client_options
from include.broker.reader import Gathered, RecordReader
from include.broker.topic import KafkaRange, open_broker
from include.errors import BrokerLoginError
from include.health.run import observe
from include.health.standstill import lag_of
from tests.support.inline_stream import InlineStream
from tests.support.pipeline import Pipeline, event
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration


@pytest.fixture
def producer(pipeline: Pipeline) -> Iterator[KafkaProducer]:
    """Give a producer that sends in transactions."""
    options = client_options(pipeline.settings)
    with closing(KafkaProducer(**options, transactional_id=pipeline.settings.kafka.topic)) as producer:
        producer.init_transactions()
        yield producer


def send_within(producer: KafkaProducer, pipeline: Pipeline, count: int) -> None:
    """Begin a transaction and send records to partition 0, until the broker has them."""
    producer.begin_transaction()
    for number in range(count):
        producer.send(pipeline.settings.kafka.topic, value=event(number), partition=0)
    producer.flush()


def end_of_first_partition(pipeline: Pipeline) -> int:
    with open_broker(pipeline.settings) as broker:
        return broker.ranges(broker.topic(pipeline.settings.kafka.topic))[0].end


def gather(reader: RecordReader) -> Gathered:
    return reader.gather(wait_seconds=30, gather_seconds=0, until=0, max_records=10, max_bytes=1)


def test_an_open_transaction_is_no_lag_and_a_committed_one_is(
    pipeline: Pipeline, producer: KafkaProducer
) -> None:
    stream = InlineStream(pipeline.settings)
    pipeline.send([event(number) for number in range(3)], partition=0)
    stream.drain()

    send_within(producer, pipeline, 5)
    pipeline.send([event(9)], partition=0)  # what comes behind it cannot be read yet either

    assert end_of_first_partition(pipeline) == 3
    assert lag_of(observe(pipeline.settings)) == 0
    producer.commit_transaction()
    # The marker is an offset of its own. It is written just after the answer to the producer.
    wait_until(lambda: end_of_first_partition(pipeline), lambda end: end == 3 + 5 + 1 + 1)
    assert lag_of(observe(pipeline.settings)) == 7


def test_an_aborted_transaction_holds_nothing_up(pipeline: Pipeline, producer: KafkaProducer) -> None:
    send_within(producer, pipeline, 2)
    assert end_of_first_partition(pipeline) == 0

    producer.abort_transaction()

    wait_until(lambda: end_of_first_partition(pipeline), lambda end: end == 2 + 1)
    with open_broker(pipeline.settings) as broker:
        ranges = broker.ranges(broker.topic(pipeline.settings.kafka.topic))
    assert ranges == {0: KafkaRange(0, 3), 1: KafkaRange(0, 0)}


def test_what_came_beside_a_refusal_is_read_again(pipeline: Pipeline) -> None:
    topic = pipeline.settings.kafka.topic
    value = event(1)
    pipeline.send([value], partition=0)
    with closing(RecordReader(pipeline.settings)) as reader:
        reader.read_on(topic, {0: 0})
        # As librdkafka does where one broker of several refuses.
        reader._hear(KafkaError(KafkaError._AUTHENTICATION, "SASL authentication error"))

        with pytest.raises(BrokerLoginError):
            gather(reader)

        reader.read_on(topic, {0: 0})
        assert list(gather(reader).messages.values) == [value]
