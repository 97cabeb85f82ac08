"""How a launch comes before its first turn: it takes the lease and begins where Kafka can go on."""

from dataclasses import replace

from include.broker.topic import Topic, open_broker, unreachable
from include.db.connect import Role, connect, readable_errors, rename_session
from include.errors import TopicReplacedError
from include.log import get_logger
from include.settings import Settings
from include.stream.lease import sink_application, take_lease
from include.stream.offsets import open_offsets, read_next_offsets
from include.stream.types import Launch

log = get_logger()


def open_launch(
    settings: Settings, launch: Launch, topic: Topic, *, holder: str, needs_all: bool = False
) -> tuple[Launch, dict[int, int]]:
    """Take the lease and bring the offsets to where Kafka can go on; return where each partition ends now.

    A partition that no broker leads stays where the ledger has it, and is left out of what is returned. The first
    launch on a topic needs all of them: where the others begin has to be noted before something is missed there. With
    `needs_all`, so does any.
    """
    with (
        connect(settings, Role.STREAM, autocommit=True) as connection,
        readable_errors(settings),
        open_broker(settings) as broker,
    ):
        needs_all = needs_all or not read_next_offsets(connection, topic.topic_id)
        ask = broker.ranges if needs_all else broker.reachable_ranges
        ask(topic)  # if Kafka does not answer, that shows before the predecessor is ended
        launch = replace(launch, epoch=take_lease(connection, holder, policy_version=launch.policy.version))
        # It is about to lock the offsets: should it hang then, a later launch has to be able to end it.
        rename_session(connection, sink_application(launch.epoch))
        # Asked again: only now does nobody move the offsets.
        held = ask(topic, with_log_end=True)
        # Asked last: offsets of a successor, found by the same name, must not be taken for the topic's own.
        if broker.topic(topic.name).topic_id != topic.topic_id:
            raise TopicReplacedError(topic=topic.name)
        open_offsets(connection, launch, held)
    if (problem := unreachable(topic, held)) is not None:
        log.warning("partitions_unreachable", reason=str(problem))
    return launch, {partition: kafka.end for partition, kafka in held.items()}
