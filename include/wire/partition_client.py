"""One connection for requests to a partition's leader, wherever that moves to.

Requests name the topic by its id where the broker can: nothing is read from or written to another topic of that name.
"""

import logging
import time
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from kafka import TopicPartition
from kafka.errors import (
    KafkaError,
    LeaderNotAvailableError,
    TopicAuthorizationFailedError,
    UnknownBrokerIdError,
    UnknownTopicOrPartitionError,
    for_code,
)
from kafka.net.compat import KafkaNetClient

from include.broker.access import broker_error, client_options, readable_connecting
from include.broker.topic import Topic
from include.errors import (
    HeartbeatError,
    PartitionsUnreachableError,
    TopicMissingError,
    TopicReplacedError,
)
from include.settings import Settings

T = TypeVar("T")

logging.getLogger("kafka").setLevel(logging.CRITICAL)

# A batch comes whole, however small the fetch: how large it may be is the broker's message.max.bytes to say.
_MAX_RESPONSE_BYTES = 2**31 - 1
_RETRY_SECONDS = 0.2


class PartitionClient:
    """Asks leaders. A call raises TopicMissingError, TopicReplacedError, or what `broker_error` makes of the rest."""

    def __init__(self, settings: Settings, *, client_id: str, timeout_ms: int) -> None:
        self._settings = settings
        self._timeout_ms = timeout_ms
        self._client = KafkaNetClient(
            **client_options(settings),
            client_id=client_id,
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

    def ask(
        self,
        topic: Topic,
        partition: int,
        request: Any,
        read: Callable[[Any], T],
        *,
        not_passing: tuple[type[KafkaError], ...] = (),
    ) -> T:
        """Send a request to the partition's leader and return what `read` makes of the answer.

        Ask again, for as long as a request may take, where the connection broke, the leader moved, or `read` raises
        a passing error of the broker's. The errors named in `not_passing` are the caller's to explain.
        """

        def ask_leader(is_first: bool) -> T:
            leader = self._find_leader(topic, partition, is_known=is_first)
            return read(self._client.send_and_receive(leader, request, timeout_ms=self._timeout_ms))

        def explain(error: KafkaError) -> HeartbeatError:
            if isinstance(error, LeaderNotAvailableError):
                return PartitionsUnreachableError(topic=topic.name, partitions=[partition])
            return broker_error(self._settings, error)

        return self._insist(ask_leader, explain, not_passing)

    def ask_any(self, request: Any) -> Any:
        """Send a request that any broker answers, as insistently."""

        def ask_one(_is_first: bool) -> Any:
            node = self._client.least_loaded_node(bootstrap_fallback=True)
            answer = self._client.send_and_receive(node, request, timeout_ms=self._timeout_ms)
            raise_for(answer.error_code)
            return answer

        return self._insist(ask_one, partial(broker_error, self._settings))

    def _insist(
        self,
        ask: Callable[[bool], T],
        explain: Callable[[KafkaError], HeartbeatError],
        not_passing: tuple[type[KafkaError], ...] = (),
    ) -> T:
        deadline = time.monotonic() + self._timeout_ms / 1000
        is_first = True
        while True:
            try:
                return ask(is_first)
            except not_passing:
                raise
            except KafkaError as error:
                if not _is_passing(error) or time.monotonic() > deadline:
                    raise explain(error) from None
            is_first = False
            time.sleep(_RETRY_SECONDS)

    def _find_leader(self, topic: Topic, partition: int, *, is_known: bool) -> int:
        leader = self._leader(topic, partition) if is_known else None
        if leader is None:
            self._learn(topic)
            leader = self._leader(topic, partition)
        if leader is None:
            raise LeaderNotAvailableError
        return leader

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
            raise TopicMissingError(topic=topic.name, broker=self._settings.kafka.broker)
        if not learnt.succeeded():
            raise learnt.exception or LeaderNotAvailableError()
        if cluster.topic_id(topic.name) != topic.topic_id:
            raise TopicReplacedError(topic=topic.name)


def raise_for(error_code: int) -> None:
    """Raise the client library's error for a code that is not 0."""
    if error_code:
        raise for_code(error_code)()


def _is_passing(error: KafkaError) -> bool:
    """Tell whether asking again where the partition is can help."""
    return bool(getattr(error, "retriable", False)) or isinstance(error, UnknownBrokerIdError)
