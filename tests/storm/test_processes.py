"""Which processes belong to a launch."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

from tests.support.processes import kill_session, pids_of
from tests.support.waiting import wait_until


@contextmanager
def session(script: str) -> Iterator[subprocess.Popen[bytes]]:
    leader = subprocess.Popen(["sh", "-c", script], start_new_session=True)
    try:
        yield leader
    finally:
        kill_session(leader)


def test_a_worker_whose_parent_was_killed_still_belongs_to_its_launch() -> None:
    with session("sh -c 'sleep 600 & wait; exit' fork & wait; sleep 600") as leader:
        [worker] = wait_until(
            lambda: [pid for pid in pids_of(leader.pid, "600") if psutil.Process(pid).name() == "sleep"], bool
        )
        [parent] = pids_of(leader.pid, "fork")
        psutil.Process(parent).kill()
        wait_until(lambda: pids_of(leader.pid, "fork"), lambda found: not found)

        assert worker in pids_of(leader.pid, "600")
        assert worker not in {child.pid for child in psutil.Process(leader.pid).children(recursive=True)}
        assert leader.pid not in pids_of(leader.pid, "")
