"""The driver is killed again and again while records flow, and then every record is held against the ground truth."""

import os
import random
import signal
import threading
import time
from pathlib import Path

import pytest

from include.truth.records import compare_with_truth
from producer.faults import PRESETS
from producer.options import SimulatorOptions
from producer.run import run_simulator
from tests.support.pipeline import Pipeline, StreamRun
from tests.support.processes import pids_of
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.integration, pytest.mark.fault, pytest.mark.slow, pytest.mark.timeout(1800)]

RECORDS = 200_000
KILLS = 5


def drivers(run: StreamRun) -> list[int]:
    """Return the pids of the two processes without which a launch cannot live: the JVM and the Python driver."""
    [python] = pids_of(run.jvm_pid, "heartbeat_stream.py")
    return [run.jvm_pid, python]


def kill_a_worker(run: StreamRun, chance: random.Random) -> None:
    """Kill one of Spark's Python workers: the task is tried again and the launch goes on."""
    os.kill(chance.choice(pids_of(run.jvm_pid, "pyspark.worker")), signal.SIGKILL)


def test_kills_at_random_instants_neither_lose_nor_repeat_a_record(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    ledger = tmp_path / "ledger.jsonl"
    options = SimulatorOptions(
        customers=5000,
        records_per_second=3000,
        fault_rates=dict(PRESETS["mixed"]),
        ledger=ledger,
    )
    # It outlasts the kills, however long the launches between them take.
    is_over = threading.Event()
    sending = threading.Thread(
        target=run_simulator, args=(options, pipeline.settings), kwargs={"stop": is_over}
    )
    sending.start()
    chance = random.Random(20261123)
    for _ in range(KILLS):
        with pipeline.running() as run:
            run.wait_started()
            before = pipeline.count("stream_commits")
            wait_until(lambda: pipeline.count("stream_commits"), lambda count: count > before)  # noqa: B023
            time.sleep(chance.uniform(0, 3))  # a random instant is the point
            kill_a_worker(run, chance)
            time.sleep(chance.uniform(0, 1))
            os.kill(chance.choice(drivers(run)), signal.SIGKILL)
            wait_until(lambda: run.is_alive(), lambda alive: not alive, timeout_seconds=180)
    is_over.set()
    sending.join()
    pipeline.drain()

    comparison = compare_with_truth(pipeline.settings, ledger)
    report = pipeline.report()
    assert comparison.holds, comparison.lines()
    assert report.problems == []
    assert comparison.records == report.records >= RECORDS
    assert pipeline.rows("select epoch from stream_lease") == [(KILLS + 1,)]
