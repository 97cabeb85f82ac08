"""A task in its turn on the real broker and database: when it ends, what is its own, what it writes down."""

import time
import uuid
from contextlib import ExitStack, nullcontext
from datetime import UTC, datetime

import pytest
from kafka import KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient

from include.broker.access import client_options
from include.broker.topic import open_broker
from include.db.connect import Role, connect
from include.stream.lease import FIRST_TURN, request_stop, take_lease
from include.stream.types import Share
from tests.support.inline_stream import InlineStream
from tests.support.pipeline import Pipeline, event
from tests.support.running_turn import begin_turn, running_turn
from tests.support.source import steady_source
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration

NOW = datetime.now(UTC).replace(microsecond=0)
# A second is promised, and a turn takes sixty: this tells the two apart on a busy machine too.
END_SECONDS = 15.0


def wait_stored(pipeline: Pipeline, count: int) -> None:
    wait_until(lambda: pipeline.count("heartbeats"), lambda stored: stored == count)


def offsets(pipeline: Pipeline) -> dict[int, int]:
    return dict(pipeline.rows("select partition, next_offset from stream_offsets"))


def delete_records(pipeline: Pipeline, partition: int, before: int) -> None:
    admin = KafkaAdminClient(**client_options(pipeline.settings))
    admin.delete_records({TopicPartition(pipeline.settings.kafka.topic, partition): before})
    admin.close()


@pytest.mark.parametrize("is_silent", [True, False])
def test_a_task_ends_within_a_second_of_what_ends_it(pipeline: Pipeline, *, is_silent: bool) -> None:
    settings = pipeline.settings
    first = InlineStream(settings).launch
    source = nullcontext() if is_silent else steady_source(pipeline, interval_seconds=0.02)
    with source, connect(settings, Role.STREAM, autocommit=True) as connection:
        with running_turn(settings, first) as task:
            wait_at_work(pipeline)
            begin_turn(settings, first, FIRST_TURN + 1)
            assert task.seconds_to_end() < END_SECONDS
        with running_turn(settings, first, Share(FIRST_TURN + 1, 0, 1)) as fenced:
            wait_at_work(pipeline)
            take_lease(connection, "newer", policy_version="p")
            assert fenced.seconds_to_end() < END_SECONDS
        second = InlineStream(settings).launch
        with running_turn(settings, second) as stopped:
            wait_at_work(pipeline)
            request_stop(connection)
            assert stopped.seconds_to_end() < END_SECONDS

    assert (task.error, fenced.error, stopped.error) == (None, None, None)
    assert pipeline.rows("select distinct tries from stream_offsets") == [(0,)]


def wait_at_work(pipeline: Pipeline) -> None:
    """Wait until a task stores what is sent from now on."""
    marker = uuid.uuid4().int >> 8
    pipeline.send([event(1, customer=marker)])
    stored = f"select count(*) from heartbeats where customer_id = '{uuid.UUID(int=marker + 1)}'"  # noqa: S608
    wait_until(lambda: pipeline.rows(stored), lambda rows: rows == [(1,)])


def test_a_task_leaves_to_others_what_is_theirs_and_takes_up_what_is_added(pipeline: Pipeline) -> None:
    settings = pipeline.settings
    launch = InlineStream(settings).launch
    for partition in (0, 1):
        pipeline.send((event(partition * 50 + number, at=NOW) for number in range(50)), partition=partition)

    with ExitStack() as tasks:
        tasks.enter_context(running_turn(settings, launch, Share(FIRST_TURN, 1, 2)))
        wait_stored(pipeline, 50)
        with open_broker(settings) as broker:
            broker.ensure_topic(settings.kafka.topic, 4)
        for partition in (2, 3):
            pipeline.send([event(100 + partition, at=NOW)], partition=partition)
        added_at = time.monotonic()
        wait_stored(pipeline, 51)
        assert time.monotonic() - added_at < 15
        assert offsets(pipeline) == {0: 0, 1: 50, 3: 1}

        tasks.enter_context(running_turn(settings, launch, Share(FIRST_TURN, 0, 2)))
        wait_stored(pipeline, 102)

    assert offsets(pipeline) == {0: 50, 1: 50, 2: 1, 3: 1}
    assert pipeline.report().problems == []


