"""One launch of the stream without Spark: the product's own task, run in this process."""

from include.broker.topic import open_broker
from include.domain.risk import load_policy
from include.settings import Settings
from include.sink.worker import Worker
from include.stream.lease import FIRST_TURN, require_lease
from include.stream.types import Launch, Share, bounds_of
from include.turn.opening import open_launch
from include.turn.task import Turn


class InlineStream:
    """Takes the lease when it is made; `drain` stores what the topic holds by then."""

    def __init__(self, settings: Settings, *, holder: str = "elsewhere:1") -> None:
        self._settings = settings
        with open_broker(settings) as broker:
            self._topic = broker.topic(settings.kafka.topic)
        policy = load_policy(settings.judging.risk_policy)
        launch = Launch(self._topic.name, self._topic.topic_id, 0, policy, bounds_of(settings))
        self.launch, _ = open_launch(settings, launch, self._topic, holder=holder)

    @property
    def epoch(self) -> int:
        """The launch's number."""
        return self.launch.epoch

    def drain(self) -> None:
        """Store all records that are there, in a turn with one task; raise FencedError if a newer launch is there."""
        with open_broker(self._settings) as broker:
            # Described anew: partitions may have been added since.
            ends = {
                partition: held.end
                for partition, held in broker.ranges(broker.topic(self._topic.name)).items()
            }
        worker = Worker(self._settings)
        try:
            Turn(worker, self.launch, Share(turn=FIRST_TURN, index=0, count=1, ends=ends)).run()
            require_lease(worker.database().connection, self.epoch)
        finally:
            worker.close()
