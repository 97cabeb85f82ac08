"""One version of the product, used as an operator uses it: by its own commands, in its own folder and environment."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from signal import SIGINT
from typing import Any

from pydantic import SecretStr

from include.settings import ENV_FILE_KEY, FIELDS, PROJECT_ROOT, Settings, environment_of
from include.surroundings import of_ours
from tests.support.processes import LoggedProcess
from tests.support.waiting import wait_until
from tests.upgrades.history import installed

_PATIENCE_SECONDS = 600.0
# What heartbeat_hourly does; it has had this name in all versions. The hour that is not over is settled, too.
_SETTLE = """
from datetime import UTC, datetime, timedelta
from include.hourly.run import settle_due
from include.settings import get_settings
settle_due(get_settings(), before=datetime.now(UTC).replace(tzinfo=None) + timedelta(hours=1))
"""


class Running(LoggedProcess):
    """A command that goes on until it is ended."""

    prefix = "heartbeat-upgrade-"
    longest_start_seconds = _PATIENCE_SECONDS
    longest_run_seconds = _PATIENCE_SECONDS

    def interrupt(self) -> int:
        """Press Ctrl-C, wait for the end and return the exit code."""
        self._process.send_signal(SIGINT)
        return self.wait()


@dataclass(frozen=True)
class Program:
    """A version of the product, in its own folder; `environment` tells it its settings."""

    folder: Path
    python: Path
    environment: dict[str, str]

    @classmethod
    def earlier(cls, version: str, env_file: Path) -> "Program":
        """Return an earlier version with the settings of a file, in its own environment."""
        folder = installed(version)
        return cls(folder, folder / ".venv" / "bin" / "python", _reading(env_file))

    @classmethod
    def present(cls, env_file: Path) -> "Program":
        """Return this version with the settings of a file."""
        return cls(PROJECT_ROOT, Path(sys.executable), _reading(env_file))

    @classmethod
    def present_with(cls, settings: Settings) -> "Program":
        """Return this version with these settings."""
        return cls(PROJECT_ROOT, Path(sys.executable), environment_of(settings))

    @property
    def migrations(self) -> set[str]:
        """The names of its migrations."""
        return {path.name for path in (self.folder / "include" / "db" / "migrations").glob("*.sql")}

    def run(self, *words: str) -> str:
        """Run a command of main.py to its end and return what it prints."""
        return _output_of(self._run("main.py", *words))

    def refusal(self, *words: str) -> str:
        """Run a command of main.py that ends with an error, and return what it says."""
        done = self._run("main.py", *words)
        assert done.returncode == 1, done
        return done.stderr + done.stdout

    def settle(self) -> None:
        """Settle all hours."""
        _output_of(self._run("-c", _SETTLE))

    def report(self) -> dict[str, Any]:
        """Return the accounting; fail if it does not hold."""
        found: dict[str, Any] = json.loads(self.run("report", "--json"))
        return found

    def wait_consumed(self) -> dict[str, Any]:
        """Wait until nothing that Kafka holds is left to consume, and return the accounting then."""
        return wait_until(
            self.report,
            lambda report: report["lag"] is not None and sum(report["lag"].values()) == 0,
            timeout_seconds=_PATIENCE_SECONDS,
            interval_seconds=1,
        )

    @contextmanager
    def running(self, *words: str) -> Iterator[Running]:
        """Run a command of main.py beside a `with` block; what is left of it at the end is killed."""
        command = Running(
            self._command("main.py", *words), {**self.environment, "LOG_FORMAT": "json"}, self.folder
        )
        try:
            yield command
        finally:
            command.kill_all()

    def _run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self._command(*words),
            cwd=self.folder,
            env={**self.environment, "LOG_FORMAT": "json"},
            check=False,
            capture_output=True,
            text=True,
        )

    def _command(self, *words: str) -> list[str]:
        return [str(self.python), *words]


def write_env_file(version: str, settings: Settings, file: Path) -> Path:
    """Write a version's own `.env`, as its set-up makes it, with what these settings have of their own; return it."""
    own, usual = settings.by_key(), Settings().by_key()
    changed = {key: own[key] for key in own if own[key] != usual[key]}
    lines = [f"{key.upper()}={_as_text(value)}" for key, value in changed.items()]
    file.write_text("\n".join([(installed(version) / ".env.example").read_text(), *lines, ""]))
    return file


def _as_text(value: object) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


def _reading(env_file: Path) -> dict[str, str]:
    ours = of_ours(os.environ)
    return {key: ours[key] for key in ours if key.lower() not in FIELDS} | {ENV_FILE_KEY: str(env_file)}


def _output_of(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, f"{done.args} ended with {done.returncode}: {done.stderr}{done.stdout}"
    return done.stdout
