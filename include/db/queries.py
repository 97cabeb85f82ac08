"""The rooms' statements, one per file beside the code that runs them."""

import json
from collections.abc import Mapping
from functools import cache, partial
from itertools import dropwhile
from pathlib import Path
from typing import LiteralString, TypeVar

from psycopg import Connection
from psycopg.rows import TupleRow, class_row
from psycopg.types.json import Jsonb

_ROOMS = Path(__file__).parent.parent

T = TypeVar("T")


@cache
def query(name: str) -> LiteralString:
    """Return a statement by its room and its own name, such as `hourly/select_due_hours`."""
    # Without the comments above it: drivers and logs keep what they are given, and psycopg parses a statement anew each
    # time that is too long for it. The files are ours and values are always bound, which is what LiteralString vouches
    # for.
    room, _, statement = name.partition("/")
    lines = (_ROOMS / room / "sql" / f"{statement}.sql").read_text().splitlines(keepends=True)
    return "".join(dropwhile(lambda line: line.startswith("--"), lines))


def read_rows(
    statement: LiteralString, values: Mapping[str, object], connection: Connection[TupleRow], kind: type[T]
) -> list[T]:
    """Run a statement and return each row as an object of that class, whose fields are named as the columns."""
    with connection.cursor(row_factory=class_row(kind)) as cursor:
        return cursor.execute(statement, values).fetchall()


def as_jsonb(rows: object) -> Jsonb:
    """Return rows as a statement's one parameter, their instants and ids as text."""
    return Jsonb(rows, dumps=partial(json.dumps, default=str))
