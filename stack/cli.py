"""The stack's commands: up, down, restart, status, logs, clean and what `make setup` needs.

What knows the servers and their clients is imported when a command begins, so that the program's help is there at once.
"""

import logging
from typing import TYPE_CHECKING, Annotated

import typer

from include.command_line import PROGRAM, OneLineGroup, examples
from include.places import Place
from include.settings import Settings, get_settings
from include.terminal import plain

if TYPE_CHECKING:
    from stack.types import PartState

NOT_RUNNING_EXIT_CODE = 3

app = typer.Typer(cls=OneLineGroup, no_args_is_help=True, pretty_exceptions_enable=False)


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

    prepare_environment(_say)


@app.command(epilog=examples(("stack java", "To call spark-submit by hand.")))
def java() -> None:
    """Print the JAVA_HOME that Spark and Kafka run on."""
    from include.stream.java import find_java

    typer.echo(find_java().home)


@app.command(epilog=examples(("stack up", "What runs already is left as it is.")))
def up() -> None:
    """Start the servers, wait until they answer, and bring the database and the topic up to date."""
    from stack import run

    _show_started(run.up(get_settings(), _say))
    for line in _what_next(get_settings()):
        _say(line)


@app.command(epilog=examples(("stack down", "Before an upgrade of the machine.")))
def down() -> None:
    """Stop the servers; their data stay."""
    from stack import run

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

    _show_started(run.restart(get_settings(), _say, part=part))


@app.command(epilog=examples(("stack status", "As a table."), ("stack status --json", "For a program.")))
def status(as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """Show what runs, how the pipeline does, and where to reach it; exit code 3 when a part does not run."""
    from rich.console import Console

    from include.live.overview import read_overview
    from stack import run
    from stack.status import as_document, as_text

    settings = get_settings()
    states, overview = run.status(settings), read_overview(settings)
    if as_json:
        typer.echo(as_document(states, overview, settings))
    else:
        Console().print(as_text(states, overview, settings))
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

    for label, line in run.logs(get_settings(), part=part, line_count=lines, is_followed=follow):
        typer.echo(f"{label} | {plain(line.expandtabs())}")


@app.command(epilog=examples(("stack clean", "To begin anew. There is no way back.")))
def clean() -> None:
    """Stop the servers and DELETE all their data."""
    from stack import run

    run.clean(get_settings(), _say)


def _show_started(states: "list[PartState]") -> None:
    """Bring the database and the topic up to date and show how the parts came up."""
    from rich.console import Console

    from include.stream.run import check_size
    from include.stream.run import prepare as prepare_pipeline
    from stack.status import parts_table

    prepare_pipeline(get_settings())
    check_size(get_settings())
    Console(stderr=True).print(parts_table(states))


def _what_next(settings: Settings) -> list[str]:
    """Return where to look and what to do, once everything answers."""
    from stack.airflow.configuration import base_url

    page = [
        f"The page and the workflows: {base_url(settings)}",
        f"Its login: {settings.airflow.user}, with the password AIRFLOW_PASS in .env.",
        "The stream comes up by itself within a minute.",
    ]
    return [
        *(page if settings.stack.with_airflow else [f"The stream in the foreground: {PROGRAM} consumer"]),
        f"Send readings: {PROGRAM} producer",
        f"What the servers say: {PROGRAM} stack logs --follow; the files are in {settings.stack.at(Place.LOGS)}.",
    ]


def _say(line: str) -> None:
    typer.echo(line, err=True)
