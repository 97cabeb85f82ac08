"""A component that ends is started again, sooner or later; what it leaves in its group goes, its tasks stay."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from stack.airflow.components import LONGEST_PAUSE_SECONDS, Component, pause_seconds
from tests.support.stack import is_gone
from tests.support.waiting import wait_until

# A scheduler in small: a worker in its own group, and a task in a group of the task's own.
PARENT = """
import subprocess, sys, time, pathlib
child = lambda **how: subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], **how).pid
pids = f"{child()} {child(process_group=0)}"
pathlib.Path(sys.argv[1]).write_text(pids)
time.sleep(60)
"""


@pytest.fixture
def component(tmp_path: Path) -> Iterator[tuple[Component, psutil.Process, psutil.Process]]:
    """Give a component that runs, its worker and its task."""
    file = tmp_path / "pids"
    process = subprocess.Popen([sys.executable, "-c", PARENT, str(file)], start_new_session=True)
    wait_until(lambda: file.read_text() if file.exists() else "", lambda text: len(text.split()) == 2)
    worker, task = (psutil.Process(int(pid)) for pid in file.read_text().split())
    made = Component("scheduler", tmp_path, process=process)
    yield made, worker, task
    for leftover in (worker, task):
        if leftover.is_running():
            leftover.kill()
    process.kill()
    process.wait()


def test_the_pause_doubles_with_each_short_life_up_to_a_bound() -> None:
    assert [pause_seconds(lives) for lives in (0, 1, 2, 4)] == [1.0, 2.0, 4.0, 16.0]
    assert pause_seconds(50) == pause_seconds(5000) == LONGEST_PAUSE_SECONDS


def test_a_running_component_has_no_end_to_note(
    component: tuple[Component, psutil.Process, psutil.Process],
) -> None:
    made, _, _ = component

    assert made.note_end() is None
    assert made.is_running()


def test_a_killed_scheduler_takes_its_workers_along_but_not_their_tasks(
    component: tuple[Component, psutil.Process, psutil.Process],
) -> None:
    made, worker, task = component
    assert made.process is not None
    os.kill(made.process.pid, 9)
    made.process.wait()

    assert made.note_end() == -9

    wait_until(lambda: is_gone(worker), bool)
    assert not is_gone(task)
    assert not made.is_running()
    assert made.due_at > 0


def test_a_component_that_does_not_end_when_asked_is_killed(
    component: tuple[Component, psutil.Process, psutil.Process],
) -> None:
    made, worker, _ = component

    made.end(0)

    assert not made.is_running()
    wait_until(lambda: is_gone(worker), bool)