def test_a_partitions_commits_of_a_second_are_one_row_of_the_ledger(pipeline: Pipeline) -> None:
    launch = InlineStream(pipeline.settings).launch
    producer = KafkaProducer(**client_options(pipeline.settings), acks="all")
    with running_turn(pipeline.settings, launch):
        began_at = time.monotonic()
        for number in range(200):
            producer.send(pipeline.settings.kafka.topic, event(number, at=NOW), partition=number % 2)
            producer.flush()
            time.sleep(0.015)  # a source's own pace
        wait_stored(pipeline, 200)
        seconds = time.monotonic() - began_at
    producer.close()

    rows = pipeline.rows(
        "select partition, from_offset, to_offset, accepted from stream_commits order by 1, 2"
    )
    assert 2 * 2 <= len(rows) <= 2 * (seconds + 2)
    assert all(to_offset - from_offset == accepted for _, from_offset, to_offset, accepted in rows)
    assert sum(accepted for *_, accepted in rows) == 200
    assert pipeline.report().problems == []
    counted = pipeline.rows("select sum(each) from stream_commits, unnest(latency_counts) as each")
    assert counted == [(200,)]
    assert pipeline.rows("select sum(readings) from touched_hours") == [(200,)]


def test_a_gap_in_mid_turn_is_noted_and_stepped_over(pipeline: Pipeline) -> None:
    pipeline.send((event(number, at=NOW) for number in range(10)), partition=0)
    stream = InlineStream(pipeline.settings)
    stream.drain()
    pipeline.send((event(number, at=NOW) for number in range(10, 30)), partition=0)
    delete_records(pipeline, 0, before=25)

    with running_turn(pipeline.settings, stream.launch) as task:
        pipeline.send((event(number, at=NOW) for number in range(30, 40)), partition=1)
        wait_stored(pipeline, 25)
        assert task.is_alive()

    jumps = pipeline.rows(
        "select partition, kind, from_offset, to_offset from stream_commits where kind <> 'batch'"
    )
    assert jumps == [(0, "gap", 10, 25)]
    assert offsets(pipeline) == {0: 30, 1: 10}
    assert (pipeline.report().accepted, pipeline.report().problems) == (25, [])


# As if offsets 3 to 7 had been stored and Kafka had then lost them, a rejected record at 5 among them.
LOST_TAIL = """
    insert into heartbeats (customer_id, heart_rate, event_time, risk_level)
    select gen_random_uuid(), 70, date_trunc('day', timezone('utc', now())), 'Normal' from generate_series(1, 4);
    insert into dead_letters (topic_id, topic, partition, "offset", value, reason, detail)
    select topic_id, topic, 0, 5, 'first life', 'malformed_json', 'x' from stream_offsets where partition = 0;
    insert into stream_commits (topic_id, partition, from_offset, to_offset, accepted, quarantined, epoch)
    select topic_id, 0, 3, 8, 4, 1, epoch from stream_offsets where partition = 0;
    update stream_offsets set next_offset = 8 where partition = 0
"""


def test_a_rewind_in_mid_turn_is_noted_and_what_is_rejected_on_an_old_offset_is_kept_too(
    pipeline: Pipeline,
) -> None:
    pipeline.send((event(number, at=NOW) for number in range(3)), partition=0)
    stream = InlineStream(pipeline.settings)
    stream.drain()
    pipeline.run("select ensure_day_partition('dead_letters', timezone('utc', now())::date)")
    pipeline.run(LOST_TAIL)

    with running_turn(pipeline.settings, stream.launch) as task:
        rewinds = "select rewinds from stream_offsets where partition = 0"
        wait_until(lambda: pipeline.rows(rewinds), lambda rows: rows == [(1,)])
        second_life = [event(10, at=NOW), event(11, at=NOW), b"second life", event(12, at=NOW)]
        pipeline.send(second_life, partition=0)
        wait_until(lambda: offsets(pipeline)[0], lambda offset: offset == 7)
        assert task.is_alive()

    assert pipeline.rows('select "offset", rewinds, value from dead_letters order by rewinds') == [
        (5, 0, b"first life"),
        (5, 1, b"second life"),
    ]
    jumps = pipeline.rows(
        "select partition, kind, from_offset, to_offset from stream_commits where kind <> 'batch'"
    )
    assert jumps == [(0, "rewind", 3, 8)]
    assert (pipeline.report().accepted, pipeline.report().problems) == (10, [])
