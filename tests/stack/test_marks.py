"""The mark in the environment finds what nothing else links to its part any more."""

import os
import subprocess
import sys
from pathlib import Path

import psutil

from stack.marks import MARK_KEY, end_marked, marked_processes
from tests.support.waiting import wait_until

SLEEP = "import time; time.sleep(60)"
# Leaves a grandchild behind that nothing links to it, as a killed task's runner leaves its JVM.
ORPHANING = (
    f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {SLEEP!r}], start_new_session=True)"
)
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"


def spawn(program: str, mark: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, MARK_KEY: mark}
    return subprocess.Popen([sys.executable, "-c", program], env=environment, stdout=subprocess.PIPE)


def test_an_orphan_in_a_session_of_its_own_is_found_and_ended(tmp_path: Path) -> None:
    mark = str(tmp_path)
    with spawn(ORPHANING, mark) as parent:
        parent.wait()
    [orphan] = marked_processes(mark)
    assert orphan.ppid() != os.getpid()

    assert end_marked(mark, patience_seconds=5) == 1

    wait_until(lambda: marked_processes(mark), lambda found: found == [])


def test_who_ignores_the_wish_is_killed(tmp_path: Path) -> None:
    mark = str(tmp_path)
    with spawn(STUBBORN, mark) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"

        end_marked(mark, patience_seconds=0.2)

        assert marked_processes(mark) == []
        assert not psutil.pid_exists(process.pid)


def test_another_mark_is_left_alone(tmp_path: Path) -> None:
    with spawn(SLEEP, f"{tmp_path}/other") as process:
        assert end_marked(str(tmp_path), patience_seconds=0.1) == 0

        assert psutil.Process(process.pid).is_running()
        process.kill()
