"""The rooms' statements, one per file beside the code that runs them."""

import json
from functools import cache, partial
from itertools import dropwhile
from pathlib import Path
from typing import LiteralString

from psycopg.types.json import Jsonb

_ROOMS = Path(__file__).parent.parent


@cache
def query(name: str) -> LiteralString:
    """Return a statement by its room and its own name, such as `hourly/select_due_hours`."""
    # Without the comments above it: drivers and logs keep what they are given, and psycopg parses a statement anew each
    # time that is too long for it. The files are ours and values are always bound, which is what LiteralString vouches
    # for.
    room, _, statement = name.partition("/")
    lines = (_ROOMS / room / "sql" / f"{statement}.sql").read_text().splitlines(keepends=True)
    return "".join(dropwhile(lambda line: line.startswith("--"), lines))


def as_jsonb(rows: object) -> Jsonb:
    """Return rows as a statement's one parameter, their instants and ids as text."""
    return Jsonb(rows, dumps=partial(json.dumps, default=str))
