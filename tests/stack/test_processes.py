"""Background processes: started apart from us, known again, ended step by step."""

import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from stack import processes
from stack.processes import ProcessRecord
from stack.types import Launch, StopStep
from tests.support.waiting import wait_until

IGNORES_TERM = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("set", flush=True)
time.sleep(60)
"""
NEGLECTS_ITS_CHILD = """
import subprocess, time
child = subprocess.Popen(["true"])  # kept: one that is let go is collected
print(child.pid, flush=True)
time.sleep(60)
"""


class Sleeper:
    """Starts small processes and sees to it that none is left."""

    def __init__(self, output: Path) -> None:
        self.output = output
        self.started: list[ProcessRecord] = []

    def start(self, program: str = "import time; time.sleep(60)") -> ProcessRecord:
        launch = Launch(command=[sys.executable, "-c", program], output_file=self.output)
        self.started.append(processes.spawn(launch, "127.0.0.1:1"))
        return self.started[-1]


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[Sleeper]:
    sleeper = Sleeper(tmp_path / "output")
    yield sleeper
    for record in sleeper.started:
        processes.end(record, (StopStep(signal.SIGKILL, 5),))


def test_a_process_runs_in_a_session_of_its_own(sleeper: Sleeper) -> None:
    record = sleeper.start()

    assert os.getsid(record.pid) == record.pid != os.getsid(0)


def test_a_record_finds_its_process_again(sleeper: Sleeper, tmp_path: Path) -> None:
    record = sleeper.start()

    processes.save_record(tmp_path / "part.json", record)

    assert processes.load_record(tmp_path / "part.json") == record


def test_another_program_with_the_same_pid_is_not_taken_for_it(tmp_path: Path) -> None:
    stale = ProcessRecord(os.getpid(), "an-earlier-boot/12345", "127.0.0.1:1")

    processes.save_record(tmp_path / "part.json", stale)

    assert processes.load_record(tmp_path / "part.json") is None


@pytest.mark.parametrize("text", ["", "{", "[]", "null", json.dumps({"pid": 1})])
def test_a_damaged_record_is_no_process(text: str, tmp_path: Path) -> None:
    (tmp_path / "part.json").write_text(text)

    assert processes.load_record(tmp_path / "part.json") is None


def test_a_killed_process_is_gone_though_nobody_collected_it(sleeper: Sleeper) -> None:
    record = sleeper.start()

    os.kill(record.pid, signal.SIGKILL)
    psutil.wait_procs([psutil.Process(record.pid)], timeout=5)

    assert not processes.is_alive(record)


def test_a_process_that_its_parent_never_collects_is_gone(sleeper: Sleeper) -> None:
    parent = sleeper.start(NEGLECTS_ITS_CHILD)
    child_pid = int(wait_until(sleeper.output.read_text, lambda text: text.endswith("\n")))
    wait_until(psutil.Process(child_pid).status, lambda status: status == psutil.STATUS_ZOMBIE)

    assert processes.identity_of(child_pid) is None
    assert processes.is_alive(parent)


def test_a_process_that_ignores_the_first_step_is_ended_by_the_next(sleeper: Sleeper) -> None:
    record = sleeper.start(IGNORES_TERM)
    wait_until(sleeper.output.read_text, lambda text: text == "set\n")

    assert not processes.end(record, (StopStep(signal.SIGTERM, 0.2),))
    assert processes.is_alive(record)
    assert processes.end(record, (StopStep(signal.SIGTERM, 0.1), StopStep(signal.SIGKILL, 5)))
    assert not processes.is_alive(record)


def test_memory_is_counted_while_it_runs(sleeper: Sleeper) -> None:
    record = sleeper.start()

    assert processes.memory_bytes(record.pid) > 0
    processes.end(record, (StopStep(signal.SIGKILL, 5),))
    assert processes.memory_bytes(record.pid) == 0
