"""The product run once from end to end with known secrets, and everything that it shows of itself meanwhile."""

import subprocess
import sys
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import SecretStr

from include.settings import PROJECT_ROOT, Settings, environment_of
from tests.support.background import repeating

SAMPLE_INTERVAL_SECONDS = 0.1

# What has no command of its own, because Airflow starts it; and each login that is refused, with its whole trace.
_WORKFLOWS = """
import traceback
from datetime import UTC, datetime
from pydantic import SecretStr
from include.db.connect import Role, connect
from include.domain.reasons import Reason
from include.errors import HeartbeatError
from include.health.run import run_checks
from include.log import configure_logging
from include.maintenance.run import make_days_ahead, refresh_statistics
from include.notices.rules import change_of_task
from include.notices.run import tell_task
from include.outbox.sender import deliver
from include.replay.run import replay_dead_letters
from include.replay.types import Selection
from include.settings import get_settings
from include.hourly.run import settle_due

settings = get_settings()
configure_logging(log_format="json", level="DEBUG")
every = Selection(reasons=tuple(Reason), since=None, until=None, limit=100)
steps = [
    lambda: settle_due(settings, before=datetime.now(UTC).replace(tzinfo=None)),
    lambda: replay_dead_letters(settings, every, dry_run=False),
    lambda: run_checks(settings),
    lambda: make_days_ahead(settings),
    lambda: refresh_statistics(settings),
    lambda: tell_task(settings, change_of_task("d.t", ValueError("x"), "l")),
    lambda: deliver(settings),
]
for role in Role:
    wrong = SecretStr("x" + role.password(settings))
    away = settings.having(**{role.password_setting: wrong})
    steps.append(lambda role=role, away=away: connect(away, role))
for step in steps:
    try:
        step()
    except HeartbeatError:
        traceback.print_exc()
print("workflows-are-through")
"""


def secrets_of(settings: Settings) -> dict[str, str]:
    """Return every secret by its name."""
    values = settings.by_key().items()
    return {key: value.get_secret_value() for key, value in values if isinstance(value, SecretStr)}


@dataclass
class MarkedRun:
    """What was said, and every command line that stood in the list of processes meanwhile."""

    settings: Settings
    output: dict[str, str] = field(default_factory=dict)
    command_lines: set[str] = field(default_factory=set)

    def main(self, *words: str) -> None:
        """Run a command of the product."""
        self._run(" ".join(words[:2]), [sys.executable, "main.py", *words])

    def workflows(self) -> None:
        """Do what the workflows do."""
        self._run("workflows", [sys.executable, "-c", _WORKFLOWS])

    def _run(self, name: str, command: list[str]) -> None:
        environment = {**environment_of(self.settings), "LOG_LEVEL": "DEBUG"}
        ended = subprocess.run(
            command, cwd=PROJECT_ROOT, env=environment, capture_output=True, text=True, check=False
        )
        self.output[name] = ended.stdout + ended.stderr
        # A run that broke off half-way has shown nothing.
        assert ended.returncode == 0, self.output[name]

    def watched(self) -> AbstractContextManager[None]:
        """Take down the list of processes again and again for the length of a `with` block."""
        return repeating(self._watch, every_seconds=SAMPLE_INTERVAL_SECONDS)

    def _watch(self) -> None:
        for file in Path("/proc").glob("[0-9]*/cmdline"):
            with suppress(OSError):  # it has ended
                self.command_lines.add(file.read_bytes().replace(b"\0", b" ").decode(errors="replace"))


def files_with(word: str, *folders: Path) -> list[str]:
    """Return the files below the folders that hold a word, whatever they are."""
    found = []
    for file in (each for folder in folders for each in folder.resolve().rglob("*")):
        with suppress(OSError):  # a server's file may be gone by now
            if file.is_file() and word.encode() in file.read_bytes():
                found.append(str(file))
    return found
