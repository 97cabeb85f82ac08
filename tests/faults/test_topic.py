"""What happens to the topic: its files, its retention, its partitions, its compaction, and itself."""

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient

from include.broker.access import client_options
from include.broker.topic import KafkaRange, open_broker
from include.errors import HeartbeatError
from include.settings import Settings
from producer.faults import Fault
from tests.faults.conftest import Begin
from tests.support.pipeline import Pipeline, event
from tests.support.trials.late_readings import reading_in
from tests.support.trials.segments import flip_a_byte
from tests.support.trials.trial import Trial
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.faults, pytest.mark.timeout(900)]

# Without those that follow a record up: the fate of these hangs on a record that Kafka loses.
UNRELATED = {Fault.MALFORMED_JSON: 0.02, Fault.OUT_OF_RANGE: 0.02, Fault.LATE: 0.02}
MANY = 500
# Of nobody whom the simulator knows.
CUSTOMER = 10**9
# A segment is closed after a tenth of a second, and cleaned however little there is to clean.
COMPACTED = {"cleanup.policy": "compact", "segment.ms": "100", "min.cleanable.dirty.ratio": "0"}


def held_ranges(pipeline: Pipeline) -> dict[int, KafkaRange]:
    with open_broker(pipeline.settings) as broker:
        return broker.ranges(broker.topic(pipeline.settings.kafka.topic))


def next_offsets(pipeline: Pipeline) -> dict[int, int]:
    return dict(pipeline.rows("select partition, next_offset from stream_offsets"))


def wait_for_backlog(trial: Trial) -> dict[int, tuple[int, int]]:
    """Wait until many records of each partition wait; return from where to where."""
    done = next_offsets(trial.pipeline)
    ranges = wait_until(
        lambda: held_ranges(trial.pipeline),
        lambda held: all(held[partition].end - done[partition] > MANY for partition in held),
    )
    return {partition: (done[partition], ranges[partition].end) for partition in ranges}


@contextmanager
def plain_producer(settings: Settings) -> Iterator[KafkaProducer]:
    with closing(KafkaProducer(**client_options(settings), acks="all")) as producer:
        yield producer


def held_offsets(settings: Settings, ranges: dict[int, tuple[int, int]]) -> set[tuple[int, int]]:
    """Return where in these ranges Kafka still has a record."""
    found = set()
    with closing(KafkaConsumer(**client_options(settings), consumer_timeout_ms=5000)) as consumer:
        for partition, (start, end) in ranges.items():
            place = TopicPartition(settings.kafka.topic, partition)
            consumer.assign([place])
            consumer.seek(place, start)
            while consumer.position(place) < end:
                for records in consumer.poll(timeout_ms=1000).values():
                    found |= {(partition, record.offset) for record in records if record.offset < end}
    return found


def configure(settings: Settings, configuration: dict[str, str]) -> None:
    with open_broker(settings) as broker:
        broker.set_configuration(settings.kafka.topic, configuration)


def places(ranges: dict[int, tuple[int, int]]) -> Iterable[tuple[int, int]]:
    return ((partition, offset) for partition, (start, end) in ranges.items() for offset in range(start, end))


