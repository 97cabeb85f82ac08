"""Airflow's own command line, told where this stack's Airflow lives and all that its processes are told."""

import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from include.db.connect import Role, connect
from include.errors import PermanentError
from include.settings import PROJECT_ROOT, Settings
from stack.airflow.configuration import environment, home_of


def become_airflow(settings: Settings, arguments: Sequence[str]) -> NoReturn:
    """Run `airflow` with these arguments in the place of this process."""
    home = home_of(settings)
    if not (home / "airflow.cfg").exists():
        raise PermanentError(f"there is no Airflow in {home} yet: run 'make up' first")
    connect(settings, Role.READER).close()  # Airflow would answer with a traceback
    # Whatever the shell told some other Airflow must not reach this one.
    surroundings = {
        key: value for key, value in environment(settings).items() if not key.startswith("AIRFLOW__")
    }
    command = [sys.executable, "-m", "airflow", *arguments]
    os.chdir(PROJECT_ROOT)
    os.execve(command[0], command, surroundings)  # noqa: S606 - in our place: its exit code and signals are ours
