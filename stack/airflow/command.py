"""Airflow's own command line, told where this stack's Airflow lives and all that its processes are told."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import NoReturn

from include.db.connect import Role, connect
from include.errors import PermanentError
from include.settings import PROJECT_ROOT, Settings
from stack.airflow.components import without_overrides
from stack.airflow.configuration import environment, home_of


def call_airflow(
    arguments: Sequence[str], surroundings: Mapping[str, str], *, typed: str = ""
) -> "subprocess.CompletedProcess[str]":
    """Run a command of Airflow's that finds `typed` on its standard input, and no terminal."""
    return subprocess.run(
        [sys.executable, "-m", "airflow", *arguments],
        check=False,
        capture_output=True,
        text=True,
        input=typed,
        cwd=PROJECT_ROOT,
        env=surroundings,
        start_new_session=True,
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
