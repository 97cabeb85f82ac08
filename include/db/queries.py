"""The statements of the rooms, one a file, beside the code that runs them."""

from collections.abc import Callable
from functools import cache
from itertools import dropwhile
from pathlib import Path
from typing import LiteralString


def queries_in(module_file: str) -> Callable[[str], LiteralString]:
    """Return what reads a statement by name from the folder of a room's `sql` package."""
    folder = Path(module_file).parent

    @cache
    def query(name: str) -> LiteralString:
        # Without the comments above it: drivers and logs keep what they are given, and psycopg parses a statement anew
        # each time that is too long for it. The files are ours and values are always bound, which is what
        # LiteralString vouches for.
        lines = (folder / f"{name}.sql").read_text().splitlines(keepends=True)
        return "".join(dropwhile(lambda line: line.startswith("--"), lines))

    return query
