"""PostgreSQL's data folder: where it is placed and what a killed server leaves in it."""

import os
from pathlib import Path

import pytest

from include.errors import PermanentError
from include.stack import cluster


def test_the_data_lie_in_the_stack_when_we_are_the_server_ourselves(tmp_path: Path) -> None:
    data = cluster.place(tmp_path / "stack" / "postgres", None)

    assert data == tmp_path / "stack" / "postgres"
    assert data.stat().st_mode & 0o777 == 0o700


def test_a_link_to_data_that_are_gone_is_never_taken_for_an_empty_start(tmp_path: Path) -> None:
    (tmp_path / "postgres").symlink_to(tmp_path / "gone")

    with pytest.raises(PermanentError, match="is gone"):
        cluster.place(tmp_path / "postgres", None)


def test_data_of_another_major_version_are_refused(tmp_path: Path) -> None:
    (tmp_path / "PG_VERSION").write_text("17\n")

    with pytest.raises(PermanentError, match="written by PostgreSQL 17"):
        cluster.require_version(tmp_path)


@pytest.mark.parametrize("text", [f"{os.getpid()}\n/data\n", "not a pid\n", "", "999999999\n"])
def test_a_lock_whose_pid_is_no_server_is_removed(text: str, tmp_path: Path) -> None:
    (tmp_path / "postmaster.pid").write_text(text)

    cluster.recover_from_crash(tmp_path)

    assert not (tmp_path / "postmaster.pid").exists()
