"""When the stream has passed an hour's end, told from a real topic and the ledger."""

# ruff: noqa: S608 - the statements are the tests' own words

import asyncio
import time
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from include.broker.topic import open_broker
from include.errors import StreamBehindError, TopicMissingError
from include.stack.ports import free_port
from include.summaries.passing import has_passed, measure_unpassed, wait_until_passed
from include.summaries.rules import last_full_hour
from tests.support.pipeline import Pipeline, event

pytestmark = pytest.mark.integration


def now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def topic_id(pipeline: Pipeline) -> UUID:
    with open_broker(pipeline.settings) as broker:
        return broker.topic(pipeline.settings.kafka_topic).topic_id


def note_offset(pipeline: Pipeline, partition: int, next_offset: int) -> None:
    """Say in the ledger how far a partition is done."""
    pipeline.run(
        "insert into stream_offsets (topic_id, partition, topic, start_offset, next_offset) "
        f"values ('{topic_id(pipeline)}', {partition}, 'any', 0, {next_offset})"
    )


def note_commit(pipeline: Pipeline, partition: int, newest_record_at: datetime) -> None:
    """Say in the ledger what a partition's last commit held."""
    pipeline.run("select ensure_day_partition('stream_commits', timezone('utc', now())::date)")
    pipeline.run(
        "insert into stream_commits (topic_id, partition, from_offset, to_offset, epoch, newest_record_at) "
        f"values ('{topic_id(pipeline)}', {partition}, 0, 1, 1, '{newest_record_at}')"
    )


def test_an_empty_topic_has_passed_every_hour_that_has_ended(pipeline: Pipeline) -> None:
    hour = last_full_hour(now())

    assert has_passed(pipeline.settings, hour)
    assert not has_passed(pipeline.settings, hour + timedelta(hours=2))


def test_records_that_wait_hold_the_hour_until_the_ledger_is_past_them(pipeline: Pipeline) -> None:
    hour = last_full_hour(now())
    pipeline.send([event(number) for number in range(5)], partition=1)

    [waiting] = measure_unpassed(pipeline.settings, hour)
    assert (waiting.partition, waiting.lag) == (1, 5)

    note_offset(pipeline, 1, 5)
    assert has_passed(pipeline.settings, hour)


def test_a_later_record_in_every_partition_passes_an_hour_while_others_wait(pipeline: Pipeline) -> None:
    hour = last_full_hour(now())
    end = hour + timedelta(hours=1)
    for partition in (0, 1):
        pipeline.send([event(number) for number in range(5)], partition=partition)
        note_offset(pipeline, partition, 1)

    note_commit(pipeline, 0, end)
    note_commit(pipeline, 1, end - timedelta(microseconds=1))
    assert [waiting.partition for waiting in measure_unpassed(pipeline.settings, hour)] == [1]

    note_commit(pipeline, 1, end + timedelta(minutes=1))
    assert has_passed(pipeline.settings, hour)


def test_the_ledger_of_a_deleted_topic_of_the_same_name_does_not_count(pipeline: Pipeline) -> None:
    note_offset(pipeline, 0, 1000)
    pipeline.run("update stream_offsets set topic_id = gen_random_uuid()")
    pipeline.send([event(1)], partition=0)

    assert not has_passed(pipeline.settings, last_full_hour(now()))


def test_the_wait_ends_with_what_it_waits_for(pipeline: Pipeline) -> None:
    pipeline.send([event(number) for number in range(5)], partition=1)

    with pytest.raises(
        StreamBehindError, match=r"5 records wait to be read, 5 of them in partition 1\. See that"
    ):
        asyncio.run(wait_until_passed(pipeline.settings, last_full_hour(now()), deadline=time.time()))


def test_a_broker_that_is_away_is_waited_for_and_named(pipeline: Pipeline) -> None:
    away = pipeline.settings.model_copy(update={"kafka_broker": f"localhost:{free_port()}"})

    with pytest.raises(StreamBehindError, match="no Kafka broker answers at"):
        asyncio.run(wait_until_passed(away, last_full_hour(now()), deadline=time.time()))


def test_a_topic_that_does_not_exist_is_not_waited_for(pipeline: Pipeline) -> None:
    other = pipeline.settings.model_copy(update={"kafka_topic": "none"})

    with pytest.raises(TopicMissingError):
        asyncio.run(wait_until_passed(other, last_full_hour(now()), deadline=time.time() + 600))
