"""The stream on the real broker, database and Spark: every record has exactly one outcome, whatever is done to it.

What comes before or after the launch that a test is about is stored by the product's own task without Spark, which
takes a fraction of the time.
"""

import json
import uuid
from collections import Counter
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Any

import psutil
import pytest
from kafka import TopicPartition
from kafka.admin import KafkaAdminClient

from include.broker.access import client_options
from include.broker.topic import open_broker
from include.errors import StreamRunningError
from include.stream.run import run_stream, stop_stream
from stack.http import ask
from stack.ports import free_port
from tests.support.inline_stream import InlineStream
from tests.support.pipeline import Pipeline, event
from tests.support.source import steady_source
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration

NOW = datetime.now(UTC).replace(microsecond=0)


def outcomes(pipeline: Pipeline) -> dict[str, int]:
    report = pipeline.report()
    assert report.problems == []
    return {"accepted": report.accepted, "duplicates": report.duplicates, "quarantined": report.quarantined}


def reasons(pipeline: Pipeline) -> Counter[str]:
    return Counter(reason for (reason,) in pipeline.rows("select reason from dead_letters"))


def test_readings_are_stored_as_sent_with_their_risk(pipeline: Pipeline) -> None:
    rates = {
        39: "High",
        40: "High",
        41: "Elevated",
        50: "Elevated",
        51: "Normal",
        99: "Normal",
        100: "Elevated",
        140: "Elevated",
        141: "High",
    }
    pipeline.send(event(number, at=NOW, heart_rate=rate) for number, rate in enumerate(rates))

    pipeline.drain()

    stored = pipeline.rows(
        "select customer_id, heart_rate, event_time, risk_level from heartbeats order by event_time"
    )
    naive = NOW.replace(tzinfo=None)
    assert stored == [
        (uuid.UUID(int=1), rate, naive + timedelta(milliseconds=number), level)
        for number, (rate, level) in enumerate(rates.items())
    ]
    assert outcomes(pipeline) == {"accepted": len(rates), "duplicates": 0, "quarantined": 0}


def test_duplicates_and_conflicts_are_told_apart_inside_a_batch_and_across_restarts(
    pipeline: Pipeline,
) -> None:
    first = [event(number, at=NOW) for number in range(100)]
    pipeline.send([*first, first[3], event(7, at=NOW, heart_rate=200)], partition=0)
    InlineStream(pipeline.settings).drain()
    assert outcomes(pipeline) == {"accepted": 100, "duplicates": 1, "quarantined": 1}

    # Another partition, too: a customer's records may have moved when partitions were added.
    pipeline.send([*first, event(8, at=NOW, heart_rate=201), event(100, at=NOW)], partition=1)
    InlineStream(pipeline.settings).drain()

    assert outcomes(pipeline) == {"accepted": 101, "duplicates": 101, "quarantined": 2}
    assert reasons(pipeline) == {"conflicting_reading": 2}
    kept = {json.loads(value)["heart_rate"] for (value,) in pipeline.rows("select value from dead_letters")}
    assert kept == {200, 201}


def test_poison_records_are_kept_as_they_came_and_stop_nothing(pipeline: Pipeline) -> None:
    large = event(1, at=NOW)[:-1] + b', "pad": "' + b"x" * 900_000 + b'"}'
    poison = {
        b"": "malformed_json",
        None: "malformed_json",
        b"\xff\xfe\x00": "malformed_json",
        event(2, at=NOW) + b"\n" + event(3, at=NOW): "malformed_json",
        event(4, at=NOW) + event(5, at=NOW): "malformed_json",
        b"[" * 50_000 + b"]" * 50_000: "malformed_json",
        b"x" * 900_000: "malformed_json",
        event(6, at=NOW, heart_rate=10**30): "heart_rate_out_of_range",
        event(7, at=NOW - timedelta(days=91)): "expired_event_time",
    }
    good = [event(number, at=NOW) for number in range(10, 40)]
    pipeline.send(
        [*good[:10], large, *poison, *good[10:]], partition=0, key=b"\x00\xffk", headers=[("h", b"\x01")]
    )

    InlineStream(pipeline.settings).drain()

    assert outcomes(pipeline) == {"accepted": 31, "duplicates": 0, "quarantined": len(poison)}
    kept = pipeline.rows('select value, reason, key, headers, "offset" from dead_letters order by "offset"')
    assert [(value, reason) for value, reason, *_ in kept] == list(poison.items())
    assert {key for _, _, key, _, _ in kept} == {b"\x00\xffk"}
    assert kept[0][3] == [{"key": "h", "value": "AQ=="}]
    assert [offset for *_, offset in kept] == list(range(11, 11 + len(poison)))


# What it does by itself is tested on a task alone, in test_turn.py and test_turn_kafka.py.
@pytest.mark.slow
def test_partitions_that_are_added_and_a_checkpoint_that_is_deleted_lose_nothing(pipeline: Pipeline) -> None:
    with pipeline.running() as run:
        run.wait_started()
        pipeline.send(event(number, at=NOW) for number in range(100))
        wait_until(lambda: pipeline.count("heartbeats"), lambda count: count == 100)

        with open_broker(pipeline.settings) as broker:
            broker.ensure_topic(pipeline.settings.kafka.topic, 4)
        pipeline.send((event(number, at=NOW) for number in range(100, 150)), partition=3)
        wait_until(lambda: pipeline.count("heartbeats"), lambda count: count == 150)
        run.delete_checkpoint()
        run.kill_jvm()

    pipeline.send(event(number, at=NOW) for number in range(150, 200))
    InlineStream(pipeline.settings).drain()

    assert outcomes(pipeline) == {"accepted": 200, "duplicates": 0, "quarantined": 0}


