"""When the stream has passed an hour's end, told from a real topic and the ledger."""

# ruff: noqa: S608 - the statements are the tests' own words

import asyncio
import time
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
import pytest

from include.broker.topic import open_broker
from include.domain.hours import as_hour, last_full_hour
from include.errors import HourNotEndedError, StreamBehindError, TopicMissingError
from include.hourly.passing import has_passed, measure_unpassed, wait_until_passed
from include.maintenance.run import prune_results
from stack.ports import free_port
from tests.support.inline_stream import InlineStream
from tests.support.pipeline import Pipeline, event

pytestmark = pytest.mark.integration


def now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def topic_id(pipeline: Pipeline) -> UUID:
    with open_broker(pipeline.settings) as broker:
        return broker.topic(pipeline.settings.kafka.topic).topic_id


def note_offset(pipeline: Pipeline, partition: int, next_offset: int) -> None:
    """Say in the ledger how far a partition is done."""
    pipeline.run(
        "insert into stream_offsets (topic_id, partition, topic, start_offset, next_offset) "
        f"values ('{topic_id(pipeline)}', {partition}, 'any', 0, {next_offset}) "
        "on conflict (topic_id, partition) do update set next_offset = excluded.next_offset"
    )


def send(pipeline: Pipeline, count: int, partition: int) -> None:
    pipeline.send([event(number) for number in range(count)], partition=partition)


def test_an_empty_topic_has_passed_every_hour_that_has_ended(pipeline: Pipeline) -> None:
    hour = last_full_hour(now())

    assert has_passed(pipeline.settings, hour)
    for later in (hour + timedelta(hours=2), as_hour("9999-12-31T23:00")):
        with pytest.raises(HourNotEndedError):
            has_passed(pipeline.settings, later)


def test_records_that_wait_hold_the_hour_until_the_ledger_is_past_them(pipeline: Pipeline) -> None:
    hour = last_full_hour(now())
    send(pipeline, 5, partition=1)

    assert measure_unpassed(pipeline.settings, hour) == {1: 5}

    note_offset(pipeline, 1, 4)
    assert not has_passed(pipeline.settings, hour)
    note_offset(pipeline, 1, 5)
    assert has_passed(pipeline.settings, hour)


def test_a_record_that_claims_a_later_time_does_not_pass_the_hour_for_those_that_wait(
    pipeline: Pipeline,
) -> None:
    pipeline.lift_limits()
    hour = last_full_hour(now())
    ahead_ms = int((datetime.now(UTC) + timedelta(minutes=50)).timestamp() * 1000)
    stream = InlineStream(pipeline.settings)
    for partition in (0, 1):
        pipeline.send([event(partition)], partition=partition, timestamp_ms=ahead_ms)
    stream.drain()
    send(pipeline, 1000, partition=0)

    assert sum(measure_unpassed(pipeline.settings, hour).values()) == 1000

    stream.drain()
    assert has_passed(pipeline.settings, hour)


def test_what_comes_after_the_question_is_not_waited_for(pipeline: Pipeline) -> None:
    hour = last_full_hour(now())
    send(pipeline, 5, partition=1)
    assert not has_passed(pipeline.settings, hour)

    send(pipeline, 1000, partition=1)
    send(pipeline, 1000, partition=0)
    with open_broker(pipeline.settings) as broker:
        broker.ensure_topic(pipeline.settings.kafka.topic, 3)
    send(pipeline, 10, partition=2)
    note_offset(pipeline, 1, 5)

    assert has_passed(pipeline.settings, hour)
    # An earlier hour had ended by then, too.
    assert has_passed(pipeline.settings, hour - timedelta(hours=49))
    assert pipeline.rows("select partition, end_offset from hour_ends order by partition") == [(0, 0), (1, 5)]


def test_what_kafka_has_dropped_since_is_waited_for_by_nobody(pipeline: Pipeline) -> None:
    hour = last_full_hour(now())
    send(pipeline, 5, partition=1)
    assert not has_passed(pipeline.settings, hour)
    pipeline.run("update hour_ends set end_offset = 900 where partition = 0")  # the broker has lost its tail

    note_offset(pipeline, 1, 5)

    assert has_passed(pipeline.settings, hour)


def test_of_a_topic_that_took_anothers_place_the_ends_are_asked_anew(pipeline: Pipeline) -> None:
    settings, hour = pipeline.settings, last_full_hour(now())
    note_offset(pipeline, 0, 1000)
    send(pipeline, 1, partition=0)
    assert has_passed(settings, hour)
    pipeline.make_topic_anew()

    assert has_passed(settings, hour)  # it is empty, and nothing of the old one can be read any more
    pipeline.run("delete from hour_ends")
    send(pipeline, 3, partition=0)

    assert list(measure_unpassed(settings, hour).values()) == [3]


def test_no_end_can_be_noted_before_the_hour_has_ended_and_old_ones_go(pipeline: Pipeline) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        pipeline.run(
            "insert into hour_ends values ('2026-11-20 08:00', gen_random_uuid(), 0, 5, '2026-11-20 08:59')"
        )
    assert has_passed(pipeline.settings, last_full_hour(now()))
    pipeline.run(
        "insert into hour_ends values ('2001-01-01 08:00', gen_random_uuid(), 0, 5, '2001-01-01 09:00')"
    )

    assert prune_results(pipeline.settings)["hour_ends"] == 1

    assert pipeline.count("hour_ends") == 2


def test_the_wait_ends_with_what_it_waits_for(pipeline: Pipeline) -> None:
    send(pipeline, 5, partition=1)

    with pytest.raises(
        StreamBehindError, match=r"5 records wait to be read, 5 of them in partition 1\. See that"
    ):
        asyncio.run(wait_until_passed(pipeline.settings, last_full_hour(now()), deadline=time.time()))


def test_a_broker_that_is_away_is_waited_for_and_named(pipeline: Pipeline) -> None:
    away = pipeline.settings.having(kafka_broker=f"localhost:{free_port()}")

    with pytest.raises(StreamBehindError, match="no Kafka broker answers at"):
        asyncio.run(wait_until_passed(away, last_full_hour(now()), deadline=time.time()))


def test_a_topic_that_does_not_exist_is_not_waited_for(pipeline: Pipeline) -> None:
    other = pipeline.settings.having(kafka_topic="none")

    with pytest.raises(TopicMissingError):
        asyncio.run(wait_until_passed(other, last_full_hour(now()), deadline=time.time() + 600))
