"""Processes that tests start, find and kill."""

import os
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import ClassVar, Self

import psutil

from include.settings import PROJECT_ROOT
from tests.support.waiting import PATIENCE_SECONDS, wait_until

RUN_TIMEOUT_SECONDS = 300


class LoggedProcess:
    """A command that leads a session of its own; what it says goes to a file."""

    prefix: ClassVar[str]
    # Only a failure takes so long.
    longest_start_seconds: ClassVar[float] = PATIENCE_SECONDS
    longest_run_seconds: ClassVar[float] = RUN_TIMEOUT_SECONDS

    def __init__(self, command: list[str], environment: dict[str, str], folder: Path = PROJECT_ROOT) -> None:
        self._file = Path(tempfile.mkstemp(prefix=self.prefix, suffix=".log")[1])
        with self._file.open("wb") as log:
            self._process = subprocess.Popen(
                command,
                cwd=folder,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def log(self) -> str:
        """Return what it has said so far."""
        return self._file.read_text(errors="replace")

    def is_alive(self) -> bool:
        """Tell whether it still runs."""
        return self._process.poll() is None

    def wait(self) -> int:
        """Wait for its end and return the exit code."""
        return self._process.wait(self.longest_run_seconds)

    def wait_started(self) -> Self:
        """Wait until a launch of the stream holds the lease and has begun; fail at once where it ended before."""
        _, log = wait_until(
            lambda: (self.is_alive(), self.log()),
            lambda seen: not seen[0] or "stream_started" in seen[1],
            timeout_seconds=self.longest_start_seconds,
        )
        assert "stream_started" in log, f"ended: {log}"
        return self

    def kill_all(self) -> None:
        """Kill it and all that it has started."""
        kill_session(self._process)


def kill_session(leader: subprocess.Popen[bytes]) -> None:
    """Kill a process that leads a session, and all that belong to it."""
    members = members_of(leader.pid)
    for process in members:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    leader.wait(RUN_TIMEOUT_SECONDS)
    psutil.wait_procs(members, timeout=RUN_TIMEOUT_SECONDS)


def session_of(pid: int) -> int:
    """Return the session that a process belongs to; -1 where it is gone."""
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return -1


def members_of(leader: int) -> list[psutil.Process]:
    """Return the processes of a session, its leader among them.

    By the session and not by who started whom: Spark's workers live on when the process that forked them is killed.
    """
    return [process for process in psutil.process_iter() if session_of(process.pid) == leader]


def pids_of(leader: int, word: str) -> list[int]:
    """Return the pids of a session's processes, but for its leader, whose command line holds a word."""
    found = []
    for process in members_of(leader):
        with suppress(psutil.Error):  # a zombie, or gone since
            if process.pid != leader and any(word in part for part in process.cmdline()):
                found.append(process.pid)
    return found
