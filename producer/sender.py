"""Send events to Kafka and learn of each what became of it.

kafka-python bounds neither its memory nor its patience by itself: it queues without a limit and gives a
record up after a delivery timeout. So the records that are not yet acknowledged are held here, in the order
in which they were sent, up to a limit in number and bytes; at the limit `send` waits, and an outage of the
broker is waited out. The producer is idempotent, so that no retry repeats a record or changes the order
within a partition.
"""

import importlib.util
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

from kafka import KafkaProducer, TopicPartition
from kafka.errors import (
    InvalidRecordError,
    InvalidTimestampError,
    KafkaError,
    KafkaTimeoutError,
    MessageSizeTooLargeError,
    TopicAuthorizationFailedError,
)
from kafka.partitioner import DefaultPartitioner, Partitioner

from include.broker.access import client_options, readable_connecting
from include.broker.topic import open_broker
from include.settings import Settings
from producer.events import Event

_MAX_PENDING_RECORDS = 20_000
_MAX_PENDING_BYTES = 32 * 1024 * 1024
_BATCH_BYTES = 256 * 1024
_LINGER_MS = 5
_BOOTSTRAP_TIMEOUT_MS = 10_000
# The longest that the client can count: it never gives up a record that a broker has not refused.
_DELIVERY_TIMEOUT_MS = 2**31 - 1
_RECONNECT_BACKOFF_MAX_MS = 1000
_METADATA_WAIT_MS = 2000
_SLICE_SECONDS = 0.2
_QUIET_SECONDS = 3.0
# Far below what a broker may refuse: larger records go the long way, which looks at their size.
_SMALL_BYTES = 4096
_NO_HEADERS: list[tuple[str, bytes]] = []

# Why a broker never takes a record, however often it is sent.
_REFUSALS: dict[type[BaseException], str] = {
    InvalidTimestampError: "the topic takes no timestamp so far from the broker's clock "
    "(message.timestamp.before.max.ms, …after.max.ms): set this machine's clock or the broker's right",
    MessageSizeTooLargeError: "larger than the broker takes: raise its message.max.bytes",
    TopicAuthorizationFailedError: "the broker does not let this login write to the topic",
}
_NOT_ACKNOWLEDGED = "not acknowledged"
_BESIDE = "sent in one batch with records that the broker does not take"


class Stored(NamedTuple):
    """Where the broker stored a record, and the record's timestamp there."""

    partition: int
    offset: int
    record_time_ms: int


# What is called for each record: its delivery, or in words why the broker has not taken it.
OnDone = Callable[[Event, Stored | str], None]
# What is called while nothing is acknowledged: for how many seconds, and how many records wait.
OnWaiting = Callable[[float, int], None]


def require_topic(settings: Settings, *, timeout_ms: int = _BOOTSTRAP_TIMEOUT_MS) -> None:
    """Raise what is wrong with the broker after a short wait, or TopicMissingError at once, if either is so."""
    with open_broker(settings, timeout_ms=timeout_ms) as broker:
        broker.topic(settings.kafka.topic)


