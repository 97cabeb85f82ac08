"""The lock on a folder: one holder, and a bounded wait for the others."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from include.errors import StackBusyError
from stack import locks
from stack.locks import LOCK_NAME, delete_lock, folder_lock


def test_a_second_holder_is_turned_away_and_the_next_one_let_in(tmp_path: Path) -> None:
    with (
        folder_lock(tmp_path, wait_seconds=0),
        pytest.raises(StackBusyError, match=str(tmp_path)),
        folder_lock(tmp_path, wait_seconds=0.2),
    ):
        pass

    with folder_lock(tmp_path, wait_seconds=0):
        pass


def test_the_folder_has_one_holder_at_a_time_though_each_deletes_it_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "POLL_SECONDS", 0.0)
    folder, holders, most = tmp_path / "stack", [0], [0]

    def hold() -> None:
        for _ in range(300):
            with folder_lock(folder, wait_seconds=60):
                holders[0] += 1
                most[0] = max(most[0], holders[0])
                (folder / LOCK_NAME).stat()
                holders[0] -= 1
                delete_lock(folder)
                with suppress(OSError):  # the next one has begun
                    folder.rmdir()

    with ThreadPoolExecutor(4) as threads:
        for held in [threads.submit(hold) for _ in range(4)]:
            held.result()

    assert most == [1]
