"""What happens to a launch of the stream, or to what it keeps in files."""

import os
import signal

import pytest

from include.settings import Settings
from spark_jobs.launch import CHECKPOINT_PREFIX, SHARED_MEMORY
from stack import run
from tests.faults.conftest import Begin
from tests.support.processes import pids_of
from tests.support.trials.servers import end
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.faults, pytest.mark.timeout(900)]


def test_the_driver_is_killed(scenario: Begin) -> None:
    with scenario(within_seconds=120) as trial:
        launch = trial.stream.running()
        launch.kill_jvm()
        trial.prove(f"the JVM (pid {launch.jvm_pid}) is gone")
        trial.repaired()


def test_a_worker_is_killed(scenario: Begin) -> None:
    with scenario(within_seconds=60) as trial:
        launch = trial.stream.running()
        [pid, *_] = pids_of(launch.jvm_pid, "pyspark.worker")
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: pids_of(launch.jvm_pid, "pyspark.worker"), lambda pids: pid not in pids)
        trial.prove(f"Spark's Python worker (pid {pid}) is gone")
        trial.repaired()


def test_the_checkpoint_is_deleted_and_what_a_dead_launch_left_is_garbage(scenario: Begin) -> None:
    garbage = SHARED_MEMORY / f"{CHECKPOINT_PREFIX}999999999-garbage"
    with scenario(within_seconds=120) as trial:
        launch = trial.stream.running()
        garbage.mkdir()
        (garbage / "plan").write_bytes(b"\xff no plan")
        launch.delete_checkpoint()
        launch.kill_jvm()
        trial.repaired()
        trial.wait_recovered()
        assert not garbage.exists()
        trial.prove("the folder of the running launch was deleted, the next one removed that of a dead one")


def test_two_streams_run_at_once(scenario: Begin) -> None:
    with scenario(within_seconds=120) as trial:
        older = trial.stream.running()
        with trial.pipeline.running() as by_hand:
            wait_until(older.is_alive, lambda alive: not alive)
            trial.repaired()
            # The workflow launches its next one, and so the one by hand is superseded in its turn.
            assert by_hand.wait() == 3
        trial.prove(f"the older launch ended with exit code {trial.stream.ended[0]}, that by hand with 3")
        assert trial.stream.ended == [3]


def test_all_processes_are_killed_at_once(scenario: Begin, stack: Settings) -> None:
    with scenario(within_seconds=120) as trial:
        trial.stream.running().kill_all()
        ended = [end(stack, name, signal.SIGKILL) for name in ("kafka", "postgres")]
        trial.prove("; ".join(["the stream was killed", *ended]))
        run.up(stack)
        trial.repaired()
