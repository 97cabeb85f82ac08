"""Airflow's own command line, told where this stack's Airflow lives and all that its processes are told."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from include.db.connect import Role, connect
from include.errors import PartFailedError, PermanentError
from include.settings import PROJECT_ROOT, Settings
from stack.airflow.components import without_overrides
from stack.airflow.configuration import environment, home_of
from stack.logs import telling_line

SHOWN_LINES = 15


def run_airflow(
    arguments: Sequence[str],
    surroundings: Mapping[str, str],
    log_file: Path,
    *,
    otherwise: str,
    is_done: Callable[[], bool] = lambda: True,
) -> None:
    """Run a command of Airflow's; raise PartFailedError if it fails, or has not done what it was for.

    The error's reason is what the command said, `otherwise` where it said nothing.
    """
    process = subprocess.run(
        [sys.executable, "-m", "airflow", *arguments],
        check=False,
        capture_output=True,
        text=True,
        cwd=PROJECT_ROOT,
        env=surroundings,
    )
    if process.returncode != 0 or not is_done():
        lines = (process.stdout + process.stderr).strip().splitlines()
        reason = telling_line(lines) or otherwise
        raise PartFailedError(
            part="airflow", reason=reason, log_file=str(log_file), log_tail=lines[-SHOWN_LINES:]
        )


def become_airflow(settings: Settings, arguments: Sequence[str]) -> NoReturn:
    """Run `airflow` with these arguments in the place of this process."""
    home = home_of(settings)
    if not (home / "airflow.cfg").exists():
        raise PermanentError(f"there is no Airflow in {home} yet: run 'make up' first")
    connect(settings, Role.READER).close()  # Airflow would answer with a traceback
    surroundings = without_overrides(environment(settings))
    command = [sys.executable, "-m", "airflow", *arguments]
    os.chdir(PROJECT_ROOT)
    os.execve(command[0], command, surroundings)  # noqa: S606 - in our place: its exit code and signals are ours
