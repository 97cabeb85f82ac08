"""Airflow's own secrets: random, made once, kept in its folder for the owner's eyes only."""

import base64
import json
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from stack.private import write_private

TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True, repr=False)
class Keys:
    """What encrypts the connections in Airflow's database, and what signs its tokens and sessions."""

    fernet: str
    jwt: str
    session: str


def keep_keys(folder: Path) -> Keys:
    """Return the folder's keys; make them on first use."""
    file = folder / "keys.json"
    if not file.exists():
        fernet = base64.urlsafe_b64encode(secrets.token_bytes(TOKEN_BYTES)).decode()
        keys = Keys(fernet, secrets.token_urlsafe(TOKEN_BYTES), secrets.token_urlsafe(TOKEN_BYTES))
        write_private(file, json.dumps(asdict(keys)))
    return Keys(**json.loads(file.read_text()))
