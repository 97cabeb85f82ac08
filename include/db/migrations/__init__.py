"""The numbered migrations, in the order in which they are applied."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import LiteralString

# A number that no migration ever had. It stays free: where later ones have been applied, it would be refused.
NEVER_USED = frozenset({16})

_FOLDER = Path(__file__).parent
# So the stem of a file ends that belongs to the migration of the same name.
_BEFORE = ".before"


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered file; `checksum` is the SHA-256 of its text.

    `before` asks for the statements that are carried out before it, each in a transaction of its own: what takes long
    and needs not keep anybody waiting.
    """

    version: int
    name: str
    text: LiteralString
    checksum: str
    before: LiteralString | None = None

    @property
    def label(self) -> str:
        """Its file's name without the ending."""
        return f"{self.version:04d}_{self.name}"


def migrations() -> list[Migration]:
    """Return all migrations in order."""
    found = []
    for path in sorted(_FOLDER.glob("[0-9]*.sql")):
        if path.stem.endswith(_BEFORE):
            continue
        version, name = path.stem.split("_", 1)
        text, before = path.read_text(), path.with_stem(path.stem + _BEFORE)
        found.append(
            Migration(
                int(version),
                name,
                text,
                sha256(text.encode()).hexdigest(),
                before.read_text() if before.exists() else None,
            )
        )
    return found
