"""Kafka's side of a replay: send copies and learn where they lie, and look for copies sent before."""

import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import KafkaError, MessageSizeTooLargeError

from include.broker.access import client_options, readable_connecting, unavailable
from include.broker.topic import Broker, Topic
from include.errors import TransientError
from include.log import get_logger
from include.replay.rules import TRACE_HEADER, copy_headers, parse_place
from include.replay.types import Delivery, Letter, RecordPlace
from include.settings import Settings

DELIVERY_TIMEOUT_MS = 30_000
REQUEST_TIMEOUT_MS = 10_000
SCAN_TIMEOUT_SECONDS = 30.0
# How large a record may be is the broker's to say.
_MAX_REQUEST_BYTES = 16 * 1024 * 1024
# No broker is set up to refuse records of this size; larger ones are sent one at a time.
_SMALL_BYTES = 64 * 1024

log = get_logger()


class _TooLarge(TransientError):  # noqa: N818 - inside this module it is an answer, not an error
    """The broker does not take a record of this size."""


class Sender:
    """Sends copies to one topic; each is acknowledged by all replicas before it counts as sent."""

    def __init__(self, settings: Settings, topic: Topic) -> None:
        self._settings = settings
        self._topic = topic
        self._producer = _open_producer(settings)

    def send(self, letters: Sequence[tuple[Letter, int | None]]) -> list[Delivery]:
        """Send letters, each with its timestamp in ms, and wait for all of them.

        Raise TransientError where it stays unknown whether one of them has arrived.
        """
        small = [timed for timed in letters if _size_bytes(timed[0]) <= _SMALL_BYTES]
        large = [timed for timed in letters if _size_bytes(timed[0]) > _SMALL_BYTES]
        futures = [(letter, self._queue(letter, time_ms)) for letter, time_ms in small]
        copies = [(letter, self._settle(future)) for letter, future in futures]
        copies += [(letter, self._send_alone(letter, time_ms)) for letter, time_ms in large]
        for letter, copy in copies:
            if copy is None:
                _log_refusal(letter)
        return [Delivery(letter, copy) for letter, copy in copies]

    def close(self) -> None:
        """Close the connection; nothing is under way, or its fate is unknown."""
        self._producer.close(timeout=0)

    def _send_alone(self, letter: Letter, time_ms: int | None) -> RecordPlace | None:
        """Send a letter that may be too large; None if the broker says so.

        With idempotence, the client refuses everything after a first refusal: it is replaced, and to lose nothing
        by that, nothing else may be under way.
        """
        try:
            return self._settle(self._queue(letter, time_ms))
        except _TooLarge:
            self.close()
            self._producer = _open_producer(self._settings)
            return None

    def _queue(self, letter: Letter, time_ms: int | None) -> Any:
        """Return the client's future, or None for what the client cannot express."""
        try:
            return self._producer.send(
                self._topic.name,
                key=letter.key,
                value=letter.value,
                headers=copy_headers(letter),
                timestamp_ms=time_ms,
            )
        except (TypeError, ValueError):  # a header without a value, or neither key nor value
            return None
        except KafkaError as error:
            raise _explain(error) from None

    def _settle(self, future: Any) -> RecordPlace | None:
        if future is None:
            return None
        try:
            stored = future.get(timeout=2 * DELIVERY_TIMEOUT_MS / 1000)
        except KafkaError as error:
            raise _explain(error) from None
        return RecordPlace(self._topic.topic_id, stored.partition, stored.offset)


@contextmanager
def open_sender(settings: Settings, topic: Topic) -> Iterator[Sender]:
    """Open an idempotent producer for the length of a `with` block."""
    sender = Sender(settings, topic)
    try:
        yield sender
    finally:
        sender.close()


def find_copies(
    settings: Settings, broker: Broker, topic: Topic, *, starts: dict[int, int], wanted: set[RecordPlace]
) -> dict[RecordPlace, RecordPlace]:
    """Read the topic from `starts` to its present end; return where the copies of the wanted letters lie."""
    ends = {partition: held.end for partition, held in broker.ranges(topic).items()}
    todo = {TopicPartition(topic.name, p): end for p, end in ends.items() if starts.get(p, 0) < end}
    found: dict[RecordPlace, RecordPlace] = {}
    if not todo:
        return found
    with closing(_open_consumer(settings)) as consumer:
        consumer.assign(list(todo))
        for at in todo:
            consumer.seek(at, starts.get(at.partition, 0))
        for record in _records_until(consumer, todo, settings):
            original = parse_place(dict(record.headers).get(TRACE_HEADER))
            if original in wanted:
                found.setdefault(original, RecordPlace(topic.topic_id, record.partition, record.offset))
            if len(found) == len(wanted):
                break
    return found


def _open_consumer(settings: Settings) -> KafkaConsumer:
    with readable_connecting(settings):
        return KafkaConsumer(
            **client_options(settings),
            client_id="heartbeat-replay",
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",  # where Kafka has aged out the start
            bootstrap_timeout_ms=REQUEST_TIMEOUT_MS,
        )


def _records_until(
    consumer: KafkaConsumer, ends: dict[TopicPartition, int], settings: Settings
) -> Iterator[Any]:
    deadline = time.monotonic() + SCAN_TIMEOUT_SECONDS
    while any(consumer.position(at) < end for at, end in ends.items()):
        polled = consumer.poll(timeout_ms=500)
        if polled:
            deadline = time.monotonic() + SCAN_TIMEOUT_SECONDS
        elif time.monotonic() > deadline:
            raise unavailable(settings)
        for records in polled.values():
            yield from records


def _open_producer(settings: Settings) -> KafkaProducer:
    with readable_connecting(settings):
        return KafkaProducer(
            **client_options(settings),
            client_id="heartbeat-replay",
            acks="all",
            enable_idempotence=True,
            # A copy is a header larger than what it repeats: without this the largest would not fit any more.
            compression_type="gzip",
            delivery_timeout_ms=DELIVERY_TIMEOUT_MS,
            request_timeout_ms=REQUEST_TIMEOUT_MS,
            max_block_ms=REQUEST_TIMEOUT_MS,
            bootstrap_timeout_ms=REQUEST_TIMEOUT_MS,
            max_request_size=_MAX_REQUEST_BYTES,
            allow_auto_create_topics=False,
        )


def _size_bytes(letter: Letter) -> int:
    headers = sum(len(header["key"] or "") + len(header["value"] or "") for header in letter.headers or [])
    return len(letter.key or b"") + len(letter.value or b"") + headers


def _explain(error: KafkaError) -> TransientError:
    if isinstance(error, MessageSizeTooLargeError):
        return _TooLarge("a copy is larger than the broker takes: raise its message.max.bytes")
    return TransientError(
        f"Kafka did not acknowledge all copies ({type(error).__name__}): start the replay again"
    )


def _log_refusal(letter: Letter) -> None:
    log.warning(
        "replay_refused",
        partition=letter.place.partition,
        offset=letter.place.offset,
        reason=letter.reason,
    )
