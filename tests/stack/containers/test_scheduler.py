"""The scheduler's container ends as it should: the scheduler first, what will not end by force, its code handed on."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from include.settings import PROJECT_ROOT
from tests.support.waiting import wait_until

PROGRAM = """
import os, sys
from stack.containers import scheduler
from include.settings import Settings
scheduler.TASKS_END_SECONDS = float(sys.argv[3])
settings = Settings(stack_dir=sys.argv[1], db_port=1)
sys.exit(scheduler.run_scheduler(settings, [sys.executable, "-c", sys.argv[2]], dict(os.environ)))
"""
READY = "import pathlib, os, signal, sys, time; pathlib.Path(os.environ['READY']).touch(); "
WILLING = (
    f"import signal, sys; signal.signal(signal.SIGTERM, lambda *_: sys.exit(7)); {READY} time.sleep(200)"
)
UNWILLING = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {READY} time.sleep(200)"


def started(folder: Path, child: str, *, patience_seconds: float = 20) -> subprocess.Popen[bytes]:
    ready = folder / "ready"
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(folder), child, str(patience_seconds)],
        cwd=PROJECT_ROOT,
        env={**os.environ, "READY": str(ready)},
        stderr=subprocess.DEVNULL,
    )
    wait_until(ready.exists, bool, timeout_seconds=180)
    return process


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_scheduler_that_ends_when_asked_gives_its_own_code(tmp_path: Path, number: signal.Signals) -> None:
    process = started(tmp_path, WILLING)

    process.send_signal(number)

    assert process.wait(timeout=180) == 7


def test_one_that_does_not_end_is_killed_after_the_tasks_time(tmp_path: Path) -> None:
    process = started(tmp_path, UNWILLING, patience_seconds=0.5)

    process.send_signal(signal.SIGTERM)

    # Its code is that of a killed one, and it has left nothing behind that holds the folder.
    assert process.wait(timeout=180) != 0
    assert processes_with(tmp_path) == []


def test_one_that_dies_by_itself_ends_the_container_with_its_code(tmp_path: Path) -> None:
    process = started(tmp_path, READY + "sys.exit(3)")

    assert process.wait(timeout=180) == 3


def processes_with(folder: Path) -> list[str]:
    """Return the processes that were started for this folder."""
    mark = f"READY={folder / 'ready'}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and mark in (entry / "environ").read_bytes():
                found.append(entry.name)
        except OSError:
            continue
    return found
