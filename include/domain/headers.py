"""A record's headers as the JSON that `dead_letters.headers` keeps. Pure, and exact both ways.

Kafka's names and values are bytes, names come more than once, and a value may be null. An entry is
`{"key": text, "value": base64 or null}`. A name that PostgreSQL's jsonb would not take as text (not UTF-8, or with a
NUL in it) stands under `key_base64` instead.
"""

import base64
import json
from collections.abc import Mapping, Sequence

Headers = Sequence[tuple[bytes, bytes | None]]


def to_json(headers: Headers) -> str | None:
    """Return the headers as a JSON array in their order, or None if there are none."""
    return json.dumps([_entry(name, value) for name, value in headers]) if headers else None


def from_json(entries: Sequence[Mapping[str, str | None]]) -> list[tuple[bytes, bytes | None]]:
    """Return the headers that these entries stand for.

    Spark left out what was null: an entry without `value` had a null one, and one without a name is read as unnamed.
    """
    return [(_name(entry), _bytes(entry.get("value"))) for entry in entries]


def _entry(name: bytes, value: bytes | None) -> dict[str, str | None]:
    text = _as_text(name)
    key = {"key_base64": _base64(name)} if text is None else {"key": text}
    return {**key, "value": None if value is None else _base64(value)}


def _as_text(name: bytes) -> str | None:
    if b"\0" in name:
        return None
    try:
        return name.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _name(entry: Mapping[str, str | None]) -> bytes:
    raw = _bytes(entry.get("key_base64"))
    return (entry.get("key") or "").encode("utf-8") if raw is None else raw


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else base64.b64decode(text)
