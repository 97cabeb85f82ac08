"""Write records exactly as they are told: names of headers as bytes, values of headers null, neither key nor value.

No client's producer can: they take a name as text, and kafka-python's no null at all. So batches are made here and sent
one at a time, with a producer id and sequence numbers: a batch that is sent again after a broken connection is there
once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kafka.errors import (
    InvalidRecordError,
    InvalidTimestampError,
    KafkaError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
)
from kafka.protocol.producer import InitProducerIdRequest, ProduceRequest
from kafka.record.default_records import DefaultRecordBatchBuilder

from include.broker.topic import Topic
from include.domain.headers import Headers
from include.errors import RecordsRefusedError
from include.settings import Settings
from include.wire.partition_client import PartitionClient, raise_for

_FORMAT = 2
_ALL_REPLICAS = -1
_UNLIMITED_BYTES = 2**31 - 1

_REFUSALS: dict[type[KafkaError], str] = {
    MessageSizeTooLargeError: "larger than the broker takes; raise its message.max.bytes",
    RecordListTooLargeError: "larger than a segment of the topic; raise its segment.bytes",
    InvalidTimestampError: "the topic does not take its timestamp (message.timestamp.before.max.ms, …after.max.ms)",
    InvalidRecordError: "the topic does not take such a record; a compacted topic wants a key",
}


@dataclass(frozen=True, slots=True)
class NewRecord:
    """A record to be written."""

    key: bytes | None
    value: bytes | None
    headers: Headers
    timestamp_ms: int


class RawWriter:
    """One connection that appends batches, each acknowledged by all replicas."""

    def __init__(self, settings: Settings, *, client_id: str, timeout_ms: int) -> None:
        self._timeout_ms = timeout_ms
        self._client = PartitionClient(settings, client_id=client_id, timeout_ms=timeout_ms)
        try:
            # Without a transaction its time-out means nothing.
            begin = InitProducerIdRequest(transactional_id=None, transaction_timeout_ms=timeout_ms)
            answer = self._client.ask_any(begin)
        except BaseException:
            self._client.close()
            raise
        self._producer = (answer.producer_id, answer.producer_epoch)
        self._sequences: dict[int, int] = {}

    def close(self) -> None:
        """Close the connection; nothing is under way, or its fate is unknown."""
        self._client.close()

    def append(self, topic: Topic, partition: int, records: Sequence[NewRecord]) -> int:
        """Append records as one batch and return the offset of the first; all or none are there.

        Raise RecordsRefusedError where the broker does not want them, which may be for the sake of one of them; and
        TransientError where it stays unknown whether they have arrived.
        """
        sequence = self._sequences.get(partition, 0)
        request = self._request(topic, partition, _batch(records, self._producer, sequence))
        try:
            offset = self._client.ask(topic, partition, request, _read_offset, not_passing=tuple(_REFUSALS))
        except tuple(_REFUSALS) as refusal:
            raise RecordsRefusedError(reason=_REFUSALS[type(refusal)]) from None
        # What is refused takes no numbers.
        self._sequences[partition] = (sequence + len(records)) % 2**31
        return offset

    def _request(self, topic: Topic, partition: int, batch: bytes) -> Any:
        data = ProduceRequest.TopicProduceData.PartitionProduceData(index=partition, records=batch)
        named = ProduceRequest.TopicProduceData(
            name=topic.name, topic_id=topic.topic_id, partition_data=[data]
        )
        return ProduceRequest(
            transactional_id=None, acks=_ALL_REPLICAS, timeout_ms=self._timeout_ms, topic_data=[named]
        )


class _Name:
    """A header's name, of which the batch builder asks only its encoding: text of any other kind would be UTF-8."""

    def __init__(self, name: bytes) -> None:
        self._name = name

    def encode(self, _encoding: str) -> bytes:
        return self._name


def _batch(records: Sequence[NewRecord], producer: tuple[int, int], sequence: int) -> bytes:
    builder = DefaultRecordBatchBuilder(
        magic=_FORMAT,
        # A copy is a header larger than what it repeats: unpacked, the largest would not fit any more.
        compression_type=DefaultRecordBatchBuilder.CODEC_GZIP,
        is_transactional=False,
        producer_id=producer[0],
        producer_epoch=producer[1],
        base_sequence=sequence,
        batch_size=_UNLIMITED_BYTES,
    )
    for number, record in enumerate(records):
        headers = [(_Name(name), value) for name, value in record.headers]
        builder.append(number, record.timestamp_ms, record.key, record.value, headers)
    return bytes(builder.build())


def _read_offset(answer: Any) -> int:
    [written] = answer.responses[0].partition_responses
    raise_for(written.error_code)
    return int(written.base_offset)
