"""What Kafka holds of a launch's topic, asked on a thread of its own: a broker that is away or slow delays nobody."""

import threading
from collections import deque
from contextlib import closing
from dataclasses import dataclass

from include.broker.topic import KafkaRange
from include.errors import TopicMissingError, TopicReplacedError
from include.settings import Settings
from include.stream.kept import KeptBroker
from include.stream.types import Launch

ASK_INTERVAL_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Held:
    """How many partitions the topic has, and the ranges of those that can be asked."""

    partitions: int
    ranges: dict[int, KafkaRange]


class EndsWatch(threading.Thread):
    """Asks again and again until `end` is called; `take` gives the newest answer without waiting."""

    def __init__(self, settings: Settings, launch: Launch) -> None:
        super().__init__(name="ends", daemon=True)
        self._launch = launch
        self._broker = KeptBroker(settings)
        self._is_over = threading.Event()
        self._answers: deque[Held | Exception] = deque(maxlen=1)

    def take(self) -> Held | None:
        """Return what was answered since the last call, None where nothing was; raise what went wrong instead."""
        try:
            answer = self._answers.pop()
        except IndexError:
            return None
        if isinstance(answer, Exception):
            raise answer
        return answer

    def end(self) -> None:
        """End after the question that is open; a broker that does not answer is not waited for."""
        self._is_over.set()

    def run(self) -> None:
        """Ask until it is over."""
        with closing(self._broker):
            while not self._is_over.wait(ASK_INTERVAL_SECONDS):
                try:
                    self._answers.append(self._ask())
                except Exception as error:  # whoever takes it decides
                    self._answers.append(error)

    def _ask(self) -> Held:
        try:
            with self._broker.opened() as broker:
                topic = broker.topic(self._launch.topic)
                if topic.topic_id != self._launch.topic_id:
                    raise TopicReplacedError(topic=self._launch.topic)
                return Held(len(topic.partitions), broker.reachable_ranges(topic))
        except TopicMissingError:
            raise TopicReplacedError(topic=self._launch.topic) from None
