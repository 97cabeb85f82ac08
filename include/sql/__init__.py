"""The SQL of the product: numbered migrations, and queries of one statement a file."""

from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from itertools import dropwhile
from pathlib import Path
from typing import LiteralString

# A number that no migration ever had. It stays free: where later ones have been applied, it would be refused.
NEVER_USED = frozenset({16})

_FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered file; `checksum` is the SHA-256 of its text."""

    version: int
    name: str
    text: LiteralString
    checksum: str


@cache
def query(name: str) -> LiteralString:
    """Return the statement in `queries/<name>.sql`, without the comments above it.

    Drivers and logs keep what they are given, and psycopg parses a statement anew each time that is too long for it.
    """
    lines = (_FOLDER / "queries" / f"{name}.sql").read_text().splitlines(keepends=True)
    # The files are ours and values are always bound, which is what LiteralString vouches for.
    return "".join(dropwhile(lambda line: line.startswith("--"), lines))


def migrations() -> list[Migration]:
    """Return all migrations in order."""
    found = []
    for path in sorted((_FOLDER / "migrations").glob("[0-9]*.sql")):
        version, name = path.stem.split("_", 1)
        text = path.read_text()
        found.append(Migration(int(version), name, text, sha256(text.encode()).hexdigest()))
    return found
