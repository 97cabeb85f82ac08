"""Ask a broker about the topic: its identity, its partitions, the offsets it holds; and create it."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

from kafka import KafkaAdminClient, TopicPartition
from kafka.admin import OffsetSpec
from kafka.errors import KafkaError, TopicAlreadyExistsError, UnknownTopicOrPartitionError
from kafka.protocol.consumer import IsolationLevel

from include.broker.access import broker_error, client_options, readable_connecting
from include.errors import TopicMissingError
from include.settings import Settings

# The client logs each failed attempt to connect; what matters reaches the user as one error.
logging.getLogger("kafka").setLevel(logging.CRITICAL)

REQUEST_TIMEOUT_MS = 10_000


@dataclass(frozen=True, slots=True)
class KafkaRange:
    """The offsets [beginning, end) of one partition that can be read."""

    beginning: int
    end: int
    # Where the log ends, open transactions included; asked for on request, else `end`.
    log_end: int = -1

    @property
    def tail(self) -> int:
        """Where the next record will stand, as far as was asked."""
        return max(self.end, self.log_end)


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic's identity; its id changes when it is deleted and created again."""

    name: str
    topic_id: UUID
    partitions: list[int]


class Broker:
    """One admin connection to the cluster. Each method raises what `broker_error` makes of a failure."""

    def __init__(self, settings: Settings, *, timeout_ms: int = REQUEST_TIMEOUT_MS) -> None:
        self._settings = settings
        with readable_connecting(settings):
            self._client = KafkaAdminClient(
                **client_options(settings),
                client_id="heartbeat-admin",
                bootstrap_timeout_ms=timeout_ms,
                request_timeout_ms=timeout_ms,
            )

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def topic(self, name: str) -> Topic:
        """Describe a topic; raise TopicMissingError if there is none."""
        with self._readable_errors(topic=name):
            described = self._client.describe_topics([name])[0]
        if described["error_code"] == UnknownTopicOrPartitionError.errno:
            raise TopicMissingError(topic=name, broker=self._settings.kafka_broker)
        partitions = sorted(partition["partition_index"] for partition in described["partitions"])
        return Topic(name, UUID(str(described["topic_id"])), partitions)

    def ranges(self, topic: Topic, *, with_log_end: bool = False) -> dict[int, KafkaRange]:
        """Return which offsets Kafka holds of each partition, up to the first record of a transaction still open.

        What lies beyond cannot be read yet: counted as lag, it would be lag that nothing clears.
        """
        partitions = [TopicPartition(topic.name, partition) for partition in topic.partitions]
        with self._readable_errors(topic=topic.name):
            first = self._client.list_partition_offsets(dict.fromkeys(partitions, OffsetSpec.EARLIEST))
            last = self._client.list_partition_offsets(
                dict.fromkeys(partitions, OffsetSpec.LATEST), isolation_level=IsolationLevel.READ_COMMITTED
            )
            ranges = {at.partition: KafkaRange(first[at].offset, last[at].offset) for at in partitions}
            if with_log_end:
                tail = self._client.list_partition_offsets(dict.fromkeys(partitions, OffsetSpec.LATEST))
                ranges = {
                    at.partition: replace(ranges[at.partition], log_end=tail[at].offset) for at in partitions
                }
        return ranges

    def newest_record_at(self, topic: Topic) -> datetime | None:
        """Return the newest timestamp among the topic's records, or None if it holds none."""
        partitions = [TopicPartition(topic.name, partition) for partition in topic.partitions]
        with self._readable_errors(topic=topic.name):
            found = self._client.list_partition_offsets(dict.fromkeys(partitions, OffsetSpec.MAX_TIMESTAMP))
        newest_ms = max((at.timestamp for at in found.values()), default=-1)
        return datetime.fromtimestamp(newest_ms / 1000, UTC).replace(tzinfo=None) if newest_ms >= 0 else None

    def ensure_topic(self, name: str, partitions: int) -> bool:
        """Create the topic, or add partitions up to `partitions`; return whether anything was changed."""
        with self._readable_errors():
            try:
                self._client.create_topics({name: {"num_partitions": partitions}}, wait_for_metadata=True)
            except TopicAlreadyExistsError:
                pass
            else:
                return True
        if len(self.topic(name).partitions) >= partitions:
            return False
        with self._readable_errors(topic=name):
            self._client.create_partitions({name: partitions})
        return True

    def delete_topic(self, name: str) -> None:
        """Delete a topic with all that it holds."""
        with self._readable_errors(topic=name):
            self._client.delete_topics([name])

    @contextmanager
    def _readable_errors(self, *, topic: str = "") -> Iterator[None]:
        try:
            yield
        except TopicAlreadyExistsError:
            raise
        except UnknownTopicOrPartitionError:
            raise TopicMissingError(topic=topic, broker=self._settings.kafka_broker) from None
        except KafkaError as error:
            raise broker_error(self._settings, error) from None


@contextmanager
def open_broker(settings: Settings, *, timeout_ms: int = REQUEST_TIMEOUT_MS) -> Iterator[Broker]:
    """Open an admin connection for the length of a `with` block."""
    broker = Broker(settings, timeout_ms=timeout_ms)
    try:
        yield broker
    finally:
        broker.close()
