"""The bench's figures as tables and words."""

from rich.console import Console
from rich.table import Table

from tools.bench.figures import Figures, Series, doubts, ratios


def show(console: Console, figures: Figures, verdict: list[str]) -> None:
    """Print a table per part, the ratios, and what the machine was like."""
    for part in figures.parts:
        console.print(_part_table(figures, part))
    if compared := ratios(figures):
        table = Table("part", "figure", "ours over reference", "ratio", title="ratios, round by round")
        for ratio in compared:
            table.add_row(ratio.part, ratio.name, f"{ratio.ours} / {ratio.reference}", text(ratio.series))
        console.print(table)
    for line in [*doubts(figures), *verdict]:
        console.print(line)


def text(series: Series) -> str:
    """Return the median, and the spread where there is one."""
    median = series.median
    digits = 0 if abs(median) >= 100 else 1 if abs(median) >= 10 else 2
    shown = f"{median:,.{digits}f}"
    return f"{shown} ± {series.spread:.0%}" if len(series.rounds) > 1 else shown


def _part_table(figures: Figures, part: str) -> Table:
    subjects = figures.parts[part]
    names = list(dict.fromkeys(name for named in subjects.values() for name in named))
    table = Table("", *subjects, title=part, title_justify="left")
    for name in names:
        found = [figures.series(part, subject, name) for subject in subjects]
        table.add_row(name, *(text(series) if series else "" for series in found))
    return table
