"""The stack's commands: up, down, restart, status, logs, clean and what `make setup` needs.

What knows the servers and their clients is imported when a command begins, so that the program's help is there at once.
"""

import json
import logging
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from include.command_line import PROGRAM, examples, one_line_errors
from include.settings import Settings, get_settings
from include.terminal import plain

if TYPE_CHECKING:
    from stack.types import PartState

NOT_RUNNING_EXIT_CODE = 3
BYTES_PER_MIB = 1024 * 1024
COLUMNS = ("part", "state", "pid", "port", "memory", "since (UTC)")
STATE_STYLES = {"running": "green", "unready": "yellow", "stopped": "red"}

app = typer.Typer(no_args_is_help=True)


@app.callback()
def quiet_clients() -> None:
    """PostgreSQL, Kafka and Airflow on this machine, in the background, without Docker."""
    # The Kafka client reports each failed attempt by itself; we say it once, in our own words.
    logging.getLogger("kafka").setLevel(logging.CRITICAL)


@app.command(
    epilog=examples(
        ("stack prepare", "Before the first start where the network is slow; `make setup` does it too.")
    )
)
def prepare() -> None:
    """Fetch what the servers need and create `.env` on first use; what is there already is kept."""
    from stack.prepare import prepare_environment

    with one_line_errors():
        prepare_environment(_say)


@app.command(epilog=examples(("stack java", "To call spark-submit by hand.")))
def java() -> None:
    """Print the JAVA_HOME that Spark and Kafka run on."""
    from include.stream.java import find_java

    with one_line_errors():
        typer.echo(find_java().home)


@app.command(epilog=examples(("stack up", "What runs already is left as it is.")))
def up() -> None:
    """Start the servers, wait until they answer, and bring the database and the topic up to date."""
    from stack import run

    with one_line_errors():
        _show_started(run.up(get_settings(), _say))
        for line in _what_next(get_settings()):
            _say(line)


@app.command(epilog=examples(("stack down", "Before an upgrade of the machine.")))
def down() -> None:
    """Stop the servers; their data stay."""
    from stack import run

    with one_line_errors():
        run.down(get_settings(), _say)


@app.command(
    epilog=examples(
        ("stack restart", "After .env was changed."),
        ("stack restart airflow", "One part; the others run on."),
    )
)
def restart(part: Annotated[str | None, typer.Argument(help="One part; all when left out.")] = None) -> None:
    """Stop the servers, or one of them, and start them again with the settings as they are now."""
    from stack import run

    with one_line_errors():
        _show_started(run.restart(get_settings(), _say, part=part))


@app.command(epilog=examples(("stack status", "As a table."), ("stack status --json", "For a program.")))
def status(as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """Show what runs; exit code 3 when something does not."""
    from stack import run

    with one_line_errors():
        states = run.status(get_settings())
        if as_json:
            typer.echo(json.dumps([asdict(state) for state in states], default=str))
        else:
            _show(states)
        if any(state.state != "running" for state in states):
            raise typer.Exit(NOT_RUNNING_EXIT_CODE)


@app.command(
    epilog=examples(
        ("stack logs", "The ends of all."), ("stack logs kafka --follow --lines 100", "One, on and on.")
    )
)
def logs(
    part: Annotated[str | None, typer.Argument(help="One part; all when left out.")] = None,
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Go on until Ctrl-C.")] = False,
    lines: Annotated[int, typer.Option("-n", "--lines", min=0, help="How many of each log.")] = 20,
) -> None:
    """Show the ends of the servers' logs."""
    from stack import run

    with one_line_errors():
        for label, line in run.logs(get_settings(), part=part, line_count=lines, is_followed=follow):
            typer.echo(f"{label} | {plain(line.expandtabs())}")


@app.command(epilog=examples(("stack clean", "To begin anew. There is no way back.")))
def clean() -> None:
    """Stop the servers and DELETE all their data."""
    from stack import run

    with one_line_errors():
        run.clean(get_settings(), _say)


def _show_started(states: "list[PartState]") -> None:
    """Bring the database and the topic up to date and show how the parts came up."""
    from include.stream.run import check_size
    from include.stream.run import prepare as prepare_pipeline

    prepare_pipeline(get_settings())
    check_size(get_settings())
    _show(states, on_error_stream=True)


def _what_next(settings: Settings) -> list[str]:
    """Return where to look and what to do, once everything answers."""
    from stack.airflow.configuration import base_url

    page = [
        f"The page and the workflows: {base_url(settings)}",
        f"Its login: {settings.airflow_user}, with the password AIRFLOW_PASS in .env.",
        "The stream comes up by itself within a minute.",
    ]
    return [
        *(page if settings.stack_with_airflow else [f"The stream in the foreground: {PROGRAM} consumer"]),
        f"Send readings: {PROGRAM} producer",
        f"What the servers say: {PROGRAM} stack logs --follow; the files are in {settings.stack_dir / 'logs'}.",
    ]


def _say(line: str) -> None:
    typer.echo(line, err=True)


def _show(states: "list[PartState]", *, on_error_stream: bool = False) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Column, Table

    table = Table(*(Column(name, no_wrap=True) for name in COLUMNS), Column("folder", overflow="fold"))
    for state in states:
        style = STATE_STYLES[state.state]
        table.add_row(
            state.name,
            f"[{style}]{state.state}[/]",
            str(state.pid or "-"),
            str(state.port),
            f"{state.memory_bytes / BYTES_PER_MIB:.0f} MiB" if state.memory_bytes else "-",
            f"{state.since:%b %d %H:%M}" if state.since else "-",
            escape(str(state.folder)),
        )
    Console(stderr=on_error_stream).print(table)
