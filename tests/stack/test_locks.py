"""The lock on a folder: one holder, and a bounded wait for the others."""

from pathlib import Path

import pytest

from include.errors import StackBusyError
from stack.locks import folder_lock


def test_a_second_holder_is_turned_away_and_the_next_one_let_in(tmp_path: Path) -> None:
    with (
        folder_lock(tmp_path, wait_seconds=0),
        pytest.raises(StackBusyError, match=str(tmp_path)),
        folder_lock(tmp_path, wait_seconds=0.2),
    ):
        pass

    with folder_lock(tmp_path, wait_seconds=0):
        pass
