"""Run a storm: `python -m tests.storm --seed gale --minutes 30`; exit code 1 where something was not as it must be."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from include.compiled.program import is_made
from include.log import configure_logging
from include.settings import Settings
from include.surroundings import settle_in
from stack import run as servers
from stack.isolated import isolated_settings
from tests.storm.kinds import KINDS
from tests.storm.plan import Step, draw, from_text, playable, to_text
from tests.storm.run import LAUNCHERS, Outcome, Row, run_storm
from tests.storm.shrink import shrink
from tests.support.trials.trial import flows_after

SEEDS: dict[str, int] = json.loads(Path(__file__).with_name("seeds.json").read_text())
MOST_MINUTES = 24 * 60
_SHORT_PLAN = Path("storm-shrunk.jsonl")

# This very file: the checks beside the stream have what they print thrown away, by putting another in its place.
console = Console(highlight=False, file=sys.stdout)
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    *,
    seed: Annotated[str, typer.Option(help=f"A number, or one of {', '.join(SEEDS)}.")] = "gale",
    minutes: Annotated[float, typer.Option(min=0.2, max=MOST_MINUTES, help="Five actions for each.")] = 30,
    plan: Annotated[
        Path | None, typer.Option(help="Run this list of actions instead, a file.", exists=True)
    ] = None,
    without: Annotated[
        str | None, typer.Option(help=f"Take out of the stream: {', '.join(LAUNCHERS)}.")
    ] = None,
    shrinks: Annotated[bool, typer.Option("--shrink/--no-shrink", help="Shorten a list that fails.")] = True,
    most_runs: Annotated[int, typer.Option(min=1, help="How often a shorter list is tried.")] = 12,
    lists: Annotated[bool, typer.Option("--list", help="Only print the list of actions.")] = False,
) -> None:
    """Do random things to the whole pipeline, by a seed, and hold it against a model."""
    if without is not None and without not in LAUNCHERS:
        raise typer.BadParameter(f"choose one of {', '.join(LAUNCHERS)}", param_hint="--without")
    steps = (
        draw(_number(seed), minutes, KINDS) if plan is None else playable(from_text(plan.read_text()), KINDS)
    )
    if lists:
        typer.echo(to_text(steps), nl=False)
        return
    settle_in()
    if not is_made():
        raise typer.BadParameter("the machine code is not made: run 'make setup'")
    configure_logging(log_format="auto", level="ERROR")
    again = f"make storm SEED={seed} MINUTES={minutes:g}" if plan is None else f"make storm PLAN={plan}"
    with isolated_settings() as stack:
        servers.up(stack)
        outcome = run_storm(stack, steps, without=without, on_row=_say_row)
        _show(outcome)
        if not outcome.violation:
            return
        console.print(f"\nAgain: {again}{f' WITHOUT={without}' if without else ''}")
        if shrinks:
            _shorten(stack, steps, outcome, without, most_runs)
    raise typer.Exit(1)


def _number(seed: str) -> int:
    if seed not in SEEDS and not seed.lstrip("-").isdigit():
        raise typer.BadParameter(f"a number, or one of {', '.join(SEEDS)}", param_hint="--seed")
    return SEEDS.get(seed) or int(seed)


def _shorten(
    stack: Settings, steps: list[Step], outcome: Outcome, without: str | None, most_runs: int
) -> None:
    """Find a short list that still fails, and tell how to run it."""
    begun = [step for step in steps if outcome.failed_at is None or step.number <= outcome.failed_at]

    def fails(candidate: list[Step]) -> bool:
        tried = playable(candidate, KINDS)
        console.print(f"shrinking: {len(tried)} actions: {', '.join(step.kind for step in tried)}")
        found = bool(tried) and bool(run_storm(stack, tried, without=without).violation)
        console.print(f"shrinking: {'still fails' if found else 'holds'}")
        return found

    shortest = playable(shrink(begun, fails, most_runs=most_runs), KINDS)
    _SHORT_PLAN.write_text(to_text(shortest))
    console.print(f"{len(shortest)} of {len(steps)} actions are enough: make storm PLAN={_SHORT_PLAN}")
    console.print(to_text(shortest), end="")


def _say_row(row: Row) -> None:
    console.print(
        f"{row.step.number:>4} {row.step.kind}: {row.proof}{flows_after(row.recovery_seconds)}",
        soft_wrap=True,
    )


def _show(outcome: Outcome) -> None:
    table = Table("", "action", "proof", "recovery s", title="the storm")
    for row in outcome.rows:
        seconds = "not awaited" if row.recovery_seconds is None else f"{row.recovery_seconds:.1f}"
        table.add_row(str(row.step.number), row.step.kind, row.proof, seconds)
    console.print(table)
    if (account := outcome.account) and account.acknowledged:
        console.print(f"{account.told()}; {outcome.alarms:,} alarms as recomputed")
    if outcome.violation:
        where = "in the end" if outcome.failed_at is None else f"in action {outcome.failed_at}"
        console.print(f"VIOLATED {where}: {outcome.violation}", style="bold red", markup=False)


if __name__ == "__main__":
    app()
