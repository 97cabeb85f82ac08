"""Tables at the end of a run of tests, as the papers have them."""

from collections.abc import Iterable, Sequence

import pytest


def write_table(
    reporter: pytest.TerminalReporter, name: str, headings: Sequence[str], rows: Iterable[Sequence[str]]
) -> None:
    """Print a table in Markdown under its name; nothing where it has no rows."""
    lines = [f"| {' | '.join(row)} |" for row in rows]
    if not lines:
        return
    reporter.section(name)
    for line in (f"| {' | '.join(headings)} |", f"| {' | '.join(['---'] * len(headings))} |", *lines):
        reporter.write_line(line)
