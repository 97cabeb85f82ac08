"""With the broker, a process or the topic taken away in mid-run: nothing is lost, and what cannot go on says so."""

import json
import os
import signal
from pathlib import Path

import psutil
import pytest

from include.broker.topic import open_broker
from include.errors import SimulatorFailedError, TopicMissingError
from include.settings import Settings
from producer import job
from producer.options import SimulatorOptions
from stack import run
from tests.producer.conftest import broker_pid, paused_broker
from tests.producer.runs import command, past, running, stored_count
from tests.producer.stored import read_ledger, stored_records
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.integration, pytest.mark.fault]


@pytest.mark.parametrize("processes", [1, 2])
def test_a_broker_that_does_not_answer_is_waited_out_in_bounded_memory(
    topic_settings: Settings, tmp_path: Path, processes: int
) -> None:
    ledger_path = tmp_path / "truth.jsonl"
    options = past(150_000, ledger=ledger_path, processes=processes)
    with running(options, topic_settings) as simulator:
        with paused_broker(topic_settings):
            wait_until(lambda: simulator.watcher.longest_wait_seconds, lambda seconds: seconds > 5)

        summary = simulator.finish()

    assert simulator.watcher.most_pending <= 20_000
    assert (summary.sent, summary.acknowledged, summary.failed) == (150_000, 150_000, 0)
    assert read_ledger(ledger_path).keys() == stored_records(topic_settings).keys()


def test_readings_go_on_with_their_true_times_after_an_outage(topic_settings: Settings) -> None:
    options = SimulatorOptions(customers=100, rate_hz=10, duration_seconds=8)
    with running(options, topic_settings) as simulator:
        with paused_broker(topic_settings):
            wait_until(lambda: simulator.watcher.longest_wait_seconds, lambda seconds: seconds > 3.5)

        summary = simulator.finish()

    times = [json.loads(record.value)["timestamp"] for record in stored_records(topic_settings).values()]
    assert summary.acknowledged == len(times) == 8000
    assert len({time[:19] for time in times}) >= 8  # no second of the outage is missing


def test_a_broker_that_is_killed_and_started_again_costs_no_record(
    stack: Settings, topic_settings: Settings, tmp_path: Path
) -> None:
    ledger_path = tmp_path / "truth.jsonl"
    options = SimulatorOptions(customers=200, rate_hz=10, duration_seconds=15, ledger=ledger_path)
    with running(options, topic_settings) as simulator:
        os.kill(broker_pid(stack), signal.SIGKILL)
        wait_until(lambda: simulator.watcher.longest_wait_seconds, lambda seconds: seconds > 3)
        run.up(stack)

        summary = simulator.finish()

    records = stored_records(topic_settings)
    assert (summary.acknowledged, summary.failed) == (30_000, 0)
    assert read_ledger(ledger_path).keys() == records.keys()
    assert len({record.value for record in records.values()}) == 30_000


def test_asked_to_stop_in_an_outage_it_gives_up_in_the_end_and_says_so(
    topic_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "_STOP_FLUSH_SECONDS", 1.0)
    endless = SimulatorOptions(customers=100, rate_hz=10)
    with running(endless, topic_settings) as simulator, paused_broker(topic_settings):
        wait_until(lambda: simulator.watcher.longest_wait_seconds, lambda seconds: seconds > 3)
        simulator.stop.set()
        summary = simulator.finish(30)

    assert summary.failed > 0
    assert summary.acknowledged + summary.failed == summary.sent
    assert summary.exit_code == 1


def test_a_topic_that_is_deleted_meanwhile_ends_the_run(topic_settings: Settings) -> None:
    with running(SimulatorOptions(customers=100, rate_hz=10), topic_settings) as simulator:
        with open_broker(topic_settings) as broker:
            broker.delete_topic(topic_settings.kafka.topic)

        with pytest.raises(TopicMissingError):
            simulator.finish()

    with open_broker(topic_settings) as broker:
        broker.ensure_topic(topic_settings.kafka.topic, 1)  # for the fixture to delete


def test_a_process_that_dies_fails_the_run_and_stops_the_others(topic_settings: Settings) -> None:
    with running(SimulatorOptions(customers=100, rate_hz=10, processes=3), topic_settings) as simulator:
        workers = _workers(os.getpid())
        assert len(workers) == 3
        workers[1].kill()

        with pytest.raises(SimulatorFailedError, match="of the simulator failed: it ended with code -9"):
            simulator.finish()

    assert _workers(os.getpid()) == []


def test_processes_end_with_the_one_that_started_them(topic_settings: Settings) -> None:
    words = ("--customers", "20", "--processes", "2", "--quiet")
    with command(topic_settings, *words) as process:
        wait_until(lambda: stored_count(topic_settings), lambda count: count > 0)
        workers = _workers(process.pid)

        process.kill()

        assert len(workers) == 2
        assert psutil.wait_procs(workers, timeout=180)[1] == []


def _workers(pid: int) -> list[psutil.Process]:
    return [
        child
        for child in psutil.Process(pid).children(recursive=True)
        if child.status() != psutil.STATUS_ZOMBIE and "producer.worker" in child.cmdline()
    ]
