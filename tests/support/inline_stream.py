"""One launch of the stream without Spark: the product's own task, run in this process."""

from include.broker.topic import open_broker
from include.db.connect import Role, connect
from include.domain.risk import load_policy
from include.settings import Settings
from include.sink.worker import Worker
from include.stream.lease import FIRST_TURN, require_lease, take_lease
from include.stream.offsets import open_offsets
from include.stream.types import Launch, Share, bounds_of
from include.turn.task import Turn


class InlineStream:
    """Takes the lease when it is made; `drain` stores what the topic holds by then."""

    def __init__(self, settings: Settings, *, holder: str = "elsewhere:1") -> None:
        self._settings = settings
        with open_broker(settings) as broker, connect(settings, Role.STREAM, autocommit=True) as connection:
            self._topic = broker.topic(settings.kafka.topic)
            held = broker.ranges(self._topic, with_log_end=True)
            self._policy = load_policy(settings.judging.risk_policy)
            self.epoch = take_lease(connection, holder, policy_version=self._policy.version)
            open_offsets(connection, self.launch, held)

    @property
    def launch(self) -> Launch:
        """What the launch's tasks share."""
        bounds = bounds_of(self._settings)
        return Launch(self._topic.name, self._topic.topic_id, self.epoch, self._policy, bounds)

    def drain(self) -> None:
        """Store all records that are there, in a turn with one task; raise FencedError if a newer launch is there."""
        with open_broker(self._settings) as broker:
            ends = {partition: held.end for partition, held in broker.ranges(self._topic).items()}
        worker = Worker(self._settings)
        try:
            Turn(worker, self.launch, Share(turn=FIRST_TURN, index=0, count=1, ends=ends)).run()
            require_lease(worker.database().connection, self.epoch)
        finally:
            worker.close()
