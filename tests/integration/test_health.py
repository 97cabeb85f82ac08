"""The checks of each minute against a real broker and database, each finding provoked."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest
from kafka import TopicPartition
from kafka.admin import KafkaAdminClient

from include.broker.access import client_options
from include.broker.topic import open_broker
from include.db.connect import Role, connect
from include.errors import FencedError, HealthCheckFailedError
from include.health.holder import end_holder
from include.health.run import run_checks
from include.settings import Settings
from include.stream.lease import read_lease, sink_application
from include.stream.types import Lease
from stack.ports import free_port
from tests.support.inline_stream import InlineStream
from tests.support.pipeline import Pipeline, event
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration


def impatient(pipeline: Pipeline, **changes: object) -> Settings:
    """Settings that call records that wait for more than a second a standstill."""
    limits = {"health_stall_seconds": 1, "health_grace_seconds": 0, "health_confirm_seconds": 0}
    return pipeline.settings.having(**(limits | changes))


def lease_of(pipeline: Pipeline) -> Lease:
    with pipeline.owner() as connection:
        lease = read_lease(connection)
    assert lease is not None
    return lease


def let_stand_still(pipeline: Pipeline) -> InlineStream:
    """A launch of an hour ago that committed something then, and a record that the checks have seen waiting since."""
    stream = InlineStream(pipeline.settings)
    pipeline.send([event(1)])
    stream.drain()
    pipeline.send([event(2)])
    pipeline.run("update stream_offsets set updated_at = updated_at - interval '1 hour'")
    let_have_run(pipeline)
    assert run_checks(pipeline.settings)["commit_age"] == "ok"
    age_wait(pipeline, "1 hour")
    return stream


def let_have_run(pipeline: Pipeline) -> None:
    """Let the launch have begun an hour ago, and its alarms be evaluated."""
    pipeline.run("update stream_lease set started_at = started_at - interval '1 hour'")
    pipeline.run("insert into alarm_evaluator values ('heartbeat_alarms', 1, 'test:1', now(), now(), now())")


def age_wait(pipeline: Pipeline, interval: str) -> None:
    """Make what the checks have seen waiting have waited for longer."""
    pipeline.run(f"update stream_waits set waiting_since = waiting_since - interval '{interval}'")  # noqa: S608


def stored(pipeline: Pipeline) -> dict[str, str]:
    newest = "(select max(checked_at) from health_checks)"
    return dict(pipeline.rows(f"select name, status from health_checks where checked_at = {newest}"))  # noqa: S608


def messages(pipeline: Pipeline) -> dict[str, str]:
    newest = "(select max(checked_at) from health_checks)"
    return dict(pipeline.rows(f"select name, message from health_checks where checked_at = {newest}"))  # noqa: S608


def test_a_stream_that_works_is_healthy_and_each_finding_is_stored(
    pipeline: Pipeline, capsys: pytest.CaptureFixture[str]
) -> None:
    stream = InlineStream(pipeline.settings)
    pipeline.send([event(number, at=datetime.now(UTC)) for number in range(50)])
    stream.drain()

    found = run_checks(pipeline.settings)

    table = capsys.readouterr().out
    assert set(found.values()) == {"ok"}, table
    assert stored(pipeline) == found
    assert all(name in table for name in found)


def test_many_rejected_records_fail_the_quarantine_check_in_one_line(pipeline: Pipeline) -> None:
    stream = InlineStream(pipeline.settings)
    pipeline.send([b"{"] * 30 + [event(1, at=datetime.now(UTC))])
    stream.drain()

    with pytest.raises(HealthCheckFailedError, match=r"^1 check failed: quarantine: 30 of 31") as failure:
        run_checks(pipeline.settings)

    assert failure.value.failed == ("quarantine",)
    assert "\n" not in str(failure.value)
    assert stored(pipeline)["quarantine"] == "fail"


def test_a_record_that_could_not_be_processed_is_a_warning_until_it_was_sent_again(
    pipeline: Pipeline, capsys: pytest.CaptureFixture[str]
) -> None:
    pipeline.run(
        "select ensure_day_partition('dead_letters', (timezone('utc', now()) - age)::date) "
        "from unnest(array[interval '0', interval '1 hour']) as ages (age)"
    )
    for offset, age in ((7, "1 minute"), (8, "0 minutes"), (9, "1 hour")):
        pipeline.run(
            'insert into dead_letters (topic_id, topic, partition, "offset", reason, detail, recorded_at) '  # noqa: S608
            f"values (gen_random_uuid(), 't', 1, {offset}, 'unprocessable', 'test', "
            f"timezone('utc', now()) - interval '{age}')"
        )

    assert run_checks(pipeline.settings)["unprocessable"] == "warn"
    assert "2 records could not be processed" in " ".join(capsys.readouterr().out.split())
    assert "partition 1, offset 8" in messages(pipeline)["unprocessable"]
    pipeline.run("update dead_letters set replayed_at = timezone('utc', now())")
    assert run_checks(pipeline.settings)["unprocessable"] == "ok"


def test_what_kafka_dropped_unread_is_red_for_a_while(pipeline: Pipeline) -> None:
    pipeline.send((event(number, at=datetime.now(UTC)) for number in range(8)), partition=0)
    stream = InlineStream(pipeline.settings)
    with closing(KafkaAdminClient(**client_options(pipeline.settings))) as admin:
        admin.delete_records({TopicPartition(pipeline.settings.kafka.topic, 0): 5})
    stream.drain()

    with pytest.raises(HealthCheckFailedError, match=r"unread: Kafka dropped 5 records .* offsets 0 to 4"):
        run_checks(pipeline.settings)

    pipeline.run(
        "update stream_commits set committed_at = committed_at - interval '11 minutes' where kind = 'gap'"
    )
    assert run_checks(pipeline.settings)["unread"] == "ok"


def test_a_stream_that_is_coming_up_is_starting_and_red_after_its_grace(pipeline: Pipeline) -> None:
    pipeline.send([event(1)])

    first = run_checks(pipeline.settings)
    age_wait(pipeline, "2 minutes")
    second = run_checks(pipeline.settings)

    assert (first["lease"], second["lease"], second["commit_age"]) == ("warn", "warn", "warn")
    assert messages(pipeline)["lease"].startswith("starting: ")
    assert messages(pipeline)["commit_age"] == "starting: 1 record to do; nothing was ever committed"
    with pytest.raises(HealthCheckFailedError) as failure:
        run_checks(impatient(pipeline))
    assert failure.value.failed == ("commit_age", "freshness", "lease")


def test_a_stream_that_ran_and_died_is_red_though_the_database_is_young(pipeline: Pipeline) -> None:
    InlineStream(pipeline.settings)
    pipeline.send([event(1)])
    assert run_checks(pipeline.settings)["commit_age"] == "ok"
    pipeline.run("update stream_lease set started_at = started_at - interval '2 minutes'")
    age_wait(pipeline, "2 minutes")

    with pytest.raises(HealthCheckFailedError, match="the stream stands still"):
        run_checks(pipeline.settings)


def test_a_broker_that_is_away_is_found_and_stored(pipeline: Pipeline) -> None:
    InlineStream(pipeline.settings)
    settings = pipeline.settings.having(kafka_broker=f"localhost:{free_port()}")

    with pytest.raises(HealthCheckFailedError, match="broker: no Kafka broker answers") as failure:
        run_checks(settings)

    assert failure.value.failed == ("broker",)
    assert stored(pipeline)["lag"] == "warn"


def test_a_database_that_is_away_fails_the_task_and_still_shows_the_rest(
    pipeline: Pipeline, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = pipeline.settings.having(db_port=free_port())

    with pytest.raises(HealthCheckFailedError, match="database: no PostgreSQL answers") as failure:
        run_checks(settings)

    assert failure.value.failed == ("database",)
    assert "cannot be told without the database" in capsys.readouterr().out


def test_a_stream_that_stands_still_is_fenced_once_and_its_successor_is_not(pipeline: Pipeline) -> None:
    stream = let_stand_still(pipeline)

    with pytest.raises(HealthCheckFailedError, match=f"launch {stream.epoch} was fenced"):
        run_checks(impatient(pipeline))
    with pytest.raises(HealthCheckFailedError) as second:
        run_checks(impatient(pipeline))

    assert "was fenced, the next one" not in str(second.value)
    assert lease_of(pipeline).epoch == stream.epoch + 1
    assert lease_of(pipeline).fenced_at is not None
    with pytest.raises(FencedError):
        stream.drain()
    successor = InlineStream(pipeline.settings)
    assert lease_of(pipeline).fenced_at is None
    successor.drain()
    assert pipeline.count("heartbeats") == 2
    assert run_checks(impatient(pipeline))["commit_age"] == "ok"


def test_a_record_after_an_hour_of_silence_is_no_standstill_until_it_has_waited_itself(
    pipeline: Pipeline,
) -> None:
    stream = InlineStream(pipeline.settings)
    pipeline.send([event(1)])
    stream.drain()
    pipeline.run("update stream_offsets set updated_at = updated_at - interval '1 hour'")
    let_have_run(pipeline)
    pipeline.lift_limits()
    pipeline.send([event(2)], timestamp_ms=0)  # a sender's clock may say anything
    settings = pipeline.settings.having(health_confirm_seconds=0)

    assert run_checks(settings)["commit_age"] == "ok"
    age_wait(pipeline, "20 seconds")
    assert run_checks(settings)["commit_age"] == "ok"
    assert lease_of(pipeline).epoch == stream.epoch

    age_wait(pipeline, "50 seconds")
    with pytest.raises(HealthCheckFailedError, match="was fenced"):
        run_checks(settings)


def test_another_record_that_waits_at_the_next_look_is_not_the_one_that_waited_before(
    pipeline: Pipeline,
) -> None:
    stream = let_stand_still(pipeline)
    stream.drain()
    pipeline.send([event(3)])

    assert run_checks(impatient(pipeline))["commit_age"] == "ok"


def test_a_wait_for_a_broker_that_is_away_is_no_standstill(pipeline: Pipeline) -> None:
    stream = let_stand_still(pipeline)
    away = pipeline.settings.having(kafka_broker=f"localhost:{free_port()}")
    with pytest.raises(HealthCheckFailedError, match="no Kafka broker answers"):
        run_checks(away)

    assert run_checks(impatient(pipeline))["commit_age"] == "ok"
    assert lease_of(pipeline).epoch == stream.epoch


def test_a_standstill_that_passes_while_it_is_watched_is_none(pipeline: Pipeline) -> None:
    stream = let_stand_still(pipeline)
    found: list[dict[str, str]] = []
    settings = impatient(pipeline, health_confirm_seconds=30)
    health = threading.Thread(target=lambda: found.append(run_checks(settings)))

    health.start()
    stream.drain()
    health.join()

    assert found[0]["commit_age"] == "ok"
    assert lease_of(pipeline).epoch == stream.epoch


def test_the_fence_ends_a_session_that_hangs_inside_its_transaction(pipeline: Pipeline) -> None:
    stream = let_stand_still(pipeline)

    with connect(pipeline.settings, Role.STREAM, application=sink_application(stream.epoch)) as hanging:
        hanging.execute("update stream_offsets set next_offset = next_offset + 1")
        with pytest.raises(HealthCheckFailedError, match="was fenced"):
            run_checks(impatient(pipeline))
        pid = hanging.info.backend_pid
        sessions = f"select count(*) from pg_stat_activity where pid = {pid}"  # noqa: S608
        wait_until(lambda: pipeline.rows(sessions), lambda rows: rows == [(0,)])
        hanging.close()


def test_an_hour_that_is_withheld_or_waits_too_long_is_found(pipeline: Pipeline) -> None:
    this_hour = "date_trunc('hour', timezone('utc', now()))"
    insert = (
        "insert into settled_hours (hour, state, reason, readings, ledger_readings, revision, run_id)"  # noqa: S608
        f" values ({this_hour} - interval '{{}} hours', 'withheld', 'test', 1, 1, 1, 1)"
    )
    pipeline.run(insert.format(2))
    assert run_checks(pipeline.settings)["unpublished_hours"] == "warn"

    pipeline.run(insert.format(30))
    with pytest.raises(HealthCheckFailedError, match="2 ended hours not published, 2 of them withheld"):
        run_checks(pipeline.settings)


def test_late_readings_wait_since_they_came_not_since_their_hour(pipeline: Pipeline) -> None:
    stream = InlineStream(pipeline.settings)
    pipeline.send([event(1, at=datetime.now(UTC) - timedelta(days=9))])
    stream.drain()

    assert run_checks(pipeline.settings)["unpublished_hours"] == "ok"

    pipeline.run("update touched_hours set noted_at = noted_at - interval '3 hours'")
    assert run_checks(pipeline.settings)["unpublished_hours"] == "warn"


@contextmanager
def driver(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run what looks like the stream's driver by its command line; it leaves when its input ends."""
    program = folder / "heartbeat_stream.py"
    program.write_text("import sys\nprint('up', flush=True)\nsys.stdin.read()\n")
    command = [sys.executable, str(program)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        yield process
        process.kill()


@pytest.mark.fault
def test_a_driver_that_was_stopped_is_killed(tmp_path: Path) -> None:
    with driver(tmp_path) as process:
        os.kill(process.pid, signal.SIGSTOP)

        assert end_holder(f"{socket.gethostname()}:{process.pid}", patience_seconds=0.1)

        assert process.wait(10) == -signal.SIGKILL


def test_a_driver_that_leaves_by_itself_is_not_killed(tmp_path: Path) -> None:
    with driver(tmp_path) as process:
        assert process.stdin is not None
        ending = threading.Timer(0.2, process.stdin.close)
        ending.start()

        assert not end_holder(f"{socket.gethostname()}:{process.pid}", patience_seconds=10)

        ending.join()
        assert process.wait(10) == 0


def test_a_process_that_is_not_the_driver_or_not_here_is_left_alone() -> None:
    mine = psutil.Process().pid

    assert not end_holder(f"{socket.gethostname()}:{mine}", patience_seconds=0)
    assert not end_holder(f"another-host:{mine}", patience_seconds=0)
    assert not end_holder("not a holder", patience_seconds=0)


@pytest.mark.fault
@pytest.mark.slow
def test_a_stream_that_was_stopped_is_killed_and_its_successor_does_the_rest(pipeline: Pipeline) -> None:
    with pipeline.running() as run:
        run.wait_started()
        pipeline.send([event(1)])
        wait_until(lambda: pipeline.count("heartbeats"), lambda count: count == 1)
        jvm = psutil.Process(run.jvm_pid)
        for process in [jvm, *jvm.children(recursive=True)]:
            process.suspend()
        pipeline.send([event(2)])
        is_old = "select max(updated_at) < timezone('utc', now()) - interval '2 seconds' from stream_offsets"
        wait_until(lambda: pipeline.rows(is_old), lambda rows: rows == [(True,)])

        with pytest.raises(HealthCheckFailedError, match="fenced and killed"):
            run_checks(impatient(pipeline, health_confirm_seconds=5))

        assert run.wait() == -signal.SIGKILL
    pipeline.drain()
    assert pipeline.count("heartbeats") == 2
    assert pipeline.report().problems == []


def test_a_record_whose_time_is_in_no_calendar_does_not_stop_the_checks(pipeline: Pipeline) -> None:
    pipeline.lift_limits()
    pipeline.send([b"in nanoseconds"], timestamp_ms=time.time_ns())

    with open_broker(pipeline.settings) as broker:
        newest = broker.newest_record_at(broker.topic(pipeline.settings.kafka.topic))

    assert newest is not None
    assert newest.isoformat() == "9999-12-31T23:59:59"


def test_a_reading_of_a_clock_that_is_ahead_does_not_hide_that_there_is_no_fresh_one(
    pipeline: Pipeline,
) -> None:
    stream, now = InlineStream(pipeline.settings), datetime.now(UTC)
    pipeline.lift_limits()
    ahead = now + timedelta(days=2)
    pipeline.send([event(1, at=ahead)], timestamp_ms=int(ahead.timestamp() * 1000))
    pipeline.send([event(2, at=now - timedelta(minutes=20))])
    stream.drain()
    assert pipeline.count("heartbeats where event_time > timezone('utc', now())") == 1

    assert run_checks(pipeline.settings)["freshness"] == "warn"
    assert "the newest reading is 20 min old" in messages(pipeline)["freshness"]

    pipeline.send([event(3, at=now + timedelta(minutes=1))])
    stream.drain()
    assert run_checks(pipeline.settings)["freshness"] == "ok"
