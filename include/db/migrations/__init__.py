"""The numbered migrations, in the order in which they are applied."""

from dataclasses import dataclass
from hashlib import sha256
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

    @property
    def label(self) -> str:
        """Its file's name without the ending."""
        return f"{self.version:04d}_{self.name}"


def migrations() -> list[Migration]:
    """Return all migrations in order."""
    found = []
    for path in sorted(_FOLDER.glob("[0-9]*.sql")):
        version, name = path.stem.split("_", 1)
        text = path.read_text()
        found.append(Migration(int(version), name, text, sha256(text.encode()).hexdigest()))
    return found
