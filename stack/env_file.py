"""`.env`, made from `.env.example` on first use, with passwords of its own."""

import os
import secrets
from pathlib import Path

from dotenv import dotenv_values

# In the example this value asks for a random one. DB_PASS has the fixed one that the product's page names.
PLACEHOLDER = "change-me"
WELL_KNOWN_PASSWORDS = frozenset({"password123", "admin", PLACEHOLDER})
TOKEN_BYTES = 24


def create(example: Path, target: Path) -> bool:
    """Write `target` for its owner's eyes only, unless it is there; tell whether it was written."""
    lines = [_filled_in(line) for line in example.read_text().splitlines()]
    try:
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(descriptor, "w") as file:
        file.write("\n".join(lines) + "\n")
    return True


def default_passwords(file: Path) -> list[str]:
    """Return the keys at which a password stands that everyone knows."""
    passwords = {key: value for key, value in dotenv_values(file).items() if key.endswith("PASS")}
    return [key for key, value in passwords.items() if value in WELL_KNOWN_PASSWORDS]


def _filled_in(line: str) -> str:
    key, is_assignment, value = line.partition("=")
    if is_assignment and not key.startswith("#") and value == PLACEHOLDER:
        return f"{key}={secrets.token_urlsafe(TOKEN_BYTES)}"
    return line
