"""PostgreSQL's data folder: where it is placed and what a killed server leaves in it."""

import os
import pwd
from pathlib import Path

import pytest

from include.errors import PermanentError
from stack import cluster
from stack.accounts import server_account


def test_the_data_lie_in_the_stack_when_we_are_the_server_ourselves(tmp_path: Path) -> None:
    data = cluster.place(tmp_path / "stack" / "postgres", None)

    assert data == tmp_path / "stack" / "postgres"
    assert data.stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts the server as somebody else")
def test_the_data_go_where_the_account_gets_in_and_a_link_leads_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed, home = tmp_path / "closed", tmp_path / "home"
    closed.mkdir(mode=0o700)
    monkeypatch.setattr(cluster, "SYSTEM_HOME", home)
    account = server_account(closed / "postgres")
    assert account

    before = os.umask(0o077)
    try:
        data = cluster.place(closed / "postgres", account)
    finally:
        os.umask(before)

    assert data.parent == home
    assert home.stat().st_mode & 0o777 == 0o755
    assert (data.stat().st_uid, data.stat().st_mode & 0o777) == (account.uid, 0o700)
    assert cluster.place(closed / "postgres", account) == data


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts the server as somebody else")
def test_data_that_are_there_decide_whom_the_server_runs_as(tmp_path: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    os.chown(tmp_path, nobody.pw_uid, nobody.pw_gid)

    account = server_account(tmp_path)

    assert account
    assert account.name == "nobody"


def test_a_link_to_data_that_are_gone_is_never_taken_for_an_empty_start(tmp_path: Path) -> None:
    (tmp_path / "postgres").symlink_to(tmp_path / "gone")

    with pytest.raises(PermanentError, match="is gone"):
        cluster.place(tmp_path / "postgres", None)


def test_data_of_another_major_version_are_refused(tmp_path: Path) -> None:
    (tmp_path / "PG_VERSION").write_text("17\n")

    with pytest.raises(PermanentError, match="written by PostgreSQL 17"):
        cluster.require_version(tmp_path)


@pytest.mark.parametrize(
    "text",
    [f"{os.getpid()}\n/data\n", "not a pid\n", "", "999999999\n"],
    ids=["another program", "no pid", "nothing", "no program"],
)
def test_a_lock_whose_pid_is_no_server_is_removed(text: str, tmp_path: Path) -> None:
    (tmp_path / "postmaster.pid").write_text(text)

    cluster.recover_from_crash(tmp_path)

    assert not (tmp_path / "postmaster.pid").exists()
