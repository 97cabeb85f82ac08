"""Run one of Airflow's processes in its container, or make all of it ready before: `python -m stack.containers --help`.

Each reads the settings from its environment; the configuration lies in the folder that `prepare` wrote.
"""

import os
import sys
from enum import StrEnum
from typing import Annotated

import typer

from include.command_line import OneLineGroup
from include.log import configure_logging
from include.settings import PROJECT_ROOT, get_settings
from include.surroundings import settle_in
from stack.airflow.components import COMMANDS, component_environment
from stack.airflow.configuration import environment
from stack.containers.configuration import API_SERVER
from stack.containers.prepare import prepare as prepare_airflow
from stack.containers.scheduler import run_scheduler

SCHEDULER = "scheduler"
Name = StrEnum("Name", {name: name for name in COMMANDS})  # type: ignore[misc]

app = typer.Typer(
    cls=OneLineGroup,
    help="Airflow's processes, each in a container of its own.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@app.callback()
def _configure() -> None:
    settle_in(API_SERVER)
    settings = get_settings()
    configure_logging(log_format=settings.log.format, level=settings.log.level)


@app.command()
def prepare() -> None:
    """Write the configuration, bring Airflow's database up to date, and set the login of its page."""
    prepare_airflow(get_settings())


@app.command()
def run(name: Annotated[Name, typer.Argument(help="Which process.")]) -> None:
    """Run one process until it is told to end."""
    surroundings = component_environment(name, environment(get_settings()))
    command = [sys.executable, *COMMANDS[name]]
    os.chdir(PROJECT_ROOT)
    if name == SCHEDULER:
        raise typer.Exit(run_scheduler(get_settings(), command, surroundings))
    os.execve(command[0], command, surroundings)  # noqa: S606 - in our place: the signals are for it


if __name__ == "__main__":
    app(prog_name="python -m stack.containers")
