"""How far the stream has come: an instant up to which all that Kafka held is stored. Silence is judged by it.

It stands still while one partition cannot be asked: readings may wait there, and nobody knows whose. The check `alarms`
of `heartbeat_health` tells of it.
"""

import time
from collections.abc import Mapping
from typing import Protocol
from uuid import UUID

from include.episodes.rules_in_force import MICROSECONDS
from include.errors import BrokerUnavailableError, TopicMissingError
from include.settings import Settings
from include.stream.kept import KeptBroker

# Asking in vain takes as long as a request may, and all alarms wait for it.
RETRY_SECONDS = 5.0


class StreamProgress(Protocol):
    """What tells the evaluator how far the stream has come."""

    def ask(self) -> UUID | None:
        """Look at Kafka, before the database; return the topic whose offsets to read, None where nothing is known."""
        ...

    def reached_us(self, offsets: Mapping[int, int]) -> int | None:
        """Return the instant that these offsets reach, None if it is not reached yet."""
        ...


class KafkaProgress:
    """Asks for the topic's ends, keeps them until the stream has reached them, then asks again."""

    def __init__(self, settings: Settings) -> None:
        self._topic = settings.kafka.topic
        self._broker = KeptBroker(settings)
        self._topic_id: UUID | None = None
        self._ends: dict[int, int] = {}
        self._asked_us = 0
        self._retry_at = 0.0

    def ask(self) -> UUID | None:
        """Ask for the ends, unless earlier ones are still to be reached, or were just asked for in vain."""
        is_reached = not self._ends or self._topic_id is None
        if is_reached and time.monotonic() >= self._retry_at:
            try:
                self._ask()
            except (BrokerUnavailableError, TopicMissingError):
                self.close()
                self._retry_at = time.monotonic() + RETRY_SECONDS
        return self._topic_id

    def reached_us(self, offsets: Mapping[int, int]) -> int | None:
        """Return when the ends were asked for, once the stream has reached them all."""
        if self._topic_id is None:
            return None
        if any(offsets.get(partition, 0) < end for partition, end in self._ends.items()):
            return None
        self._ends = {}
        return self._asked_us

    def close(self) -> None:
        """End the connection; what was asked for counts no more."""
        self._broker.close()
        self._topic_id, self._ends = None, {}

    def _ask(self) -> None:
        with self._broker.opened() as broker:
            asked_us = round(time.time() * MICROSECONDS)
            topic = broker.topic(self._topic)
            held = broker.ranges(topic)
        self._topic_id, self._asked_us = topic.topic_id, asked_us
        # Where Kafka holds nothing any more, there is nothing to wait for; -1 keeps the partition on the list.
        self._ends = {at: each.end if each.end > each.beginning else -1 for at, each in held.items()}
