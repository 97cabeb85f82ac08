"""Whom PostgreSQL runs as when we are root: it refuses to run as root itself.

A clone may lie under a folder that only root can enter. Then the account can reach neither the server's
programs nor the stack's folder, and what it needs is placed under SYSTEM_HOME. To open the folders to
everyone, or to give the server root's right to read every file, would be the worse answers.
"""

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from include.errors import MissingPartError

ACCOUNT_NAME = "heartbeat"
FALLBACK_NAME = "nobody"
SYSTEM_HOME = Path("/var/lib/heartbeat-monitoring")


@dataclass(frozen=True, slots=True)
class Account:
    """An operating system account without rights of its own."""

    name: str
    uid: int
    gid: int


def server_account(data_folder: Path) -> Account | None:
    """Return the account for a server whose data lie in `data_folder`; None means ourselves.

    A data folder that is there already decides: a server must own its data.
    """
    if os.geteuid() != 0:
        return None
    if data_folder.exists() and (owner := data_folder.stat().st_uid) != 0:
        return _account_of(pwd.getpwuid(owner))
    return _find(ACCOUNT_NAME) or _create() or _need(FALLBACK_NAME)


def can_enter(account: Account, folder: Path) -> bool:
    """Tell whether the account may pass through every parent down into `folder`."""
    # Asked of the kernel, not computed from mode bits: access lists and mounts count too.
    process = subprocess.run(
        ["test", "-x", str(folder)],
        check=False,
        cwd="/",
        user=account.uid,
        group=account.gid,
        extra_groups=[],
    )
    return process.returncode == 0


def _find(name: str) -> Account | None:
    try:
        return _account_of(pwd.getpwnam(name))
    except KeyError:
        return None


def _create() -> Account | None:
    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin")
    if useradd is None:
        return None
    options = ["--system", "--no-create-home", "--home-dir", str(SYSTEM_HOME), "--shell", "/usr/sbin/nologin"]
    subprocess.run([useradd, *options, "--user-group", ACCOUNT_NAME], check=False, capture_output=True)
    return _find(ACCOUNT_NAME)


def _need(name: str) -> Account:
    account = _find(name)
    if account is None:
        raise MissingPartError(
            "PostgreSQL refuses to run as root and there is no account to run it as: "
            f"create one named {ACCOUNT_NAME}, or use the stack as an ordinary user"
        )
    return account


def _account_of(entry: pwd.struct_passwd) -> Account:
    return Account(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid)
