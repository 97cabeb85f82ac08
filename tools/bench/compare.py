"""Run the bench on two commits in turns and say which figures moved beyond their spread.

    python -m tools.bench.compare HEAD~5 HEAD drain latency --rounds 3

Both run with the packages that are installed here, each from a work tree of its own. In turns, since a machine's pace
changes within minutes: what slows one round down slows the one beside it, too.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from include.command_line import OneLineCommand
from include.errors import OptionError, StreamFailedError
from include.settings import PROJECT_ROOT
from tools.bench.figures import Series
from tools.bench.options import choose_parts
from tools.bench.report import text

console = Console(stderr=True)
app = typer.Typer(add_completion=False)

_Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Movement:
    """One figure on both commits."""

    part: str
    subject: str
    name: str
    before: Series
    after: Series

    @property
    def has_moved(self) -> bool:
        """Tell whether no round of the one lies among the rounds of the other."""
        return min(self.after.rounds) > max(self.before.rounds) or max(self.after.rounds) < min(
            self.before.rounds
        )

    @property
    def ratio(self) -> float | None:
        """The new median over the old one; None where there is nothing to divide by."""
        return self.after.median / self.before.median if self.before.median else None


def compare(before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]) -> list[Movement]:
    """Hold what several runs measured on two commits side by side; a figure of only one of them is left out."""
    old, new = _series(before), _series(after)
    return [Movement(*key, old[key], new[key]) for key in old if key in new]


def _series(runs: Sequence[Mapping[str, Any]]) -> dict[_Key, Series]:
    found: dict[_Key, Series] = {}
    for run in runs:
        for part, subjects in run["parts"].items():
            for subject, figures in subjects.items():
                for name, figure in figures.items():
                    found.setdefault((part, subject, name), Series([])).rounds.extend(figure["rounds"])
    return found


@app.command(cls=OneLineCommand)
def main(
    before: Annotated[str, typer.Argument(help="A commit.")],
    after: Annotated[str, typer.Argument(help="Another one.")] = "HEAD",
    parts: Annotated[
        list[str] | None, typer.Argument(help="As for the bench; drain and latency else.")
    ] = None,
    rounds: Annotated[int, typer.Option(min=2, max=100, help="How often each commit has its turn.")] = 3,
    seconds: Annotated[float, typer.Option(min=1, max=86_400, help="How long each rate is measured.")] = 20,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write all figures here.")] = None,
) -> None:
    """Run the bench on two commits in turns; say which figures moved beyond their spread."""
    chosen = choose_parts(parts or ["drain", "latency"])
    runs: tuple[list[Any], list[Any]] = ([], [])
    with _work_tree(before) as old, _work_tree(after) as new:
        for number in range(rounds):
            console.print(f"round {number + 1} of {rounds} …")
            for folder, found in zip((old, new), runs, strict=True):
                found.append(_measure(folder, chosen, seconds))
    changes = compare(*runs)
    if json_file is not None:
        json_file.write_text(json.dumps({"before": runs[0], "after": runs[1]}, indent=2))
    _show(changes)


@contextmanager
def _work_tree(commit: str) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="heartbeat-compare-") as parent:
        folder = Path(parent) / "tree"
        added = _git("worktree", "add", "--detach", str(folder), commit)
        if added.returncode != 0:
            raise OptionError(f"{commit} cannot be checked out: {added.stderr.strip().splitlines()[-1]}")
        try:
            yield folder
        finally:
            _git("worktree", "remove", "--force", str(folder))


def _git(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(["git", *words], cwd=PROJECT_ROOT, check=False, capture_output=True, text=True)


def _measure(folder: Path, parts: Sequence[str], seconds: float) -> Any:
    figures = folder / "figures.json"
    command = [sys.executable, "main.py", "bench", *parts, "--rounds", "1", "--seconds", str(seconds)]
    ran = subprocess.run(
        [*command, "--rate", "1000", "--json", str(figures)],
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
    )
    if ran.returncode != 0 or not figures.exists():
        last = (ran.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise StreamFailedError(f"the bench failed with code {ran.returncode}: {last}")
    return json.loads(figures.read_text())


def _show(changes: Sequence[Movement]) -> None:
    moved = [change for change in changes if change.has_moved]
    table = Table("part", "subject", "figure", "before", "after", "ratio", title="moved beyond the spread")
    for change in moved:
        ratio = "" if change.ratio is None else f"{change.ratio:.2f}"
        table.add_row(
            change.part, change.subject, change.name, text(change.before), text(change.after), ratio
        )
    if moved:
        Console().print(table)
    typer.echo(f"{len(moved)} of {len(changes)} figures moved beyond their spread")


if __name__ == "__main__":
    app()
