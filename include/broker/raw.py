"""Read Kafka batch by batch, with bounded memory and every byte as it lies there.

The slow second way beside the stream's own client, for what that one cannot hold or show: a batch that becomes too
large, a name that is not text. A fetch asks by the topic's id, so what it gives is never of another topic of that name.
"""

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from kafka import TopicPartition
from kafka.errors import (
    KafkaError,
    LeaderNotAvailableError,
    TopicAuthorizationFailedError,
    UnknownBrokerIdError,
    UnknownTopicOrPartitionError,
    for_code,
)
from kafka.errors import OffsetOutOfRangeError as NotHeldError
from kafka.net.compat import KafkaNetClient
from kafka.protocol.consumer import FetchRequest

from include.broker.access import broker_error, client_options, readable_connecting
from include.broker.record_batch import DEFAULT_MAX_RECORD_BYTES, RawBatch, RawRecord, parse_batches
from include.broker.topic import REQUEST_TIMEOUT_MS, Topic
from include.errors import OffsetOutOfRangeError, TopicMissingError, TopicReplacedError
from include.settings import Settings

logging.getLogger("kafka").setLevel(logging.CRITICAL)

DEFAULT_FETCH_BYTES = 1024 * 1024

_READ_COMMITTED = 1
# From here on a request names the topic by its id (Kafka 3.1).
_BY_TOPIC_ID = 13
_NEWEST_FETCH = 16
# A batch comes whole, however small the fetch: how large it may be is the broker's message.max.bytes to say.
_MAX_RESPONSE_BYTES = 2**31 - 1
_RETRY_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class RawFetch:
    """Batches from an offset on, the first of which may begin before it; none where nothing more is stable.

    `stable_end` is the last stable offset, `beginning` the oldest that Kafka holds.
    """

    batches: list[RawBatch]
    stable_end: int
    beginning: int


class RawReader:
    """One connection that fetches batches, of committed transactions and of none.

    Each call raises TopicMissingError, TopicReplacedError, OffsetOutOfRangeError, or what `broker_error` makes of
    any other failure. A partition whose leader moves is waited for, as long as `timeout_ms`.
    """

    def __init__(self, settings: Settings, *, timeout_ms: int = REQUEST_TIMEOUT_MS) -> None:
        self._settings = settings
        self._timeout_ms = timeout_ms
        self._client = KafkaNetClient(
            **client_options(settings),
            client_id="heartbeat-raw",
            receive_message_max_bytes=_MAX_RESPONSE_BYTES,
            request_timeout_ms=timeout_ms,
        )
        # Asking for a topic that is gone must not bring it back.
        self._client.cluster.config["allow_auto_create_topics"] = False
        try:
            with readable_connecting(settings):
                self._client.get_broker_version(timeout_ms)
        except BaseException:
            self._client.close()
            raise

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def fetch(self, topic: Topic, partition: int, offset: int, *, max_bytes: int) -> RawFetch:
        """Fetch packed batches from `offset` on without waiting, at least one and together at most `max_bytes`."""
        request = _fetch_request(topic, partition, offset, max_bytes)
        deadline = time.monotonic() + self._timeout_ms / 1000
        is_known = True
        while True:
            try:
                return self._ask(topic, partition, request, is_known=is_known)
            except NotHeldError:
                raise OffsetOutOfRangeError(topic=topic.name, partition=partition, offset=offset) from None
            except KafkaError as error:
                if not _is_passing(error) or time.monotonic() > deadline:
                    raise broker_error(self._settings, error) from None
            is_known = False
            time.sleep(_RETRY_SECONDS)

    def _ask(self, topic: Topic, partition: int, request: Any, *, is_known: bool) -> RawFetch:
        leader = self._leader(topic, partition) if is_known else None
        if leader is None:
            self._learn(topic)
            leader = self._leader(topic, partition)
        if leader is None:
            raise LeaderNotAvailableError
        answer = self._client.send_and_receive(leader, request, timeout_ms=self._timeout_ms)
        _raise_for(answer.error_code)
        [data] = answer.responses[0].partitions
        _raise_for(data.error_code)
        aborted = [(each.producer_id, each.first_offset) for each in data.aborted_transactions or []]
        batches = parse_batches(memoryview(data.records or b""), aborted)
        return RawFetch(batches, data.last_stable_offset, data.log_start_offset)

    def _leader(self, topic: Topic, partition: int) -> int | None:
        leader = self._client.cluster.leader_for_partition(TopicPartition(topic.name, partition))
        return None if leader is None or leader < 0 else int(leader)

    def _learn(self, topic: Topic) -> None:
        """Ask where the topic's partitions are, and whether it still is that topic."""
        cluster = self._client.cluster
        learnt = cluster.set_topics([topic.name])
        if learnt.is_done:  # the topic was known: ask again
            learnt = cluster.request_update()
        self._client.poll(timeout_ms=self._timeout_ms, future=learnt)
        if topic.name in cluster.unauthorized_topics:
            raise TopicAuthorizationFailedError
        if isinstance(learnt.exception, UnknownTopicOrPartitionError):
            raise TopicMissingError(topic=topic.name, broker=self._settings.kafka_broker)
        if not learnt.succeeded():
            raise learnt.exception or LeaderNotAvailableError()
        if cluster.topic_id(topic.name) != topic.topic_id:
            raise TopicReplacedError(topic=topic.name)


