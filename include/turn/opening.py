"""How a launch comes before its first turn: it takes the lease and begins where Kafka can go on."""

from dataclasses import replace

from include.broker.topic import Topic, open_broker
from include.db.connect import Role, connect, readable_errors, rename_session
from include.errors import TopicReplacedError
from include.settings import Settings
from include.stream.lease import sink_application, take_lease
from include.stream.offsets import open_offsets
from include.stream.types import Launch


def open_launch(
    settings: Settings, launch: Launch, topic: Topic, *, holder: str
) -> tuple[Launch, dict[int, int]]:
    """Take the lease and bring the offsets to where Kafka can go on; return where each partition ends now."""
    with connect(settings, Role.STREAM, autocommit=True) as connection, readable_errors(settings):
        launch = replace(launch, epoch=take_lease(connection, holder, policy_version=launch.policy.version))
        # It is about to lock the offsets: should it hang then, a later launch has to be able to end it.
        rename_session(connection, sink_application(launch.epoch))
        with open_broker(settings) as broker:
            held = broker.ranges(topic, with_log_end=True)
            # Asked last: offsets of a successor, found by the same name, must not be taken for the topic's own.
            if broker.topic(topic.name).topic_id != topic.topic_id:
                raise TopicReplacedError(topic=topic.name)
        open_offsets(connection, launch, held)
    return launch, {partition: kafka.end for partition, kafka in held.items()}
