"""Kafka record batches made byte by byte, as no client library would, and sent as they are."""

import struct
import zlib
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

import pyarrow as pa
from crc32c import crc32c
from kafka import TopicPartition
from kafka.errors import for_code
from kafka.net.compat import KafkaNetClient
from kafka.protocol.producer import ProduceRequest

from include.broker.access import client_options
from include.settings import Settings

CODEC_BITS = {"none": 0, "gzip": 1, "snappy": 2, "xerial": 2, "lz4": 3, "zstd": 4}
_TIMEOUT_MS = 30_000


@dataclass(frozen=True)
class MadeRecord:
    """What a test puts into a record; `delta` is its place in the batch, its own number if None."""

    value: bytes | None
    key: bytes | None = None
    headers: Sequence[tuple[bytes, bytes | None]] = ()
    time_delta_ms: int = 0
    delta: int | None = None


def varint(number: int) -> bytes:
    """Write a number as Kafka does inside of records."""
    rest = (number << 1) ^ (number >> 63)
    encoded = bytearray()
    while rest > 0x7F:
        encoded.append(rest & 0x7F | 0x80)
        rest >>= 7
    encoded.append(rest)
    return bytes(encoded)


def sized(content: bytes | None) -> bytes:
    """Write nullable bytes after their length."""
    return varint(-1) if content is None else varint(len(content)) + content


def record_bytes(record: MadeRecord, number: int) -> bytes:
    """Write one record."""
    delta = number if record.delta is None else record.delta
    body = b"\0" + varint(record.time_delta_ms) + varint(delta) + sized(record.key) + sized(record.value)
    body += varint(len(record.headers)) + b"".join(
        sized(name) + sized(value) for name, value in record.headers
    )
    return varint(len(body)) + body


def pack(codec: str, content: bytes) -> bytes:
    """Compress as producers do: `snappy` as librdkafka, `xerial` as Java."""
    if codec == "none":
        return content
    if codec == "gzip":
        packer = zlib.compressobj(wbits=31)
        return packer.compress(content) + packer.flush()
    if codec == "snappy":
        return bytes(pa.Codec("snappy").compress(content, asbytes=True))
    if codec == "xerial":
        blocks = [pack("snappy", content[at : at + 32_768]) for at in range(0, len(content), 32_768)]
        framed = b"".join(struct.pack(">I", len(block)) + block for block in blocks)
        return b"\x82SNAPPY\0" + struct.pack(">II", 1, 1) + framed
    if codec == "lz4":
        return _lz4_frame(content)
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, codec) as stream:
        stream.write(content)
    return bytes(sink.getvalue())


def _lz4_frame(content: bytes) -> bytes:
    """Write a frame of independent blocks of 64 KiB: the broker takes no other kind, and Arrow writes another."""
    frame = bytes.fromhex("04224d18604082")
    for at in range(0, len(content), 65_536):
        block = content[at : at + 65_536]
        packed = bytes(pa.Codec("lz4_raw").compress(block, asbytes=True))
        is_smaller = len(packed) < len(block)
        frame += struct.pack("<I", len(packed) if is_smaller else len(block) | 1 << 31)
        frame += packed if is_smaller else block
    return frame + bytes(4)


def batch_bytes(
    records: Sequence[MadeRecord],
    *,
    codec: str = "none",
    base_offset: int = 0,
    first_ms: int = 1_700_000_000_000,
    newest_ms: int | None = None,
    attributes: int = 0,
    producer_id: int = -1,
    last_delta: int | None = None,
    count: int | None = None,
    packed: bytes | None = None,
) -> bytes:
    """Write a batch; `packed` takes the place of its compressed records."""
    content = b"".join(record_bytes(record, number) for number, record in enumerate(records))
    checked = struct.pack(
        ">hiqqqhii",
        CODEC_BITS[codec] | attributes,
        len(records) - 1 if last_delta is None else last_delta,
        first_ms,
        first_ms + max((r.time_delta_ms for r in records), default=0) if newest_ms is None else newest_ms,
        producer_id,
        -1,
        -1,
        len(records) if count is None else count,
    )
    checked += pack(codec, content) if packed is None else packed
    return struct.pack(">qiibI", base_offset, len(checked) + 9, 0, 2, crc32c(checked)) + checked


def send_batch(settings: Settings, partition: int, batch: bytes) -> int:
    """Send a batch to the topic as it is; return the offset of its first record."""
    client = KafkaNetClient(**client_options(settings), receive_message_max_bytes=2**30)
    with closing(client):
        client.get_broker_version(_TIMEOUT_MS)
        client.poll(timeout_ms=_TIMEOUT_MS, future=client.cluster.set_topics([settings.kafka.topic]))
        leader = client.cluster.leader_for_partition(TopicPartition(settings.kafka.topic, partition))
        data = ProduceRequest.TopicProduceData.PartitionProduceData(index=partition, records=batch)
        topic = ProduceRequest.TopicProduceData(name=settings.kafka.topic, partition_data=[data])
        request = ProduceRequest(
            transactional_id=None, acks=-1, timeout_ms=_TIMEOUT_MS, topic_data=[topic], max_version=9
        )
        answer = client.send_and_receive(leader, request, timeout_ms=_TIMEOUT_MS)
    [written] = answer.responses[0].partition_responses
    if written.error_code:
        raise for_code(written.error_code)(written.error_message)
    return int(written.base_offset)
