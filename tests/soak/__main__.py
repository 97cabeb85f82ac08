"""Run a soak: `python -m tests.soak hour` or `python -m tests.soak kills`; exit code 1 where the verdict is red."""

import sys
import traceback
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from include.command_line import OneLineGroup
from include.compiled.program import is_made
from include.errors import OptionError
from include.log import configure_logging
from include.surroundings import settle_in
from stack.isolated import isolated_settings
from tests.soak.notes import Fault, Notes, read_course
from tests.soak.picture import draw
from tests.soak.schedule import EVERY_MINUTES, schedule
from tests.soak.space import require_space
from tests.soak.verdict import Finding, is_red, judge_course
from tests.support.trials.trial import flows_after
from tools.bench.machine import observe

MOST_RECORDS = 1_000_000_000
# The proxy's threads are to wait less for others of this process than they do by themselves (5 ms).
_SWITCH_SECONDS = 0.0005
_MARKS = {True: "ok", False: "RED", None: "not judged"}

# This very file: the checks beside the stream have what they print thrown away, by putting another in its place.
console = Console(highlight=False, file=sys.stdout)
app = typer.Typer(cls=OneLineGroup, add_completion=False, pretty_exceptions_enable=False)


@app.command()
def hour(
    *,
    minutes: Annotated[float, typer.Option(min=1, max=7 * 24 * 60, help="How long.")] = 60,
    rate: Annotated[int, typer.Option(min=10, max=100_000, help="Readings per second.")] = 2000,
    every: Annotated[float, typer.Option(min=0.2, help="Minutes from a fault to the next.")] = EVERY_MINUTES,
    file: Annotated[Path, typer.Option(help="Where the samples go, as JSON lines.")] = Path("soak.jsonl"),
) -> None:
    """Steady traffic with a fault every few minutes; memory and batch time have to stay as they are."""
    from tests.soak.hour import run_hour
    from tests.soak.observer import EVERY_SECONDS

    require_space(round(60 * minutes * rate), has_truth=True)
    _prepare()
    notes, steps, machine = Notes(file), schedule(minutes, every_minutes=every), observe()
    notes.begin(at=_now(), minutes=minutes, rate=rate, every_seconds=EVERY_SECONDS, machine=asdict(machine))
    with isolated_settings() as stack:
        try:
            findings = run_hour(stack, steps, notes, minutes=minutes, rate=rate, on_fault=_say_fault)
        except Exception as error:
            findings = [_violation(error)]
    notes.end(at=_now(), findings=[asdict(finding) for finding in findings])
    show(file)


@app.command()
def kills(
    *,
    records: Annotated[int, typer.Option(min=1000, max=MOST_RECORDS, help="How many.")] = 20_000_000,
    seed: Annotated[int, typer.Option(help="What is killed when follows from it.")] = 1,
    file: Annotated[Path, typer.Option(help="Where the kills go, as JSON lines.")] = Path("soak-kills.jsonl"),
) -> None:
    """Send millions of records through four partitions while drivers, workers and servers are killed."""
    from tests.soak.kills import run_kills

    require_space(records)
    _prepare()
    notes = Notes(file)
    notes.begin(at=_now(), records=records, seed=seed)
    with isolated_settings() as stack:
        try:
            tally = run_kills(stack, notes, records=records, seed=seed, on_fault=_say_fault)
        except Exception as error:
            findings = [_violation(error)]
        else:
            findings = [Finding("records", tally.holds, "; ".join([tally.account.told(), *tally.problems]))]
    notes.end(at=_now(), findings=[asdict(finding) for finding in findings])
    _tell(findings)


@app.command()
def show(
    file: Annotated[
        Path, typer.Argument(help="The samples of an hour, also of one that was cut off.", exists=True)
    ],
) -> None:
    """Draw the picture beside the file, and tell the verdict."""
    course = read_course(file)
    if "minutes" not in course.begin:
        raise OptionError(
            f"{file} holds no samples of an hour: name the file that 'python -m tests.soak hour' wrote"
        )
    picture = file.with_suffix(".svg")
    picture.write_text(draw(course))
    console.print(f"{len(course.samples)} samples, {len(course.faults)} faults: {picture}")
    known = [Finding(**finding) for finding in course.end.get("findings", [])]
    _tell(
        [*(known or [Finding("records", False, "the run was cut off before its end")]), *judge_course(course)]
    )


def _prepare() -> None:
    settle_in()
    if not is_made():
        raise OptionError("the machine code is not made: run 'make setup'")
    configure_logging(log_format="auto", level="ERROR")
    sys.setswitchinterval(_SWITCH_SECONDS)


def _tell(findings: Sequence[Finding]) -> None:
    for finding in findings:
        console.print(
            f"{_MARKS[finding.is_good]:>10}  {finding.what}: {finding.words}", soft_wrap=True, markup=False
        )
    if is_red(findings):
        raise typer.Exit(1)


def _say_fault(fault: Fault) -> None:
    words = f"{fault.kind}: {fault.proof}{flows_after(fault.recovery_seconds)}"
    console.print(f"{fault.at_seconds:>7,.0f} s  {words}", soft_wrap=True, markup=False)


def _violation(error: Exception) -> Finding:
    return Finding("run", False, "".join(traceback.format_exception(error)[-3:]).strip())


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


if __name__ == "__main__":
    app()
