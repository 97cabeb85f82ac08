"""What is no ground truth is refused in one line before broker or database are asked."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from include.errors import FileUnusableError
from include.settings import Settings
from include.truth.records import compare_with_truth

LINE: dict[str, Any] = {
    "partition": 0,
    "offset": 0,
    "outcome": "accepted",
    "reason": None,
    "fault": None,
    "customer_id": "550e8400-e29b-41d4-a716-446655440000",
    "heart_rate": 72,
    "event_time": "2026-01-01T00:00:00.000Z",
}
LAST_DAY = "9999-12-31T23:00:00-05:00"


def as_line(**changes: Any) -> bytes:
    return json.dumps({**LINE, **changes}).encode() + b"\n"


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xfe\x00",
        b"no json\n",
        b"[]\n",
        b"7\n",
        b"null\n",
        b"{}\n",
        b"[" * 50_000,
        b"x" * 1_000_000,
        as_line(partition="0"),
        as_line(offset=None),
        as_line(outcome="lost"),
        as_line(outcome=[]),
        as_line(reason="nope"),
        as_line(customer_id=7),
        as_line(customer_id="me"),
        as_line(event_time="soon"),
        as_line(event_time="0001-01-01T00:00:00+05:00"),
        as_line(watched=LINE["customer_id"], first=LAST_DAY, last=LAST_DAY, interval_ms=1000),
        as_line(episode="high", onset=LINE["event_time"], cleared=None, fulfilled_ms=10**15),
        as_line(heart_rate=True),
        gzip.compress(as_line(), mtime=0)[:-12],
        gzip.compress(as_line(), mtime=0)[:12] + b"\xff" * 20,
    ],
)
def test_a_file_that_is_no_ledger_is_refused_before_anybody_is_asked(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "truth.jsonl"
    path.write_bytes(content)

    with pytest.raises(FileUnusableError, match="not a ground truth") as refused:
        compare_with_truth(Settings(kafka_broker="localhost:1"), path)

    assert refused.value.exit_code == 2
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("path", ["/", "/dev/null/x", "absent", "a\0b"])
def test_neither_a_folder_nor_nothing_is_a_ground_truth(path: str) -> None:
    with pytest.raises(FileUnusableError, match="not a ground truth"):
        compare_with_truth(Settings(kafka_broker="localhost:1"), Path(path))
