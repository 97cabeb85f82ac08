"""How the embedded database is set."""

from pathlib import Path

import pytest

from stack import processes
from stack.postgres import memory_options

GIB = 1024**3


@pytest.mark.parametrize(
    ("memory_bytes", "shared_mb", "cached_mb"),
    [
        (GIB // 2, 128, 256),
        (GIB, 128, 512),
        (4 * GIB, 512, 2048),
        (24 * GIB, 2048, 12_288),
    ],
)
def test_the_server_takes_a_modest_share_of_the_machine(
    memory_bytes: int, shared_mb: int, cached_mb: int
) -> None:
    assert memory_options(memory_bytes) == {
        "shared_buffers": f"{shared_mb}MB",
        "effective_cache_size": f"{cached_mb}MB",
    }


@pytest.mark.parametrize(("limit", "is_limit"), [("1073741824\n", True), ("max\n", False), (None, False)])
def test_a_container_s_limit_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str | None, *, is_limit: bool
) -> None:
    file = tmp_path / "memory.max"
    if limit is not None:
        file.write_text(limit)
    monkeypatch.setattr(processes, "_CONTAINER_LIMIT", file)

    assert (processes.machine_memory_bytes() == GIB) is is_limit
