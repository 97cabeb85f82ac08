"""Where Kafka's partitions end, asked on a thread of its own: a broker that is dead or slow delays nobody's page."""

import threading
import time
from datetime import UTC, datetime

from include.broker.topic import Broker, KafkaRange, Topic, open_broker, unreachable
from include.errors import HeartbeatError
from include.live.rules import arriving_per_second
from include.live.types import Ends
from include.log import get_logger
from include.settings import Settings

ASK_INTERVAL_SECONDS = 1.0
# After a failure the next try waits; a topic that was created again is noticed at the next description.
RETRY_SECONDS = 5.0
DESCRIBE_INTERVAL_SECONDS = 30.0
TIMEOUT_MS = 3000
# The speed of arrival is taken over so many looks: one alone would jump with the simulator's bursts.
LOOKS_FOR_SPEED = 5

log = get_logger()


class BrokerWatch:
    """Asks once a second between `start` and `stop`; `ends` gives the newest answer at once."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._ends = Ends()
        self._generation = 0

    def ends(self) -> Ends:
        """Return the newest answer, and what went wrong since."""
        return self._ends

    def start(self) -> None:
        """Begin to ask."""
        self._generation += 1
        self._ends = Ends()
        threading.Thread(
            target=self._watch, args=(self._generation,), name="heartbeat-live-broker", daemon=True
        ).start()

    def stop(self) -> None:
        """End after the question that is open; a broker that does not answer is not waited for."""
        self._generation += 1

    def _watch(self, generation: int) -> None:
        while generation == self._generation:
            try:
                with open_broker(self._settings, timeout_ms=TIMEOUT_MS) as broker:
                    self._ask_on(broker, generation)
            except HeartbeatError as error:
                self._bear(str(error))
            except Exception as error:  # whatever it is, the page must say so rather than show what was
                log.exception("live_broker_failed", kind=type(error).__name__)
                self._bear(f"the look at Kafka failed: {type(error).__name__}")

    def _bear(self, problem: str) -> None:
        known = self._ends
        self._ends = Ends(known.topic_id, known.ranges, known.asked_at, None, problem)
        time.sleep(RETRY_SECONDS)

    def _ask_on(self, broker: Broker, generation: int) -> None:
        topic: Topic | None = None
        described_at = 0.0
        looks: list[tuple[float, dict[int, KafkaRange]]] = []
        while generation == self._generation:
            now = time.monotonic()
            if topic is None or now - described_at > DESCRIBE_INTERVAL_SECONDS:
                topic, described_at = broker.topic(self._settings.kafka.topic), now
            looks = [*looks[-LOOKS_FOR_SPEED:], (now, broker.reachable_ranges(topic))]
            (first_at, first), (last_at, last) = looks[0], looks[-1]
            problem = unreachable(topic, last)
            self._ends = Ends(
                topic_id=topic.topic_id,
                ranges=last,
                asked_at=datetime.now(UTC).replace(tzinfo=None),
                arriving_per_second=arriving_per_second(first, last, last_at - first_at),
                problem=str(problem) if problem else None,
            )
            time.sleep(ASK_INTERVAL_SECONDS)
