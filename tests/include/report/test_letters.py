"""A rejected record in full, for people."""

from typing import Any

import pytest
from rich.console import Console

from include.report.letters import letter_text

LETTER: dict[str, Any] = dict.fromkeys(
    (
        "topic",
        "partition",
        "offset",
        "kafka_timestamp",
        "recorded_at",
        "replayed_at",
        "reason",
        "detail",
        "headers",
        "key",
    )
)


@pytest.mark.parametrize(
    ("value", "is_kept", "shown"),
    [(b"{", True, "{"), (None, True, "null"), (None, False, "not kept: see the detail")],
)
def test_a_value_that_was_not_kept_is_not_taken_for_null(
    value: bytes | None, is_kept: bool, shown: str
) -> None:
    console = Console(record=True)

    console.print(letter_text({**LETTER, "value": value, "payload_kept": is_kept}))

    assert console.export_text().splitlines()[-1].strip() == shown