class KafkaSender:
    """Sends events, keyed as they are; what becomes of them is told in the order in which they were sent."""

    def __init__(self, settings: Settings, *, on_done: OnDone, on_waiting: OnWaiting) -> None:
        self._topic = settings.kafka.topic
        self._on_done = on_done
        self._on_waiting = on_waiting
        self._pending: deque[tuple[Any, Event]] = deque()
        self._pending_bytes = 0
        self._partitioner = _RememberingPartitioner()
        self._last_progress = time.monotonic()
        with readable_connecting(settings):
            self._producer = _ShortcutProducer(
                **client_options(settings),
                client_id="heartbeat-simulator",
                acks="all",
                enable_idempotence=True,
                delivery_timeout_ms=_DELIVERY_TIMEOUT_MS,
                batch_size=_BATCH_BYTES,
                linger_ms=_LINGER_MS,
                max_block_ms=_METADATA_WAIT_MS,
                compression_type=_compression(),
                partitioner=self._partitioner,
                allow_auto_create_topics=False,
                reconnect_backoff_max_ms=_RECONNECT_BACKOFF_MAX_MS,
                bootstrap_timeout_ms=_BOOTSTRAP_TIMEOUT_MS,
                metrics_enabled=False,
            )

    def send(self, event: Event, *, is_stopped: Callable[[], bool]) -> None:
        """Send an event; while too much is unacknowledged, wait first, unless `is_stopped`."""
        while self._is_full() and not is_stopped():
            self._await_oldest()
        try:
            future = self._queue(event, is_stopped)
        except KafkaError as error:  # refused before it was queued, for example too large
            self._on_done(event, _in_words(error))
            return
        if not self._pending:
            self._last_progress = time.monotonic()
        self._pending.append((future, event))
        self._pending_bytes += len(event.value or b"")

    def collect(self) -> None:
        """Tell what became of the records that are done, from the oldest on, or that nothing has moved for long."""
        pending, now = self._pending, time.monotonic()
        while pending and pending[0][0].is_done:
            future, event = pending.popleft()
            self._pending_bytes -= len(event.value or b"")
            self._last_progress = now
            if future.exception is None:
                stored = future.value
                self._on_done(event, Stored(stored.partition, stored.offset, stored.timestamp))
            else:
                self._on_done(event, _in_words(future.exception))
        quiet_seconds = now - self._last_progress
        if pending and quiet_seconds >= _QUIET_SECONDS:
            self._on_waiting(quiet_seconds, len(pending))

    def drain(self, *, must_end: Callable[[], bool]) -> None:
        """Wait until all is acknowledged; once `must_end`, give up what is left and count it as failed."""
        while self._pending and not must_end():
            self._await_oldest()
        self.close()

    def close(self) -> None:
        """End at once; what is not acknowledged by now counts as failed. A second call does nothing."""
        if self._pending:
            # The client's close() alone would raise and leave its thread running while records are unsent.
            self._producer._sender.force_close()
            self._producer._sender.join()
            self.collect()
        self._producer.close()

    def _queue(self, event: Event, is_stopped: Callable[[], bool]) -> Any:
        if (target := self._partitioner.target_of(event.key)) and len(event.value or b"") < _SMALL_BYTES:
            return self._producer.send_again(target, event.key, event.value)
        while True:
            try:
                return self._producer.send(self._topic, event.value, event.key)
            except KafkaTimeoutError:  # the topic's partitions are not known while no broker answers
                if is_stopped():
                    raise
                self._on_waiting(time.monotonic() - self._last_progress, len(self._pending))

    def _is_full(self) -> bool:
        if len(self._pending) < _MAX_PENDING_RECORDS and self._pending_bytes < _MAX_PENDING_BYTES:
            return False
        self.collect()
        return len(self._pending) >= _MAX_PENDING_RECORDS or self._pending_bytes >= _MAX_PENDING_BYTES

    def _await_oldest(self) -> None:
        """Wait a moment for the oldest record."""
        with suppress(KafkaError):  # what became of it is looked at below
            self._pending[0][0].get(timeout=_SLICE_SECONDS)
        self.collect()


class _ShortcutProducer(KafkaProducer):  # type: ignore[misc]
    """The client with a shorter way to where it has sent before.

    Half of what kafka-python's `send` takes per record goes into asking again what does not change: the topic's
    partitions, the texts of log lines that nobody reads, the kinds of what is handed in.
    """

    def send_again(self, target: TopicPartition, key: bytes | None, value: bytes | None) -> Any:
        """Queue a small record for a partition to which `send` has queued one; return its future."""
        future, is_full, is_new, _ = self._accumulator.append(target, None, key, value, _NO_HEADERS)
        if is_full or is_new:
            self._sender.wakeup()
        return future


class _RememberingPartitioner(Partitioner):  # type: ignore[misc]
    """Kafka's own choice for a key, hashed once: a customer keeps the partition while the run lasts."""

    def __init__(self) -> None:
        self._default = DefaultPartitioner()
        self._known: dict[bytes, TopicPartition] = {}

    def target_of(self, key: bytes | None) -> TopicPartition | None:
        """Return where the key's records go, once it was chosen."""
        return self._known.get(key) if key is not None else None

    def partition(
        self, topic: str, key: Any, serialized_key: Any, value: Any, serialized_value: Any, cluster: Any
    ) -> int:
        partition: int = self._default.partition(topic, key, serialized_key, value, serialized_value, cluster)
        if serialized_key is not None:
            partition = self._known.setdefault(serialized_key, TopicPartition(topic, partition)).partition
        return partition


def _in_words(error: BaseException) -> str:
    for kind, words in _REFUSALS.items():
        if isinstance(error, kind):
            return words
    # Of several bad records in a batch, and of the good ones beside them, the client keeps the cause as a text alone.
    if isinstance(error, InvalidRecordError) and "Timestamp" in str(error):
        return _REFUSALS[InvalidTimestampError]
    if "part of a batch" in str(error):
        return _BESIDE
    return f"{_NOT_ACKNOWLEDGED} ({type(error).__name__})"


def _compression() -> str | None:
    """Compress where that saves time: without the native CRC-32C, the client sums each byte in Python."""
    return None if importlib.util.find_spec("crc32c") else "gzip"
