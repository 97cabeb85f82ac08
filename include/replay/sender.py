"""Kafka's side of a replay: send copies and learn their offsets, and find copies sent before."""

import random
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from kafka.partitioner import murmur2

from include.broker.topic import Broker, Topic
from include.errors import OffsetOutOfRangeError, RecordsRefusedError, UnreadableBatchError
from include.log import get_logger
from include.replay.rules import copy_headers, traced_place
from include.replay.types import Delivery, Letter, RecordPlace
from include.settings import Settings
from include.wire.raw_reader import DEFAULT_FETCH_BYTES, RawReader
from include.wire.raw_writer import NewRecord, RawWriter
from include.wire.record import RawRecord

DELIVERY_TIMEOUT_MS = 30_000
# No broker is configured to refuse batches of this size; a larger letter is sent alone.
_BATCH_BYTES = 256 * 1024
# Larger than any letter: what tells a copy is in its headers, which come last.
_MAX_COPY_BYTES = 64 * 1024 * 1024

log = get_logger()


@dataclass(frozen=True, slots=True)
class _Copy:
    """A letter and the record that repeats it."""

    letter: Letter
    record: NewRecord

    @property
    def size_bytes(self) -> int:
        headers = sum(len(name) + len(value or b"") for name, value in self.record.headers)
        return len(self.record.key or b"") + len(self.record.value or b"") + headers


class Sender:
    """Sends copies to one topic; each is acknowledged by all replicas before it counts as sent."""

    def __init__(self, settings: Settings, topic: Topic) -> None:
        self._topic = topic
        self._writer = RawWriter(settings, client_id="heartbeat-replay", timeout_ms=DELIVERY_TIMEOUT_MS)

    def send(self, letters: Sequence[tuple[Letter, int | None]]) -> list[Delivery]:
        """Send letters, each with its timestamp in ms, and wait for all; refuse just those that cannot be sent.

        Raise TransientError if it remains unknown whether one of them has arrived.
        """
        deliveries: list[Delivery] = []
        by_partition: dict[int, list[_Copy]] = {}
        for letter, time_ms in letters:
            copy = _make_copy(letter, time_ms)
            if isinstance(copy, str):
                deliveries.append(_refuse(letter, copy))
            else:
                partition = _choose_partition(letter.key, self._topic.partitions)
                by_partition.setdefault(partition, []).append(copy)
        for partition, copies in by_partition.items():
            for batch in _cut(copies):
                deliveries += self._append(partition, batch)
        return deliveries

    def close(self) -> None:
        """Close the connection; nothing is under way, or its fate is unknown."""
        self._writer.close()

    def _append(self, partition: int, copies: list[_Copy]) -> list[Delivery]:
        """Append copies together; if the broker refuses them, halve them until each is judged by itself."""
        try:
            first = self._writer.append(self._topic, partition, [copy.record for copy in copies])
        except RecordsRefusedError as error:
            if len(copies) == 1:
                return [_refuse(copies[0].letter, error.reason)]
            half = len(copies) // 2
            return self._append(partition, copies[:half]) + self._append(partition, copies[half:])
        return [
            Delivery(copy.letter, RecordPlace(self._topic.topic_id, partition, first + number))
            for number, copy in enumerate(copies)
        ]


def open_sender(settings: Settings, topic: Topic) -> closing[Sender]:
    """Open a sender for the length of a `with` block."""
    return closing(Sender(settings, topic))


def find_copies(
    settings: Settings, broker: Broker, topic: Topic, *, starts: dict[int, int], wanted: set[RecordPlace]
) -> dict[RecordPlace, RecordPlace]:
    """Read the topic from `starts` to its present end; return where the copies of the wanted letters are."""
    found: dict[RecordPlace, RecordPlace] = {}
    with closing(RawReader(settings)) as reader:
        for partition, held in broker.ranges(topic).items():
            start = max(starts.get(partition, 0), held.beginning)  # Kafka may have deleted the start
            for record in _records_from(reader, topic, partition, start):
                original = traced_place(record.headers)
                if original in wanted:
                    found.setdefault(original, RecordPlace(topic.topic_id, partition, record.offset))
                if len(found) == len(wanted):
                    return found
    return found


def _records_from(reader: RawReader, topic: Topic, partition: int, start: int) -> Iterator[RawRecord]:
    """Yield the records from `start` to where the partition ends now.

    Somebody else's open transaction limits what counts as stable; our copies, which are in none, may lie beyond it.
    """
    offset, end = start, None
    while end is None or offset < end:
        try:
            fetched = reader.fetch(
                topic, partition, offset, max_bytes=DEFAULT_FETCH_BYTES, is_stable_only=False
            )
        except OffsetOutOfRangeError:
            return  # the broker has lost its tail, and the copies with it
        end = fetched.end if end is None else end
        if not fetched.batches:
            return
        for batch in fetched.batches:
            with suppress(UnreadableBatchError):  # no copy of ours is in such a batch
                yield from batch.records(max_record_bytes=_MAX_COPY_BYTES)
        offset = fetched.batches[-1].last_offset + 1


def _make_copy(letter: Letter, time_ms: int | None) -> _Copy | str:
    """Return the copy, or why there can be none."""
    if not letter.payload_kept:
        return "its payload was not kept"
    try:
        headers = copy_headers(letter, is_restamped=time_ms is None)
    except (ValueError, TypeError, AttributeError):  # not as we store them
        return "its stored headers cannot be read"
    now_ms = int(datetime.now(UTC).timestamp() * 1000)
    return _Copy(letter, NewRecord(letter.key, letter.value, headers, now_ms if time_ms is None else time_ms))


def _choose_partition(key: bytes | None, partitions: Sequence[int]) -> int:
    """Return the partition that Kafka's own clients choose for a key, or any."""
    if key is None:
        return random.choice(partitions)  # noqa: S311 - any will do
    return partitions[(int(murmur2(key)) & 0x7FFFFFFF) % len(partitions)]


def _cut(copies: list[_Copy]) -> Iterator[list[_Copy]]:
    batch: list[_Copy] = []
    size_bytes = 0
    for copy in copies:
        if batch and size_bytes + copy.size_bytes > _BATCH_BYTES:
            yield batch
            batch, size_bytes = [], 0
        batch.append(copy)
        size_bytes += copy.size_bytes
    if batch:
        yield batch


def _refuse(letter: Letter, why: str) -> Delivery:
    log.warning(
        "replay_refused",
        partition=letter.place.partition,
        offset=letter.place.offset,
        reason=letter.reason,
        why=why,
    )
    return Delivery(letter, None)
