"""Airflow's four processes, and the sender beside them: how each is started, looked after and ended."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from include.settings import PROJECT_ROOT, SECRET_KEYS

COMMANDS: dict[str, tuple[str, ...]] = {
    "api-server": ("-m", "airflow", "api-server"),
    "scheduler": ("-m", "airflow", "scheduler", "--skip-serve-logs"),
    "dag-processor": ("-m", "airflow", "dag-processor"),
    "triggerer": ("-m", "airflow", "triggerer", "--skip-serve-logs"),
    # No task: it tells people of a stream and of tasks that have ended, whatever of Airflow still runs.
    "sender": ("main.py", "alarms", "deliver"),
}

# Who needs which secret. Tasks, which the scheduler's processes run, and triggers take the database from Airflow's
# connections; the page is served by the api-server, reads, and acts for people. Only the sender knows who is told.
SECRETS: dict[str, tuple[str, ...]] = {
    "api-server": ("DB_READER_PASS", "DB_PEOPLE_PASS", "KAFKA_SASL_PASSWORD"),
    "scheduler": ("KAFKA_SASL_PASSWORD",),
    "dag-processor": (),
    "triggerer": ("KAFKA_SASL_PASSWORD",),
    "sender": ("DB_ALARMS_PASS", "ALARM_CHANNELS", "ALARM_OPERATORS", "ALARM_WEBHOOK_SECRET"),
}
# Who keeps them running asks the stream to stop, as the stream.
KEEPERS_SECRETS = frozenset({"DB_STREAM_PASS", *(key for keys in SECRETS.values() for key in keys)})

# The scheduler ends when its tasks have; the stream ends its batch, others may take longer and are then ended.
TASKS_END_SECONDS = 30.0
COMPONENT_END_SECONDS = 10.0
STOP_TIMEOUT_SECONDS = 90.0

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
SETTLED_SECONDS = 60.0


def log_file(folder: Path, name: str) -> Path:
    """Return where a component's output goes."""
    return folder / f"airflow-{name}.log"


def component_environment(name: str, environment: Mapping[str, str]) -> dict[str, str]:
    """Return what a component is told of its keeper's environment: no secret that it does not need."""
    return {**environment, **dict.fromkeys(SECRET_KEYS.difference(SECRETS[name]), "")}


def without_overrides(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment without what the shell told some other Airflow: its database would be ours else."""
    return {key: value for key, value in environment.items() if not key.startswith("AIRFLOW__")}


def pause_seconds(short_lives: int) -> float:
    """Return how long to wait before a component is started again that ended so often soon after its start."""
    # Bounded before it is raised to a power: the count itself has no bound.
    return min(FIRST_PAUSE_SECONDS * 2.0 ** min(short_lives, 10), LONGEST_PAUSE_SECONDS)


@dataclass(slots=True)
class Component:
    """One of them; `due_at` is when it may be started (again)."""

    name: str
    log_folder: Path
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    due_at: float = 0.0
    short_lives: int = 0

    def start(self) -> None:
        """Start it in a session of its own, its output appended to its log."""
        with log_file(self.log_folder, self.name).open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, *COMMANDS[self.name]],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=PROJECT_ROOT,
                env=component_environment(self.name, without_overrides(os.environ)),
                start_new_session=True,
            )
        self.started_at = time.monotonic()

    def note_end(self) -> int | None:
        """Return the exit code if it has ended by itself, and set when it is due again; None while it runs.

        What it leaves in its process group goes too: the scheduler's workers, idle ones and those that watch over a
        task. The tasks have groups of their own and stay, so an orphaned stream goes on until its successor fences it.
        """
        if self.process is None or self.process.poll() is None:
            return None
        exit_code = self.process.returncode
        self._signal_group(signal.SIGKILL)
        now = time.monotonic()
        self.short_lives = 0 if now - self.started_at > SETTLED_SECONDS else self.short_lives + 1
        self.due_at = now + pause_seconds(self.short_lives)
        self.process = None
        return exit_code

    def put_off(self) -> None:
        """Set when it is due again after a start that came to nothing, which counts as a short life."""
        self.short_lives += 1
        self.due_at = time.monotonic() + pause_seconds(self.short_lives)

    def is_running(self) -> bool:
        """Tell whether its process runs."""
        return self.process is not None and self.process.poll() is None

    def ask_to_end(self) -> None:
        """Send SIGTERM to the process alone."""
        if self.process is not None and self.is_running():
            self.process.terminate()

    def end(self, patience_seconds: float) -> None:
        """Wait for its end, and kill its group when that takes too long."""
        if self.process is None:
            return
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(patience_seconds)
        self._signal_group(signal.SIGKILL)
        self.process.wait()

    def _signal_group(self, number: signal.Signals) -> None:
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)
