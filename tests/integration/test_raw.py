"""Batches read raw from a real broker: exact bytes, bounded memory, transactions, and clear errors."""

import hashlib
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing

import pytest
from confluent_kafka import Producer
from kafka import TopicPartition

from include.broker.topic import Topic, open_broker
from include.errors import (
    BrokerUnavailableError,
    OffsetOutOfRangeError,
    TopicMissingError,
    TopicReplacedError,
)
from include.settings import PROJECT_ROOT, Settings, environment_of
from include.wire.raw_reader import RawReader, records_at
from include.wire.record import Oversize, RawRecord
from stack.ports import free_port
from tests.support.pipeline import Pipeline
from tests.support.record_batches import CODEC_BITS, MadeRecord, batch_bytes, send_batch

pytestmark = pytest.mark.integration
FIRST_MS = 1_700_000_000_000
MEBIBYTE = 1024 * 1024


def topic_of(settings: Settings) -> Topic:
    with open_broker(settings) as broker:
        return broker.topic(settings.kafka.topic)


@pytest.fixture(autouse=True)
def _any_time(pipeline: Pipeline) -> None:
    """Let the topic take the time of the batches that are made here byte by byte."""
    pipeline.lift_limits()


@pytest.fixture
def reader(pipeline: Pipeline) -> Iterator[RawReader]:
    with closing(RawReader(pipeline.settings)) as opened:
        yield opened


@pytest.mark.parametrize("codec", sorted(CODEC_BITS))
def test_odd_records_come_back_byte_for_byte(pipeline: Pipeline, reader: RawReader, codec: str) -> None:
    headers = [
        (b"nul\0", b"\0"),
        (b"\xff\xfe", None),
        (b"", b""),
        *[(b"again", b"%d" % n) for n in range(1000)],
    ]
    records = [
        MadeRecord(b"\0\xff", key=b"\0", headers=headers),
        MadeRecord(None, key=b""),
        MadeRecord(b"", time_delta_ms=-5),
    ]
    send_batch(pipeline.settings, 0, batch_bytes(records, codec=codec))

    fetched = reader.fetch(topic_of(pipeline.settings), 0, 0, max_bytes=MEBIBYTE)

    [batch] = fetched.batches
    assert (fetched.end, batch.record_count) == (3, 3)
    assert list(batch.records()) == [
        RawRecord(number, FIRST_MS + sent.time_delta_ms, sent.key, sent.value, tuple(sent.headers))
        for number, sent in enumerate(records)
    ]


@pytest.mark.parametrize("compression", ["none", "gzip", "snappy", "lz4", "zstd"])
def test_what_librdkafka_packs_is_read(pipeline: Pipeline, reader: RawReader, compression: str) -> None:
    producer = Producer(
        {
            "bootstrap.servers": pipeline.settings.kafka.broker,
            "compression.type": compression,
            "linger.ms": 100,
        }
    )
    values = [b"%d " % number * 2000 for number in range(100)]
    for value in values:
        producer.produce(pipeline.settings.kafka.topic, value, partition=1)
    producer.flush()

    batches = reader.fetch(topic_of(pipeline.settings), 1, 0, max_bytes=10 * MEBIBYTE).batches

    assert {batch.codec for batch in batches} == {compression}
    assert [record.value for batch in batches for record in batch.records()] == values


def test_a_fetch_is_no_larger_than_asked_but_holds_a_batch(pipeline: Pipeline, reader: RawReader) -> None:
    for _ in range(5):
        send_batch(pipeline.settings, 0, batch_bytes([MadeRecord(bytes(10_000))] * 2))
    topic = topic_of(pipeline.settings)

    first = reader.fetch(topic, 0, 3, max_bytes=100).batches
    more = reader.fetch(topic, 0, 3, max_bytes=45_000).batches
    beyond = reader.fetch(topic, 0, 10, max_bytes=100)

    assert [(batch.base_offset, batch.last_offset) for batch in first] == [(2, 3)]
    assert [batch.base_offset for batch in more] == [2, 4]
    assert beyond.batches == []


PROGRAM = """
import sys
from contextlib import closing
from include.wire.raw_reader import RawReader
from include.broker.topic import open_broker
from include.settings import get_settings

def peak_kib():
    [line] = [line for line in open("/proc/self/status") if line.startswith("VmHWM")]
    return int(line.split()[1])

settings = get_settings()
with open_broker(settings) as broker:
    topic = broker.topic(settings.kafka.topic)
with closing(RawReader(settings)) as reader:
    list(reader.fetch(topic, 0, 0, max_bytes=1).batches[0].records())
    before = peak_kib()
    for batch in reader.fetch(topic, 0, 1, max_bytes=1024 * 1024).batches:
        for record in batch.records():
            print(record.offset, record.oversize)
    print((peak_kib() - before) // 1024)
"""