# What it does by itself is tested on a task alone, in test_turn.py and test_turn_kafka.py.
@pytest.mark.slow
def test_a_topic_that_is_created_again_is_read_from_its_beginning(pipeline: Pipeline) -> None:
    topic = pipeline.settings.kafka.topic
    with pipeline.running() as run:
        run.wait_started()
        pipeline.send(event(number, at=NOW) for number in range(50))
        wait_until(lambda: pipeline.count("heartbeats"), lambda count: count == 50)

        with open_broker(pipeline.settings) as broker:
            broker.delete_topic(topic)
            wait_until(lambda: _create(broker, topic), bool)
        assert run.wait() == 4, run.log()

    pipeline.send(event(number, at=NOW) for number in range(40, 120))
    InlineStream(pipeline.settings).drain()

    assert outcomes(pipeline) == {"accepted": 120, "duplicates": 10, "quarantined": 0}
    assert len(pipeline.rows("select distinct topic_id from stream_offsets")) == 2


def _create(broker, topic):  # type: ignore[no-untyped-def]
    """Create the topic once its deletion is through."""
    try:
        return broker.ensure_topic(topic, 2)
    except Exception:
        return False


@pytest.mark.fault
def test_a_driver_killed_in_mid_batch_loses_and_repeats_nothing(pipeline: Pipeline) -> None:
    pipeline.send(event(number, at=NOW) for number in range(3000))
    with pipeline.owner() as blocker, pipeline.running() as run:
        # The last table that a task writes to: both partitions' rows are copied, neither is committed.
        with blocker.transaction():
            blocker.execute("lock table touched_hours in access exclusive mode")
            waiting = (
                "select count(*) from pg_stat_activity "
                "where application_name like 'heartbeat-sink-%' and wait_event_type = 'Lock'"
            )
            wait_until(lambda: pipeline.rows(waiting), lambda rows: rows == [(2,)])
            run.kill_jvm()
        assert pipeline.count("heartbeats") == 0

    InlineStream(pipeline.settings).drain()

    assert outcomes(pipeline) == {"accepted": 3000, "duplicates": 0, "quarantined": 0}


@pytest.mark.slow
@pytest.mark.fault
def test_the_older_of_two_drivers_is_refused_and_exits(pipeline: Pipeline) -> None:
    with pipeline.running() as older:
        older.wait_started()
        with pipeline.running() as newer:
            newer.wait_started()
            assert older.wait() == 3
            pipeline.send(event(number, at=NOW) for number in range(100))
            wait_until(lambda: pipeline.count("heartbeats"), lambda count: count == 100)

    assert "superseded by launch 2" in older.events("stream_ended")[0]["message"]
    assert pipeline.rows("select distinct epoch from stream_commits") == [(2,)]
    assert outcomes(pipeline) == {"accepted": 100, "duplicates": 0, "quarantined": 0}


def test_records_that_kafka_dropped_unread_are_noted_as_a_gap(pipeline: Pipeline) -> None:
    pipeline.send((event(number, at=NOW) for number in range(10)), partition=0)
    InlineStream(pipeline.settings).drain()
    pipeline.send((event(number, at=NOW) for number in range(10, 30)), partition=0)
    admin = KafkaAdminClient(**client_options(pipeline.settings))
    admin.delete_records({TopicPartition(pipeline.settings.kafka.topic, 0): 25})
    admin.close()

    run = pipeline.drain()

    assert run.events("offsets_jumped")[0]["kind"] == "gap"
    assert pipeline.rows("select from_offset, to_offset from stream_commits where kind = 'gap'") == [(10, 25)]
    assert outcomes(pipeline) == {"accepted": 15, "duplicates": 0, "quarantined": 0}


def test_a_wished_stop_ends_with_success_though_readings_never_pause_and_sparks_page_is_for_this_machine(
    pipeline: Pipeline,
) -> None:
    port = free_port()
    asked = {"SPARK_UI_PORT": str(port)}
    with pipeline.running(environment=asked) as run, steady_source(pipeline, interval_seconds=0.005):
        run.wait_started()
        assert "Spark" in ask("GET", f"http://127.0.0.1:{port}/", timeout_seconds=30).text
        listening = psutil.Process(run.jvm_pid).net_connections("tcp")
        wait_until(lambda: pipeline.count("heartbeats"), lambda count: count > 100)
        with pytest.raises(StreamRunningError, match=r"launch 1, .+ use --take-over"):
            run_stream(pipeline.settings, drain=False, takes_over=False)

        assert stop_stream(pipeline.settings) is True
        stored = pipeline.count("heartbeats")
        assert run.wait() == 0

    addresses = [ip_address(each.laddr.ip.removeprefix("::ffff:")) for each in listening if is_door(each)]
    assert {address.is_loopback for address in addresses} == {True}
    assert pipeline.count("heartbeats") == stored
    assert stop_stream(pipeline.settings) is False
    assert outcomes(pipeline) == {"accepted": stored, "duplicates": 0, "quarantined": 0}


def is_door(connection: Any) -> bool:
    """Tell whether a process listens there."""
    return bool(connection.status == psutil.CONN_LISTEN)
