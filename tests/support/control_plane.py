"""A whole stack worked with as an operator does: through the REST API of Airflow, and by killing its parts."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil

from include.settings import Settings
from stack.airflow.client import AirflowClient
from tests.support.background import repeating
from tests.support.pipeline import Pipeline
from tests.support.waiting import wait_until

DRIVER = "spark_jobs/heartbeat_stream.py"
LAUNCH_TIMEOUT_SECONDS = 600
RUN_TIMEOUT_SECONDS = 180


class ControlPlane(Pipeline):
    """The stack's database and topic, and Airflow above them."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.api = AirflowClient(settings)

    # What runs

    def processes(self) -> list[psutil.Process]:
        """Return every process that was started for this stack, found without any help of the product."""
        own = f"STACK_DIR={self.settings.stack.dir}".encode()
        return [process for process in psutil.process_iter() if own in _environment(process)]

    def jvms(self) -> list[psutil.Process]:
        """Return the JVMs of the launches."""
        return [process for process in self._of_the_job() if process.name() == "java"]

    def launch_of(self, jvm: psutil.Process) -> list[psutil.Process]:
        """Return the JVM and all below it."""
        return [jvm, *jvm.children(recursive=True)]

    def keeper(self) -> psutil.Process:
        """Return the process that keeps Airflow running."""
        [found] = [each for each in self.processes() if "stack.airflow.keeper" in _words(each)]
        return found

    def component(self, name: str) -> psutil.Process:
        """Return one of Airflow's own processes."""
        return self._components(name)[0]

    def component_pids(self, name: str) -> set[int]:
        """Return the pids of the processes of that name; none while it is being started again."""
        return {process.pid for process in self._components(name)}

    def _components(self, name: str) -> list[psutil.Process]:
        # Some call themselves by their command's name with an underscore once they have begun.
        return [child for child in self.keeper().children() if name in _words(child).replace("_", "-")]

    def _of_the_job(self) -> list[psutil.Process]:
        return [process for process in self.processes() if DRIVER in _words(process)]

    # What flows

    def epoch(self) -> int:
        """Return the newest launch that has taken the lease."""
        return int(self.rows("select coalesce(max(epoch), 0) from stream_lease")[0][0])

    def silence_seconds(self) -> float:
        """Return how long ago the last commit was."""
        row = self.rows(
            "select extract(epoch from timezone('utc', now()) - max(committed_at)) from stream_commits"
        )
        return float("inf") if row[0][0] is None else float(row[0][0])

    def is_flowing(self) -> bool:
        """Tell whether one launch runs and commits."""
        return len(self.jvms()) == 1 and self.silence_seconds() < 3

    def wait_flowing(self, *, after_epoch: int = 0) -> float:
        """Wait until one launch, newer than `after_epoch`, runs and commits; return the seconds that it took."""
        began = time.monotonic()
        wait_until(
            lambda: (self.epoch(), self._committing_epoch(), len(self.jvms()), self.silence_seconds()),
            lambda seen: seen[0] == seen[1] > after_epoch and seen[2] == 1 and seen[3] < 3,
            timeout_seconds=LAUNCH_TIMEOUT_SECONDS,
            interval_seconds=0.25,
        )
        return time.monotonic() - began

    def _committing_epoch(self) -> int:
        return int(self.rows("select coalesce(max(epoch), 0) from stream_commits where kind = 'batch'")[0][0])

    # What workflows do

    def run_workflow(self, name: str, conf: dict[str, Any] | None = None) -> tuple[str, str]:
        """Trigger a workflow, wait for its end, and return the run's id and state."""
        run_id = self.api.trigger(name, conf)
        state = wait_until(
            lambda: self.api.run_state(name, run_id),
            lambda seen: seen in ("success", "failed"),
            timeout_seconds=RUN_TIMEOUT_SECONDS,
            interval_seconds=0.5,
        )
        return run_id, state

    def state_of_health(self) -> str:
        """Run the checks now and return what became of them."""
        return self.run_workflow("heartbeat_health")[1]

    def import_errors(self) -> list[str]:
        """Return what went wrong while the workflows were read."""
        return [error["stack_trace"] for error in self.api.get("importErrors")["import_errors"]]

    def pause(self, name: str, *, is_paused: bool) -> None:
        """Pause a workflow, or let it run."""
        self.api.call("PATCH", f"dags/{name}", {"is_paused": is_paused})

    def fail_run(self, name: str, run_id: str) -> None:
        """Mark a run as failed; its running tasks are ended."""
        self.api.call("PATCH", f"dags/{name}/dagRuns/{quote(run_id)}", {"state": "failed"})

    def backfill(self, name: str, *, since: datetime, until: datetime, runs_at_once: int) -> int:
        """Start a backfill over the intervals that begin in this time, and return its id."""
        span = {"from_date": since.isoformat(), "to_date": until.isoformat()}
        body = {"dag_id": name, **span, "max_active_runs": runs_at_once, "dag_run_conf": {}}
        return int(self.api.call("POST", "backfills", body)["id"])

    def task_states(self, name: str, run_id: str) -> dict[str, str]:
        """Return the state of each task of a run."""
        return {task["task_id"]: task["state"] for task in self.api.tasks(name, run_id)}


@contextmanager
def longest_silence(plane: ControlPlane) -> Iterator[list[float]]:
    """Watch how long no commit came; the one value is right once the block has ended."""
    longest = [0.0]

    def watch() -> None:
        longest[0] = max(longest[0], plane.silence_seconds())

    with repeating(watch, every_seconds=0.5):
        yield longest


def all_command_lines() -> str:
    """Return the command line of every process on this machine."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(OSError):
                found.append((folder / "cmdline").read_bytes().decode(errors="replace"))
    return "\n".join(found)


def _environment(process: psutil.Process) -> list[bytes]:
    try:
        return (
            Path(f"/proc/{process.pid}/environ").read_bytes().split(b"\0")
            if process.pid != os.getpid()
            else []
        )
    except OSError:
        return []


def _words(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""