def test_a_record_of_300_megabytes_in_a_small_batch_costs_little(pipeline: Pipeline) -> None:
    large = bytes(300 * MEBIBYTE)
    send_batch(pipeline.settings, 0, batch_bytes([MadeRecord(b"small")], codec="gzip"))
    send_batch(pipeline.settings, 0, batch_bytes([MadeRecord(large), MadeRecord(b"behind it")], codec="gzip"))

    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=PROJECT_ROOT,
        env=environment_of(pipeline.settings),
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )

    assert ended.returncode == 0, ended.stderr
    known = Oversize(len(large), hashlib.sha256(large).hexdigest())
    *lines, grown_mebibytes = ended.stdout.splitlines()
    assert lines == [f"1 {known}", "2 None"]
    assert int(grown_mebibytes) < 32


def test_aborted_and_open_transactions_are_told_from_committed_ones(
    pipeline: Pipeline, reader: RawReader
) -> None:
    name = pipeline.settings.kafka.topic
    producer, other = (
        Producer(
            {"bootstrap.servers": pipeline.settings.kafka.broker, "transactional.id": f"{name}-{number}"}
        )
        for number in range(2)
    )
    for each in (producer, other):
        each.init_transactions()
    for value, is_kept in [(b"aborted", False), (b"committed", True), (b"aborted again", False)]:
        producer.begin_transaction()
        producer.produce(name, value, partition=0)
        producer.flush()
        if is_kept:
            producer.commit_transaction()
        else:
            producer.abort_transaction()
    other.begin_transaction()
    other.produce(name, b"open", partition=0)
    other.flush()
    pipeline.send([b"behind the open one"], partition=0)

    fetched = reader.fetch(topic_of(pipeline.settings), 0, 0, max_bytes=MEBIBYTE)

    other.abort_transaction()
    facts = [(batch.base_offset, batch.is_control, batch.is_aborted) for batch in fetched.batches]
    assert facts == [
        (0, False, True), (1, True, False), (2, False, False), (3, True, False), (4, False, True), (5, True, False),
    ]  # fmt: skip
    assert [record.value for batch in fetched.batches for record in batch.records()] == [b"committed"]


def test_single_records_are_found_among_many(pipeline: Pipeline, reader: RawReader) -> None:
    for start in range(0, 60, 20):
        records = [
            MadeRecord(b"%d" % number, headers=[(b"\xff", b"h")]) for number in range(start, start + 20)
        ]
        send_batch(pipeline.settings, 0, batch_bytes(records, codec="zstd"))

    found = records_at(reader, topic_of(pipeline.settings), 0, [59, 3, 4, 25, 4])

    assert {offset: record.value for offset, record in found.items()} == {
        3: b"3",
        4: b"4",
        25: b"25",
        59: b"59",
    }
    assert all(record.headers == ((b"\xff", b"h"),) for record in found.values())


def test_a_partition_whose_leader_has_moved_is_found_again(pipeline: Pipeline, reader: RawReader) -> None:
    send_batch(pipeline.settings, 0, batch_bytes([MadeRecord(b"v")]))
    topic = topic_of(pipeline.settings)
    reader.fetch(topic, 0, 0, max_bytes=100)
    at = TopicPartition(topic.name, 0)
    cluster = reader._client._client.cluster
    cluster.update_partition_leader(at, 99, cluster.leader_epoch_for_partition(at) + 1)
    assert cluster.leader_for_partition(at) == 99

    assert len(reader.fetch(topic, 0, 0, max_bytes=100).batches) == 1


@pytest.mark.fault
def test_offsets_that_kafka_does_not_hold_are_refused(pipeline: Pipeline, reader: RawReader) -> None:
    send_batch(pipeline.settings, 0, batch_bytes([MadeRecord(b"v")]))

    with pytest.raises(OffsetOutOfRangeError, match="does not hold offset 2 of partition 0"):
        reader.fetch(topic_of(pipeline.settings), 0, 2, max_bytes=100)


@pytest.mark.fault
def test_a_topic_that_is_gone_or_replaced_gives_nothing_of_another(
    pipeline: Pipeline, reader: RawReader
) -> None:
    send_batch(pipeline.settings, 0, batch_bytes([MadeRecord(b"old")]))
    old = topic_of(pipeline.settings)
    reader.fetch(old, 0, 0, max_bytes=100)
    with open_broker(pipeline.settings) as broker:
        broker.delete_topic(old.name)

        with pytest.raises(TopicMissingError):
            reader.fetch(old, 0, 0, max_bytes=100)
        broker.ensure_topic(old.name, 2)
    pipeline.lift_limits()
    send_batch(pipeline.settings, 0, batch_bytes([MadeRecord(b"new")]))

    with pytest.raises(TopicReplacedError):
        reader.fetch(old, 0, 0, max_bytes=100)
    new = reader.fetch(topic_of(pipeline.settings), 0, 0, max_bytes=100)
    assert [record.value for batch in new.batches for record in batch.records()] == [b"new"]


@pytest.mark.fault
def test_a_broker_that_is_away_is_one_clear_line(pipeline: Pipeline) -> None:
    away = pipeline.settings.having(kafka_broker=f"127.0.0.1:{free_port()}")

    with pytest.raises(BrokerUnavailableError, match="start it with 'make up'"):
        RawReader(away, timeout_ms=1000)
