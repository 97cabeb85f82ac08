"""The findings as a table for a log: no colours, no line wider than a log shows."""

from io import StringIO

from rich import box
from rich.console import Console
from rich.table import Table

from include.health.types import Check

_WIDTH = 150


def render(checks: list[Check]) -> str:
    """Return the findings as text, one line each where it fits."""
    table = Table("check", "status", box=box.ASCII2)
    table.add_column("value", justify="right")
    table.add_column("threshold", justify="right")
    table.add_column("what was found", overflow="fold")
    for check in checks:
        table.add_row(
            check.name, check.status.value, _number(check.value), _number(check.threshold), check.message
        )
    console = Console(file=StringIO(), width=_WIDTH, color_system=None, markup=False, highlight=False)
    console.print(table)
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    return text


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if value == int(value) or abs(value) >= 100 else f"{value:,.2f}"
