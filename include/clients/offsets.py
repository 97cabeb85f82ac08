"""Ask for the offsets of a topic's partitions, leader by leader: one that cannot be asked hides no other's."""

import time
from collections.abc import Callable, Sequence

from kafka import KafkaAdminClient, TopicPartition
from kafka.admin import OffsetSpec
from kafka.errors import (
    BrokerResponseError,
    KafkaError,
    RequestTimedOutError,
    UnknownTopicOrPartitionError,
)
from kafka.protocol.consumer import IsolationLevel

_NO_LEADER = -1

# Where a partition begins and ends, and, if that was asked for, where its log ends.
Offsets = tuple[int, ...]


def reachable_offsets(
    client: KafkaAdminClient,
    topic: str,
    partitions: Sequence[int],
    *,
    is_passing: Callable[[KafkaError], bool],
    with_log_end: bool,
) -> dict[int, Offsets]:
    """Return the offsets of the partitions that have a leader which answers.

    Raise the client library's error that `is_passing` does not know, and any if there is nothing to return because of
    it. Within the time that one request may take, leaders are asked again and again; after it, once.
    """
    found: dict[int, Offsets] = {}
    failure: KafkaError | None = None
    deadline = time.monotonic() + client.config["request_timeout_ms"] / 1000
    todo = _by_leader(client, topic, partitions)
    while todo:
        together = todo.pop()
        try:
            found |= _ask(client, topic, together, with_log_end, deadline)
        except KafkaError as error:
            if isinstance(error, UnknownTopicOrPartitionError) or not is_passing(error):
                raise
            failure = error
            if len(together) > 1 and _may_be_of_one_alone(error):
                todo += [[each] for each in together]
    if failure is not None and not found:
        raise failure
    return found


def _by_leader(client: KafkaAdminClient, topic: str, partitions: Sequence[int]) -> list[list[int]]:
    """Return the partitions that have a leader, those of one leader together."""
    [described] = client.describe_topics([topic])
    leaders = {each["partition_index"]: each["leader_id"] for each in described["partitions"]}
    if not leaders.keys() >= set(partitions):
        raise UnknownTopicOrPartitionError
    return [
        [partition for partition in partitions if leaders[partition] == leader]
        for leader in {leaders[partition] for partition in partitions} - {_NO_LEADER}
    ]


def _ask(
    client: KafkaAdminClient, topic: str, partitions: Sequence[int], with_log_end: bool, deadline: float
) -> dict[int, Offsets]:
    def ask(spec: OffsetSpec, isolation: IsolationLevel) -> dict[int, int]:
        # How long to ask again while leaders move. A leader that does not answer takes as long as a request may.
        left_ms = max(1, round((deadline - time.monotonic()) * 1000))
        wanted = dict.fromkeys((TopicPartition(topic, each) for each in partitions), spec)
        answered = client.list_partition_offsets(wanted, isolation, timeout_ms=left_ms)
        return {at.partition: found.offset for at, found in answered.items()}

    uncommitted = IsolationLevel.READ_UNCOMMITTED
    answers = [ask(OffsetSpec.EARLIEST, uncommitted), ask(OffsetSpec.LATEST, IsolationLevel.READ_COMMITTED)]
    if with_log_end:
        answers.append(ask(OffsetSpec.LATEST, uncommitted))
    return {each: tuple(answer[each] for answer in answers) for each in partitions}


def _may_be_of_one_alone(error: KafkaError) -> bool:
    """Tell whether the leader has answered: it may refuse because of one partition alone.

    That the client has waited in vain is an error of the same kind, and would be waited for once per partition.
    """
    return isinstance(error, BrokerResponseError) and not isinstance(error, RequestTimedOutError)
