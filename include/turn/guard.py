"""Nothing from a new topic is ever stored under the identity of the old one.

The broker is asked for the topic's id while the task stores, and the answer is read before the commit: whatever had
been read by then came from the old topic. Not every commit has to ask. A topic that replaces another begins at offset
0, so it would have to grow past a partition's next offset before one of its records could be mistaken for the next one.
And between the end of a topic and the first record of its successor the broker has to delete, create and elect, and the
reader sees an error and fetches metadata: no two of these follow each other within a tenth of a second.
"""

import time
from collections.abc import Callable, Iterable

from include.broker.identity import TopicQuestion
from include.broker.topic import Topic
from include.errors import TopicReplacedError
from include.sink.worker import Worker
from include.stream.types import Launch

LOOK_SECONDS = 1.0
# More records than a broker accepts into one partition within a second of creating it.
_RECORDS_PER_SECOND = 1_000_000
_SWIFTEST_SUCCESSION_SECONDS = 0.05


class TopicGuard:
    """Knows the topic as it was a moment ago, and knows when that is not good enough."""

    def __init__(self, worker: Worker, launch: Launch) -> None:
        self._worker = worker
        self._launch = launch
        self._topic: Topic | None = None
        self._known_at = 0.0

    def topic(self) -> Topic:
        """Return the topic as it was at most a second ago; raise TopicReplacedError if it has been replaced."""
        if self._topic is None or time.monotonic() - self._known_at > LOOK_SECONDS:
            return self._learn(self._worker.watch.ask(self._launch.topic), time.monotonic())
        return self._topic

    def confirmation(self, next_offsets: Iterable[int]) -> Callable[[], object]:
        """Return what to call before committing what has just been read from these offsets."""
        now = time.monotonic()
        outgrown_seconds = min(next_offsets, default=0) / _RECORDS_PER_SECOND
        if now - self._known_at <= min(max(outgrown_seconds, _SWIFTEST_SUCCESSION_SECONDS), LOOK_SECONDS):
            return lambda: None
        question = self._worker.watch.ask(self._launch.topic)
        return lambda: self._learn(question, now)

    def _learn(self, question: TopicQuestion, asked_at: float) -> Topic:
        topic = question.topic()
        if topic.topic_id != self._launch.topic_id:
            raise TopicReplacedError(topic=self._launch.topic)
        self._topic, self._known_at = topic, asked_at
        return topic
