"""Read Kafka batch by batch, with bounded memory and every byte as it lies there.

The slow second way beside the stream's own client, for what that one cannot hold or show: a batch that becomes too
large, a name that is not text. A fetch asks by the topic's id, so what it gives is never of another topic of that name.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kafka.errors import OffsetOutOfRangeError as NotHeldError
from kafka.protocol.consumer import FetchRequest

from include.broker.topic import REQUEST_TIMEOUT_MS, Topic
from include.errors import OffsetOutOfRangeError
from include.settings import Settings
from include.wire.partition_client import PartitionClient, raise_for
from include.wire.record import RawRecord
from include.wire.record_batch import RawBatch, parse_batches

DEFAULT_FETCH_BYTES = 1024 * 1024

_READ_UNCOMMITTED, _READ_COMMITTED = 0, 1
# From here on a request names the topic by its id (Kafka 3.1).
_BY_TOPIC_ID = 13
_NEWEST_FETCH = 16


@dataclass(frozen=True, slots=True)
class RawFetch:
    """Batches from an offset on, the first of which may begin before it; none where nothing more is stable.

    `end` is where the partition ends with all that is not yet stable.
    """

    batches: list[RawBatch]
    end: int


class RawReader:
    """One connection that fetches batches. Each call raises what `PartitionClient` does, or OffsetOutOfRangeError."""

    def __init__(self, settings: Settings, *, timeout_ms: int = REQUEST_TIMEOUT_MS) -> None:
        self._client = PartitionClient(settings, client_id="heartbeat-raw", timeout_ms=timeout_ms)

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def fetch(
        self, topic: Topic, partition: int, offset: int, *, max_bytes: int, is_stable_only: bool = True
    ) -> RawFetch:
        """Fetch packed batches from `offset` on without waiting, at least one and together at most `max_bytes`.

        Without `is_stable_only`, what belongs to open and aborted transactions is given like everything else.
        """
        isolation = _READ_COMMITTED if is_stable_only else _READ_UNCOMMITTED
        request = _fetch_request(topic, partition, offset, max_bytes, isolation)
        try:
            return self._client.ask(topic, partition, request, _read_fetch, not_passing=(NotHeldError,))
        except NotHeldError:
            raise OffsetOutOfRangeError(topic=topic.name, partition=partition, offset=offset) from None


def records_at(
    reader: RawReader, topic: Topic, partition: int, offsets: Sequence[int]
) -> dict[int, RawRecord]:
    """Return the records at these offsets; those that compaction or an abort took away are left out.

    Neighbours are fetched together, and of a batch only what is asked for is held.
    """
    found: dict[int, RawRecord] = {}
    todo = sorted(set(offsets), reverse=True)
    while todo:
        fetched = reader.fetch(topic, partition, todo[-1], max_bytes=DEFAULT_FETCH_BYTES)
        if not fetched.batches:
            break  # nothing stable lies at or behind these offsets
        for batch in fetched.batches:
            wanted = _until(todo, batch.last_offset)
            if wanted:
                found |= {record.offset: record for record in batch.records(wanted=wanted)}
    return found


def _until(todo: list[int], last_offset: int) -> frozenset[int]:
    """Take the offsets up to the last one from the end of `todo`, which descends."""
    taken = []
    while todo and todo[-1] <= last_offset:
        taken.append(todo.pop())
    return frozenset(taken)


def _fetch_request(topic: Topic, partition: int, offset: int, max_bytes: int, isolation: int) -> Any:
    wanted = FetchRequest.FetchTopic.FetchPartition(
        partition=partition, fetch_offset=offset, partition_max_bytes=max_bytes
    )
    return FetchRequest(
        max_wait_ms=0,
        min_bytes=1,
        max_bytes=max_bytes,
        isolation_level=isolation,
        topics=[FetchRequest.FetchTopic(topic_id=topic.topic_id, partitions=[wanted])],
        forgotten_topics_data=[],
        min_version=_BY_TOPIC_ID,
        max_version=_NEWEST_FETCH,
    )


def _read_fetch(answer: Any) -> RawFetch:
    raise_for(answer.error_code)
    [data] = answer.responses[0].partitions
    raise_for(data.error_code)
    aborted = [(each.producer_id, each.first_offset) for each in data.aborted_transactions or []]
    batches = parse_batches(memoryview(data.records or b""), aborted)
    return RawFetch(batches, data.high_watermark)