def test_a_byte_of_a_segment_is_flipped(scenario: Begin) -> None:
    with scenario(within_seconds=120, fault_rates=UNRELATED) as trial:
        with trial.stream.held():
            done, _ = wait_for_backlog(trial)[0]
            damaged = flip_a_byte(trial.pipeline.settings, 0, behind=done + MANY // 2)
        offsets = range(damaged.first_offset, damaged.last_offset + 1)
        trial.amendments.unreadable.update((0, offset) for offset in offsets)
        trial.repaired()
        unreadable = "select detail from dead_letters where reason = 'unprocessable' and not payload_kept"
        told = wait_until(lambda: trial.pipeline.rows(unreadable), lambda rows: len(rows) == len(offsets))
        trial.prove(f"{damaged}; told as: {told[0][0]}")


def test_retention_removes_what_was_not_read_yet(scenario: Begin) -> None:
    with scenario(within_seconds=120, fault_rates=UNRELATED) as trial:
        settings = trial.pipeline.settings
        with trial.stream.held():
            waiting = wait_for_backlog(trial)
            cut = {partition: (start + end) // 2 for partition, (start, end) in waiting.items()}
            with closing(KafkaAdminClient(**client_options(settings))) as admin:
                topic = settings.kafka.topic
                admin.delete_records({TopicPartition(topic, each): offset for each, offset in cut.items()})
        removed = {partition: (start, cut[partition]) for partition, (start, _) in waiting.items()}
        trial.amendments.dropped.update(places(removed))
        trial.repaired()
        trial.wait_recovered()
        gaps = trial.pipeline.rows(
            "select partition, from_offset, to_offset from stream_commits where kind = 'gap' order by 1"
        )
        assert gaps == [(partition, *removed[partition]) for partition in sorted(removed)]
        red = "select distinct message from health_checks where name = 'unread' and status = 'fail'"
        [(message,)] = wait_until(lambda: trial.pipeline.rows(red), bool)
        trial.prove(f"gaps {gaps}; health is red: {message}")


def test_a_compacted_topic_keeps_only_the_newest_of_what_was_not_read_yet(scenario: Begin) -> None:
    with scenario(within_seconds=120, fault_rates=UNRELATED) as trial:
        settings = trial.pipeline.settings
        with trial.stream.held():
            waiting = wait_for_backlog(trial)
            configure(settings, COMPACTED)
            count = len(list(places(waiting)))
            wait_until(lambda: len(held_offsets(settings, waiting)), lambda left: left < count // 2)
            configure(settings, {"cleanup.policy": "delete"})
            ends = {partition: held.end for partition, held in held_ranges(trial.pipeline).items()}
            waiting = {partition: (start, ends[partition]) for partition, (start, _) in waiting.items()}
            gone = set(places(waiting)) - held_offsets(settings, waiting)
        trial.amendments.dropped.update(gone)
        trial.repaired()
        trial.wait_recovered()
        trial.prove(
            f"{len(gone):,} of {len(list(places(waiting))):,} records that waited were compacted away"
        )


def test_partitions_are_added(scenario: Begin) -> None:
    with scenario(within_seconds=60) as trial:
        settings = trial.pipeline.settings
        with open_broker(settings) as broker:
            broker.ensure_topic(settings.kafka.topic, 4)
        trial.repaired()
        with plain_producer(settings) as producer:
            for number in range(100):
                value = event(number, customer=CUSTOMER, at=datetime.now(UTC))
                stored = producer.send(settings.kafka.topic, value, partition=2 + number % 2).get(timeout=60)
                trial.amendments.stored(stored.partition, stored.offset, reading_in(value))
        wait_until(
            lambda: next_offsets(trial.pipeline),
            lambda done: all(done.get(partition, 0) >= MANY // 10 for partition in (2, 3)),
        )
        trial.prove("partitions 2 and 3 were added and took 100 records")


def test_the_topic_is_deleted_and_created_again(scenario: Begin) -> None:
    with scenario(within_seconds=180, before_traffic=delete_and_create) as trial:
        trial.wait_recovered()
        [(topics,)] = trial.pipeline.rows("select count(distinct topic_id) from stream_offsets")
        assert (trial.stream.ended[0], topics) == (4, 2)
        trial.prove(f"the launch ended with exit code 4; the ledger knows {topics} topics of this name")


def delete_and_create(trial: Trial) -> None:
    """Have some readings stored, then put another topic in the place of theirs."""
    settings = trial.pipeline.settings
    values = [event(number, customer=CUSTOMER, at=datetime.now(UTC)) for number in range(MANY)]
    trial.pipeline.send(values)
    wait_until(lambda: trial.pipeline.count("heartbeats"), lambda count: count == MANY)
    for value in values:
        trial.amendments.stored_elsewhere(reading_in(value))
    with open_broker(settings) as broker:
        gone = broker.topic(settings.kafka.topic).topic_id
        broker.delete_topic(settings.kafka.topic)

        def is_another() -> bool:
            try:
                broker.ensure_topic(settings.kafka.topic, settings.kafka.partitions)
                return broker.topic(settings.kafka.topic).topic_id != gone
            except HeartbeatError:  # its deletion is not through
                return False

        wait_until(is_another, bool)
    trial.repaired()
