"""Dead letters for people."""

import json
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from include.report.hour import number
from include.report.run import DeadLetterLine
from include.terminal import and_more, plain

SHOWN_BYTES = 2000
_FACTS = ("topic", "partition", "offset", "kafka_timestamp", "recorded_at", "replayed_at", "reason", "detail")


def letters_table(letters: list[DeadLetterLine], total: int) -> RenderableType:
    """Return a table of rejected records, without their content, and how many there are besides."""
    if not letters:
        return Text("No rejected records.")
    place = (number("partition"), number("offset"))
    table = Table(number("id"), "recorded at (UTC)", *place, "reason", number("bytes"), "replayed", "detail")
    for letter in letters:
        table.add_row(
            str(letter.id),
            f"{letter.recorded_at:%Y-%m-%d %H:%M:%S}",
            str(letter.partition),
            str(letter.offset),
            Text(plain(letter.reason)),
            "null" if letter.value_bytes is None else f"{letter.value_bytes:,}",
            f"{letter.replayed_at:%Y-%m-%d %H:%M}" if letter.replayed_at else "-",
            Text(plain(letter.detail)),
        )
    return Group(table, *and_more(len(letters), total, "--limit shows more of them"))


def letter_text(letter: dict[str, Any]) -> RenderableType:
    """Return one rejected record in full; whatever is not UTF-8 or not visible is shown as an escape."""
    table = Table(show_header=False, box=None)
    for name in _FACTS:
        table.add_row(name, Text(plain(letter[name]) if letter[name] is not None else "-"))
    table.add_row("headers", Text(plain(json.dumps(letter["headers"])) if letter["headers"] else "-"))
    table.add_row("key", _shown(letter["key"]))
    value = (
        _shown(letter["value"]) if letter["payload_kept"] else Text("not kept: see the detail", style="dim")
    )
    return Group(table, Text("value:"), value)


def _shown(content: bytes | None) -> Text:
    if content is None:
        return Text("null", style="dim")
    text = content[:SHOWN_BYTES].decode("utf-8", "backslashreplace")
    more = len(content) - SHOWN_BYTES
    return Text(plain(text) + (f"… and {more:,} bytes more" if more > 0 else ""))
