"""The commands for hours: list them, look at one, accept one, take that back."""

from typing import Annotated
from uuid import UUID

import typer

from include.command_line import examples
from include.settings import get_settings
from include.terminal import and_more

MAX_LISTED = 100_000

app = typer.Typer(
    help="The hours and their summaries: list them, look at one, accept one, take that back.",
    no_args_is_help=True,
)


@app.command(
    "list",
    epilog=examples(
        ("hours list", "The newest 24."),
        ("hours list --limit 720", "Those of a month."),
    ),
)
def list_hours(
    limit: Annotated[int, typer.Option(min=1, max=MAX_LISTED, help="How many at most.")] = 24,
) -> None:
    """List the newest hours: how each stands, how many customers are held back, and who has accepted it."""
    from rich.console import Console

    from include.report import hours

    lines, total = hours.list_hours(get_settings(), limit=limit)
    Console().print(
        hours.hours_table(lines), *and_more(len(lines), total, "--limit shows more of them"), sep="\n"
    )


@app.command(
    "show",
    epilog=examples(("hours show 2026-01-31T14:00", "Its checks, its sums, and who is held back and why.")),
)
def show_hour(hour: Annotated[str, typer.Argument(help="When it begins, UTC.")]) -> None:
    """Show one hour: what its checks found, its sums, who is held back and why. This shows customers' ids."""
    from rich.console import Console

    from include.domain.hours import as_hour
    from include.report.hour import read_hour, render_hour

    Console().print(render_hour(read_hour(get_settings(), as_hour(hour))))


@app.command(
    "accept",
    epilog=examples(
        (
            'hours accept 2026-01-31T14:00 --reason "a row was deleted by hand, ticket 4711"',
            "Publish it although its checks fail; if it is published, take in who is held back.",
        ),
        (
            "hours accept 2026-01-31T14:00 --customer 550e8400-e29b-41d4-a716-446655440000 "
            '--reason "the zeros are from the test bench"',
            "Take in one customer alone.",
        ),
    ),
)
def accept(
    hour: Annotated[str, typer.Argument(help="When it begins, UTC.")],
    reason: Annotated[
        str, typer.Option(help="Why it may be published all the same; kept and shown with it.")
    ],
    customer: Annotated[
        list[UUID] | None, typer.Option(help="Take in only this customer; may be given several times.")
    ] = None,
) -> None:
    """Publish a withheld hour as it is, or take in who is held back in it; exit code 1 if it stays withheld.

    Who accepted it, when and why is kept and shown. What was accepted stays so until it is found worse, is taken
    back, or readings come late.
    """
    from include.hourly.accept import accept_hour
    from include.hourly.rules import describe

    settlement = accept_hour(get_settings(), hour, reason=reason, customers=customer or ())
    if settlement is None:
        typer.echo("accepted; the hour cannot be settled right now, the next run publishes it")
        return
    typer.echo(describe(settlement))
    raise typer.Exit(1 if settlement.withheld else 0)


@app.command(
    "take-back",
    epilog=examples(
        (
            'hours take-back 2026-01-31T14:00 --reason "the rows are needed after all"',
            "Check it as if nobody had accepted anything of it.",
        ),
    ),
)
def take_back(
    hour: Annotated[str, typer.Argument(help="When it begins, UTC.")],
    reason: Annotated[str, typer.Option(help="Why it is accepted no longer; kept and shown with it.")],
) -> None:
    """Take back all that was accepted of an hour, and settle it again: it is withheld if its checks still fail."""
    from include.hourly.accept import take_back_hour
    from include.hourly.rules import describe

    settlement = take_back_hour(get_settings(), hour, reason=reason)
    if settlement is None:
        typer.echo("taken back; the hour cannot be settled right now, the next run does it")
        return
    typer.echo(describe(settlement))
