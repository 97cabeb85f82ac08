"""Files for their owner's eyes only."""

import os
from pathlib import Path


def write_private(file: Path, text: str) -> None:
    """Write a file that only its owner can read, never half of it."""
    draft = file.with_suffix(".tmp")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
        stream.write(text)
    draft.replace(file)