def iterate_records_at(
    settings: Settings,
    topic: Topic,
    partition: int,
    offsets: Sequence[int],
    *,
    max_record_bytes: int = DEFAULT_MAX_RECORD_BYTES,
) -> Iterator[RawRecord]:
    """Yield the records at these offsets, in order; those that compaction or an abort took away are left out.

    Neighbours are fetched together, and of a batch only what is asked for is held.
    """
    todo = sorted(set(offsets), reverse=True)
    with closing(RawReader(settings)) as reader:
        while todo:
            fetched = reader.fetch(topic, partition, todo[-1], max_bytes=DEFAULT_FETCH_BYTES)
            if not fetched.batches:
                return  # nothing stable lies at or behind these offsets
            for batch in fetched.batches:
                wanted = _until(todo, batch.last_offset)
                if wanted:
                    yield from batch.records(max_record_bytes=max_record_bytes, wanted=wanted)


def records_at(
    settings: Settings, topic: Topic, partition: int, offsets: Sequence[int]
) -> dict[int, RawRecord]:
    """Return the records at these offsets; all are held at once."""
    return {record.offset: record for record in iterate_records_at(settings, topic, partition, offsets)}


def _until(todo: list[int], last_offset: int) -> frozenset[int]:
    """Take the offsets up to the last one from the end of `todo`, which descends."""
    taken = []
    while todo and todo[-1] <= last_offset:
        taken.append(todo.pop())
    return frozenset(taken)


def _fetch_request(topic: Topic, partition: int, offset: int, max_bytes: int) -> Any:
    wanted = FetchRequest.FetchTopic.FetchPartition(
        partition=partition, fetch_offset=offset, partition_max_bytes=max_bytes
    )
    return FetchRequest(
        max_wait_ms=0,
        min_bytes=1,
        max_bytes=max_bytes,
        isolation_level=_READ_COMMITTED,
        topics=[FetchRequest.FetchTopic(topic_id=topic.topic_id, partitions=[wanted])],
        forgotten_topics_data=[],
        min_version=_BY_TOPIC_ID,
        max_version=_NEWEST_FETCH,
    )


def _is_passing(error: KafkaError) -> bool:
    """Tell whether asking again where the partition is can help."""
    return bool(getattr(error, "retriable", False)) or isinstance(error, UnknownBrokerIdError)


def _raise_for(error_code: int) -> None:
    if error_code:
        raise for_code(error_code)()
