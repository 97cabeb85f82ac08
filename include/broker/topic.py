"""Ask a broker about the topic: its identity, its partitions, the offsets it holds; and create it."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from kafka import TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, OffsetSpec
from kafka.errors import KafkaError, TopicAlreadyExistsError, UnknownTopicOrPartitionError

from include.broker.access import broker_error, client_options, readable_connecting
from include.clients.admin import open_admin
from include.clients.offsets import reachable_offsets
from include.errors import (
    BrokerUnavailableError,
    PartitionsUnreachableError,
    PermanentError,
    TopicMissingError,
)
from include.log import get_logger
from include.settings import Settings

# The client logs each failed attempt to connect; what matters reaches the user as one error.
logging.getLogger("kafka").setLevel(logging.CRITICAL)

log = get_logger()

REQUEST_TIMEOUT_MS = 10_000

RETENTION = "retention.ms"
MOST_BEHIND, MOST_AHEAD = "message.timestamp.before.max.ms", "message.timestamp.after.max.ms"
TIMESTAMP_TYPE = "message.timestamp.type"

_MS_PER_SECOND, _MS_PER_DAY = 1000, 86_400_000
# The clocks of the broker and of who sends may differ by that, whatever MAX_CLOCK_SKEW_SECONDS says of events.
_LEAST_AHEAD_MS = 60_000
_UNLIMITED_MS = 2**63 - 1
_LAST_MS = 253_402_300_799_000  # 9999-12-31T23:59:59Z


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


@dataclass(frozen=True, slots=True)
class TimestampLimits:
    """How far a record's timestamp may lie behind and ahead of the broker's clock, in milliseconds.

    Where `is_append_time`, the broker puts its own time in the place of any.
    """

    behind_ms: int
    ahead_ms: int
    is_append_time: bool = False


def topic_limits(settings: Settings) -> dict[str, str]:
    """Return the configuration of a topic that keeps records, and takes their timestamps, as far as the settings say.

    What is older than it keeps would be dropped at once.
    """
    kept_ms = settings.retention_days.kafka * _MS_PER_DAY
    ahead_ms = max(settings.judging.max_clock_skew_seconds * _MS_PER_SECOND, _LEAST_AHEAD_MS)
    return {RETENTION: str(kept_ms), MOST_BEHIND: str(kept_ms), MOST_AHEAD: str(ahead_ms)}


class Broker:
    """One admin connection to the cluster. Each method raises what `broker_error` makes of a failure."""

    def __init__(self, settings: Settings, *, timeout_ms: int = REQUEST_TIMEOUT_MS) -> None:
        self._settings = settings
        with readable_connecting(settings):
            self._client = open_admin(
                **client_options(settings), client_id="heartbeat-admin", timeout_ms=timeout_ms
            )

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def topic(self, name: str) -> Topic:
        """Describe a topic; raise TopicMissingError if there is none."""
        with self._readable_errors(topic=name):
            described = self._client.describe_topics([name])[0]
        if described["error_code"] == UnknownTopicOrPartitionError.errno:
            raise TopicMissingError(topic=name, broker=self._settings.kafka.broker)
        partitions = sorted(partition["partition_index"] for partition in described["partitions"])
        return Topic(name, UUID(str(described["topic_id"])), partitions)

    def ranges(self, topic: Topic, *, with_log_end: bool = False) -> dict[int, KafkaRange]:
        """Return which offsets Kafka holds of each partition, up to the first record of a transaction still open.

        What lies beyond cannot be read yet: counted as lag, it would be lag that nothing clears. Raise
        PartitionsUnreachableError unless all partitions can be asked.
        """
        ranges = self.reachable_ranges(topic, with_log_end=with_log_end)
        if (problem := unreachable(topic, ranges)) is not None:
            raise problem
        return ranges

    def reachable_ranges(self, topic: Topic, *, with_log_end: bool = False) -> dict[int, KafkaRange]:
        """Return the same without the partitions that no broker leads, or none that answers; see `unreachable`.

        Raise PartitionsUnreachableError if these are all of them: nothing is known then, not that there is nothing.
        """
        with self._readable_errors(topic=topic.name):
            found = reachable_offsets(
                self._client,
                topic.name,
                topic.partitions,
                is_passing=lambda error: isinstance(
                    broker_error(self._settings, error), BrokerUnavailableError
                ),
                with_log_end=with_log_end,
            )
        ranges = {partition: KafkaRange(*offsets) for partition, offsets in found.items()}
        if not ranges and (problem := unreachable(topic, ranges)) is not None:
            raise problem
        return ranges

    def newest_record_at(self, topic: Topic) -> datetime | None:
        """Return the newest timestamp among the topic's records, or None if it holds none."""
        partitions = [TopicPartition(topic.name, partition) for partition in topic.partitions]
        with self._readable_errors(topic=topic.name):
            found = self._client.list_partition_offsets(dict.fromkeys(partitions, OffsetSpec.MAX_TIMESTAMP))
        newest_ms = max((at.timestamp for at in found.values()), default=-1)
        if newest_ms < 0:
            return None
        # Kafka takes any number where a topic has no limits, and a calendar does not.
        newest = datetime.fromtimestamp(min(newest_ms, _LAST_MS) / 1000, UTC)
        return newest.replace(tzinfo=None)

    def timestamp_limits(self, topic: Topic) -> TimestampLimits:
        """Return which timestamps the topic takes, by its own configuration or the broker's."""
        found = {key: entry["value"] for key, entry in self._configuration(topic.name).items()}
        return TimestampLimits(
            int(found.get(MOST_BEHIND, _UNLIMITED_MS)),
            int(found.get(MOST_AHEAD, _UNLIMITED_MS)),
            found.get(TIMESTAMP_TYPE) == "LogAppendTime",
        )

    def ensure_topic(self, name: str, partitions: int, *, with_limits: bool = False) -> bool:
        """Create the topic, or add partitions up to `partitions`; return whether anything was changed.

        A topic that is made here is given `topic_limits`, and they follow the settings from then on. One that was made
        without them gets them only `with_limits`: who sends to it may not be ready for that.
        """
        limits = topic_limits(self._settings)
        with self._readable_errors():
            try:
                wanted = {name: {"num_partitions": partitions, "configs": limits}}
                self._client.create_topics(wanted, wait_for_metadata=True)
            except TopicAlreadyExistsError:
                pass
            else:
                return True
        is_changed = self._ensure_limits(name, limits, always=with_limits)
        if len(self.topic(name).partitions) >= partitions:
            return is_changed
        with self._readable_errors(topic=name):
            self._client.create_partitions({name: partitions})
        return True

    def set_configuration(self, name: str, configuration: Mapping[str, str]) -> None:
        """Set some of a topic's configuration and leave the rest as it is."""
        with self._readable_errors(topic=name):
            resource = ConfigResource(ConfigResourceType.TOPIC, name, dict(configuration))
            answer = self._client.alter_configs([resource], raise_on_unknown=False, incremental=True)
        if (outcome := answer["topic"][name]) != "OK":
            raise PermanentError(f"Kafka did not configure the topic {name}: {outcome}")

    def _ensure_limits(self, name: str, limits: Mapping[str, str], *, always: bool) -> bool:
        own = {
            key: entry["value"]
            for key, entry in self._configuration(name).items()
            if entry["config_source"] == "DYNAMIC_TOPIC_CONFIG"
        }
        is_limited = all(key in own for key in limits)
        if not (always or is_limited) or all(own.get(key) == value for key, value in limits.items()):
            return False
        try:
            self.set_configuration(name, limits)
        except PermanentError as error:
            if always:
                raise
            # Nobody has asked for it, and the stream can do without.
            log.warning("topic_not_limited", topic=name, reason=str(error))
            return False
        return True

    def _configuration(self, name: str) -> dict[str, dict[str, str]]:
        """Return each key's value and where it comes from; nothing where that may not be known."""
        with self._readable_errors(topic=name):
            resource = ConfigResource(ConfigResourceType.TOPIC, name)
            found: dict[str, dict[str, str]] = self._client.describe_configs([resource], config_filter="all")[
                "topic"
            ][name]
        return found

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
            raise TopicMissingError(topic=topic, broker=self._settings.kafka.broker) from None
        except KafkaError as error:
            raise broker_error(self._settings, error) from None


def unreachable(topic: Topic, ranges: Mapping[int, KafkaRange]) -> PartitionsUnreachableError | None:
    """Return the error that names the partitions for which there are no ranges; None if there are all."""
    missing = [partition for partition in topic.partitions if partition not in ranges]
    return PartitionsUnreachableError(topic=topic.name, partitions=missing) if missing else None


def open_broker(settings: Settings, *, timeout_ms: int = REQUEST_TIMEOUT_MS) -> closing[Broker]:
    """Open an admin connection for the length of a `with` block."""
    return closing(Broker(settings, timeout_ms=timeout_ms))
