"""Read records by librdkafka, some partitions at a time, from offsets that the caller keeps.

librdkafka fetches and unpacks in threads of its own and holds what nobody has asked for yet in a queue: its limits
below bound that queue and a single fetch. It commits nothing and belongs to no consumer group.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from confluent_kafka import KafkaError

from include.broker.access import is_refusal, librdkafka_error, librdkafka_options
from include.broker.intake import Intake, Messages
from include.broker.librdkafka import RawConsumer, error_of
from include.compiled.program import the_program
from include.errors import PermanentError, TransientError
from include.settings import Settings

QUEUE_KILOBYTES = 16 * 1024
FETCH_BYTES = 2 * 1024 * 1024
# How long the broker may hold back a fetch that finds nothing; a new assignment waits for such a fetch.
FETCH_WAIT_MS = 250
_MOST_AT_A_TIME = 10_000

_LOST_OFFSET = (KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE)
# The next look at the topic says what has become of it; librdkafka itself tries on.
_PASSING = (
    KafkaError._PARTITION_EOF,
    KafkaError._TRANSPORT,
    KafkaError._ALL_BROKERS_DOWN,
    KafkaError._TIMED_OUT,
    KafkaError._UNKNOWN_TOPIC,
    KafkaError._UNKNOWN_PARTITION,
    KafkaError.UNKNOWN_TOPIC_OR_PART,
    KafkaError.UNKNOWN_TOPIC_ID,
    KafkaError.NOT_LEADER_FOR_PARTITION,
    KafkaError.FENCED_LEADER_EPOCH,
    KafkaError.UNKNOWN_LEADER_EPOCH,
    KafkaError.LEADER_NOT_AVAILABLE,
)


@dataclass(slots=True)
class Gathered:
    """What came in, and which partitions failed.

    `lost` are those whose next offset Kafka does not have; `unreadable` those with something at their next offset that
    librdkafka cannot hand out, with its word for it.
    """

    messages: Messages
    lost: set[int] = field(default_factory=set)
    unreadable: dict[int, str] = field(default_factory=dict)


class RecordReader:
    """Reads the partitions that it was last given."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._topic = ""
        self._positions: dict[int, int] = {}
        self._has_unstored = False
        self._refusal: KafkaError | None = None
        self._intake = Intake(0, None)
        self._consumer = RawConsumer(
            {
                **librdkafka_options(settings),
                "group.id": "heartbeat-stream",  # asked for by the client, used for nothing
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                "auto.offset.reset": "error",
                "isolation.level": "read_committed",
                "check.crcs": True,
                "fetch.wait.max.ms": FETCH_WAIT_MS,
                "fetch.queue.backoff.ms": 2,
                "fetch.max.bytes": FETCH_BYTES,
                "max.partition.fetch.bytes": FETCH_BYTES,
                "queued.min.messages": 100_000,
                "queued.max.messages.kbytes": QUEUE_KILOBYTES,
                "topic.metadata.propagation.max.ms": 1000,
            },
            self._hear,
        )

    def close(self) -> None:
        """Leave the broker; what was gathered is gone with it."""
        self._intake.give_back()
        self._consumer.close()

    def read_on(self, topic: str, offsets: Mapping[int, int]) -> None:
        """Read these partitions from these offsets on, and no others; what goes on where it was is not disturbed.

        What was handed out and not told as stored since is handed out again.
        """
        if topic == self._topic and offsets == self._positions and not self._has_unstored:
            return
        self._has_unstored = False
        self._topic, self._positions = topic, dict(offsets)
        self._consumer.assign(topic, offsets)

    def gather(
        self, *, wait_seconds: float, gather_seconds: float, until: float, max_records: int, max_bytes: int
    ) -> Gathered:
        """Wait for a record, then gather for that long and at least until that instant (monotonic), up to the bounds.

        The bounds are kept but for what librdkafka's queue holds.
        """
        intake = self._room_for(max_records)
        if intake.take(self._consumer, 1, wait_seconds):
            self._has_unstored = True
            deadline = max(time.monotonic() + gather_seconds, until)
            while intake.count < max_records and intake.size_bytes < max_bytes:
                more = intake.take(self._consumer, _MOST_AT_A_TIME, max(deadline - time.monotonic(), 0))
                if not more or time.monotonic() >= deadline:
                    break
        refusal, self._refusal = self._refusal, None
        if refusal is not None:
            raise self._failure(refusal)
        return self._sort_out(intake)

    def has_stored(self, positions: Mapping[int, int]) -> None:
        """Learn up to where all that was handed out is stored: reading goes on from there without starting anew."""
        self._positions |= positions
        self._has_unstored = False
        self._intake.give_back()

    def passed(self) -> dict[int, int]:
        """Return how far reading has come in each partition: past markers and holes, which are no records."""
        if self._positions:
            for partition, offset in self._consumer.positions(self._topic, self._positions).items():
                self._positions[partition] = max(offset, self._positions[partition])
        return dict(self._positions)

    def _room_for(self, max_records: int) -> Intake:
        self._intake.give_back()
        if self._intake.room < max_records:
            self._intake = Intake(max_records, the_program())
        return self._intake

    def _sort_out(self, intake: Intake) -> Gathered:
        failed = intake.failed()
        if not failed:
            return Gathered(intake.messages())
        gathered = Gathered(intake.messages(np.zeros(intake.count, dtype=np.bool_)))
        is_wanted = intake.failures[: intake.count] == 0
        for at, partition in failed:
            # What lies behind a place that failed has to wait for it.
            if partition not in gathered.lost and partition not in gathered.unreadable:
                self._sort(error_of(intake.address(at)), partition, gathered)
                if partition in gathered.lost or partition in gathered.unreadable:
                    is_wanted &= ~intake.behind(at)
        gathered.messages = intake.messages(is_wanted)
        return gathered

    def _sort(self, error: KafkaError, partition: int, gathered: Gathered) -> None:
        if error.code() in _LOST_OFFSET:
            gathered.lost.add(partition)
        elif error.code() in (KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.GROUP_AUTHORIZATION_FAILED):
            raise self._failure(error)
        elif error.code() not in _PASSING and partition >= 0:
            gathered.unreadable[partition] = error.str()

    def _failure(self, error: KafkaError) -> TransientError | PermanentError:
        # What was gathered beside it goes unread, so reading has to begin again where it was.
        self._topic = ""
        return librdkafka_error(self._settings, error)

    def _hear(self, error: KafkaError) -> None:
        if is_refusal(error):
            self._refusal = error
