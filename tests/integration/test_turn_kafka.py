"""What Kafka may hold or do under a task: transactions, odd bytes, another topic of the same name."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import pytest
from confluent_kafka import Producer
from psycopg.pq import TransactionStatus

from include.broker.access import librdkafka_options
from include.broker.topic import KafkaRange, Topic, open_broker
from include.domain.headers import from_json
from include.errors import HeartbeatError, TopicReplacedError
from include.settings import Settings
from include.sink.gathering import Origin
from include.sink.messages import ExactOrigins
from include.sink.worker import Worker
from tests.support.inline_stream import InlineStream
from tests.support.pipeline import Pipeline, event
from tests.support.record_batches import MadeRecord, batch_bytes, send_batch
from tests.support.running_turn import running_turn
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration

NOW = datetime.now(UTC).replace(microsecond=0)


def transactional(settings: Settings, number: int = 0) -> Producer:
    name = f"{settings.kafka.topic}-{number}"
    producer = Producer({**librdkafka_options(settings), "transactional.id": name})
    producer.init_transactions()
    return producer


def send_in_transaction(producer: Producer, topic: str, values: list[bytes], *, partition: int = 0) -> None:
    producer.begin_transaction()
    for value in values:
        producer.produce(topic, value, partition=partition)
    producer.flush()


def ranges(settings: Settings) -> dict[int, KafkaRange]:
    with open_broker(settings) as broker:
        return broker.ranges(broker.topic(settings.kafka.topic), with_log_end=True)


def ends(settings: Settings) -> dict[int, int]:
    return {partition: held.end for partition, held in ranges(settings).items()}


def offsets(pipeline: Pipeline) -> dict[int, int]:
    return dict(pipeline.rows("select partition, next_offset from stream_offsets"))


def some(first: int, count: int) -> list[bytes]:
    return [event(number, at=NOW) for number in range(first, first + count)]


def test_aborted_records_are_never_stored_and_neither_they_nor_markers_leave_lag(pipeline: Pipeline) -> None:
    settings, topic = pipeline.settings, pipeline.settings.kafka.topic
    launch = InlineStream(settings).launch
    producer = transactional(settings)
    with running_turn(settings, launch):
        for round_number in range(3):
            send_in_transaction(producer, topic, some(round_number * 100, 10))
            producer.commit_transaction()
            send_in_transaction(producer, topic, [*some(round_number * 100 + 50, 10), b"rejected"])
            producer.abort_transaction()
        wait_until(lambda: offsets(pipeline), lambda reached: reached == ends(settings))

    assert ends(settings)[0] == 3 * (10 + 1 + 11 + 1)
    assert (pipeline.count("heartbeats"), pipeline.count("dead_letters")) == (30, 0)
    report = pipeline.report()
    assert (report.lag, report.problems) == ({0: 0, 1: 0}, [])
    assert sum(account.empty_offsets for account in report.partitions) == 3 * (1 + 11 + 1)


def test_an_open_transaction_is_no_lag_and_is_read_once_it_is_through(pipeline: Pipeline) -> None:
    settings, topic = pipeline.settings, pipeline.settings.kafka.topic
    launch = InlineStream(settings).launch
    producer = transactional(settings)
    with running_turn(settings, launch):
        pipeline.send(some(0, 5), partition=0)
        send_in_transaction(producer, topic, some(5, 5))
        pipeline.send(some(10, 5), partition=0)
        wait_until(lambda: offsets(pipeline)[0], lambda offset: offset == 5)
        assert (pipeline.report().lag, ranges(settings)[0].log_end) == ({0: 0, 1: 0}, 15)

        producer.commit_transaction()
        wait_until(lambda: offsets(pipeline), lambda reached: reached == ends(settings))

    assert (pipeline.report().accepted, pipeline.report().problems) == (15, [])


@pytest.mark.parametrize("is_committed", [True, False])
def test_a_drain_comes_to_an_end_that_is_a_marker(pipeline: Pipeline, *, is_committed: bool) -> None:
    settings = pipeline.settings
    stream = InlineStream(settings)
    producer = transactional(settings)
    pipeline.send(some(0, 3), partition=0)
    send_in_transaction(producer, settings.kafka.topic, some(10, 3))
    if is_committed:
        producer.commit_transaction()
    else:
        producer.abort_transaction()
    # Its open transaction lies behind the end, and is not waited for.
    other = transactional(settings, 1)
    send_in_transaction(other, settings.kafka.topic, some(20, 3))

    stream.drain()

    other.abort_transaction()
    assert offsets(pipeline)[0] == 7
    assert pipeline.count("heartbeats") == (6 if is_committed else 3)
    assert pipeline.report().problems == []


@pytest.mark.fault
@pytest.mark.parametrize("is_running_on", [True, False])
def test_nothing_of_a_new_topic_is_stored_under_the_old_ones_id(
    pipeline: Pipeline, *, is_running_on: bool
) -> None:
    settings, topic = pipeline.settings, pipeline.settings.kafka.topic
    launch = InlineStream(settings).launch
    with running_turn(settings, launch) as task:
        pipeline.send(some(0, 20), partition=0)
        wait_until(lambda: pipeline.count("heartbeats"), lambda stored: stored == 20)
        with open_broker(settings) as broker:
            broker.delete_topic(topic)
            wait_until(lambda: _created(settings), bool, interval_seconds=0.01)
        if is_running_on:  # from the old topic's end on there is something to read at once
            pipeline.send(some(1000, 100), partition=0)
        task.seconds_to_end()

    assert isinstance(task.error, TopicReplacedError)
    assert pipeline.count("heartbeats") == 20
    [(old_end,)] = pipeline.rows("select sum(next_offset) from stream_offsets")
    assert old_end == 20
    InlineStream(settings).drain()
    assert pipeline.count("heartbeats") == (120 if is_running_on else 20)
    assert len(pipeline.rows("select distinct topic_id from stream_offsets")) == 2
    assert pipeline.report().problems == []


def _created(settings: Settings) -> bool:
    """Create the topic once its deletion is through."""
    try:
        with open_broker(settings) as broker:
            return broker.ensure_topic(settings.kafka.topic, 2)
    except HeartbeatError:
        return False


ODD_HEADERS: list[list[tuple[bytes, bytes | None]]] = [
    [],
    [(b"nul\0inside", b"\0")],
    [(b"\xff\xfe", None), (b"\xed\xa0\x80", b"half a surrogate pair")],
    [(b"", b""), (b"", None)],
    [(b"again", b"%d" % number) for number in range(1000)],
    [("naïve 😀".encode(), b"\xff")],
]


@pytest.mark.parametrize("codec", ["none", "zstd"])
def test_key_value_and_headers_of_a_rejected_record_are_kept_byte_for_byte(
    pipeline: Pipeline, codec: str
) -> None:
    stream = InlineStream(pipeline.settings)
    keys = [None, b"", b"\0\xff", b"k", b"key", b"\xed\xa0\x80"]
    values = [None, b"", b"\0", b"\xff\xfe{}", b"{}", b"x" * 100_000]
    sent = [
        MadeRecord(value, key=key, headers=headers)
        for key, value, headers in zip(keys, values, ODD_HEADERS, strict=True)
    ]
    good = [MadeRecord(value, headers=[(b"\xff", None)]) for value in some(0, 3)]
    now_ms = int(NOW.timestamp() * 1000)
    send_batch(pipeline.settings, 0, batch_bytes([*good, *sent], codec=codec, first_ms=now_ms))
    send_batch(pipeline.settings, 1, batch_bytes(sent, codec=codec, first_ms=now_ms))

    stream.drain()

    for partition, first in ((0, len(good)), (1, 0)):
        kept = pipeline.rows(
            'select "offset", key, value, headers, payload_kept from dead_letters '  # noqa: S608
            f'where partition = {partition} order by "offset"'
        )
        assert [(*row[:3], from_json(row[3] or []), row[4]) for row in kept] == [
            (first + place, record.key, record.value, list(record.headers), True)
            for place, record in enumerate(sent)
        ]
    assert pipeline.count("heartbeats") == len(good)
    assert pipeline.report().problems == []


def test_kafka_is_asked_for_headers_in_doubt_alone_and_never_within_a_transaction(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = InlineStream(pipeline.settings)
    asked: list[tuple[int, list[int], TransactionStatus]] = []
    sound = Worker.exact_origins

    def noted(worker: Worker, topic: Topic) -> ExactOrigins:
        def find(partition: int, offsets: Sequence[int]) -> Mapping[int, Origin]:
            status = worker.database().connection.info.transaction_status
            asked.append((partition, list(offsets), status))
            return sound(worker, topic)(partition, offsets)

        return find

    monkeypatch.setattr(Worker, "exact_origins", noted)
    plain, odd = [(b"traceparent", b"00-1"), (b"\xff", b"")], [(b"nul\0inside", b"x")]
    made = [(b"{}", plain), (b"{}", odd), (event(0, at=NOW), odd), (b"{}", [])]
    records = [MadeRecord(value, headers=headers) for value, headers in made]
    send_batch(pipeline.settings, 0, batch_bytes(records, first_ms=int(NOW.timestamp() * 1000)))

    stream.drain()

    assert asked == [(0, [1], TransactionStatus.IDLE)]
    kept = pipeline.rows('select "offset", headers from dead_letters order by "offset"')
    assert [(offset, from_json(headers or [])) for offset, headers in kept] == [(0, plain), (1, odd), (3, [])]
