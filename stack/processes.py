"""Background processes that outlive the command that started them, and are known again by later commands.

A pid alone is not enough: after a reboot, or a long time, the same number is another program. So a record
also holds when the process started, and counts only while both agree.
"""

import json
import os
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil

from include.errors import PermanentError
from include.surroundings import of_ours
from stack.types import Launch, StopStep

BOOT_ID_FILE = Path("/proc/sys/kernel/random/boot_id")
# Of a container the whole of which this process sees (cgroup 2); `max`: there is no limit.
_CONTAINER_LIMIT = Path("/sys/fs/cgroup/memory.max")
POLL_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class ProcessRecord:
    """A process that we started; `identity` tells it from a later one with the same pid."""

    pid: int
    identity: str
    address: str


def spawn(launch: Launch, address: str) -> ProcessRecord:
    """Start the process in a session of its own, its output appended to a file, nothing on its input.

    `address` is where it will listen; it is only kept.
    """
    account = launch.account
    with launch.output_file.open("ab") as output:
        process = subprocess.Popen(
            list(launch.command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd="/",
            env={**of_ours(os.environ), **launch.environment},
            start_new_session=True,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )
    record = ProcessRecord(process.pid, identity_of(process.pid) or "gone", address)
    # It is meant to outlive us and is watched by its record: Popen shall not warn that it still runs.
    process.returncode = 0
    return record


def save_record(file: Path, record: ProcessRecord) -> None:
    """Write the record so that a reader never sees half of it."""
    draft = file.with_suffix(".tmp")
    draft.write_text(json.dumps(asdict(record)))
    draft.replace(file)


def load_record(file: Path) -> ProcessRecord | None:
    """Return the record of a process that still runs; None for none, a stale one or a damaged file."""
    try:
        record = ProcessRecord(**json.loads(file.read_text()))
    except (OSError, ValueError, TypeError):
        return None
    return record if is_alive(record) else None


def is_alive(record: ProcessRecord) -> bool:
    """Tell whether this very process runs; one that has ended and waits to be collected does not."""
    with suppress(ChildProcessError):
        os.waitpid(record.pid, os.WNOHANG)
    return identity_of(record.pid) == record.identity


def identity_of(pid: int) -> str | None:
    """Return what no other process has had or will have: the boot and the instant of its start."""
    try:
        # The program's name comes first, in parentheses, and may itself hold spaces and parentheses.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return None if fields[0] == "Z" else f"{BOOT_ID_FILE.read_text().strip()}/{fields[19]}"
    except (OSError, IndexError):
        return None if Path("/proc/self/stat").exists() else _identity_without_proc(pid)


def end(record: ProcessRecord, steps: tuple[StopStep, ...]) -> bool:
    """Send one signal after the other until the process is gone; tell whether it is."""
    for step in steps:
        if not is_alive(record):
            return True
        _send(record, step.signal)
        if _is_gone_within(record, step.patience_seconds):
            return True
    return False


def memory_bytes(pid: int) -> int:
    """Return the memory of the process and its children, pages that they share counted once."""
    total = 0
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        for member in [process, *process.children(recursive=True)]:
            with suppress(psutil.NoSuchProcess):
                total += _share_of(member)
    return total


def machine_memory_bytes() -> int:
    """Return the memory of this machine, or of the container that this runs in."""
    total: int = psutil.virtual_memory().total
    with suppress(OSError, ValueError):
        return min(total, int(_CONTAINER_LIMIT.read_text()))
    return total


def started_at(pid: int) -> datetime | None:
    """Return when the process started, for people."""
    try:
        return datetime.fromtimestamp(psutil.Process(pid).create_time(), tz=UTC)
    except psutil.NoSuchProcess:
        return None


def _identity_without_proc(pid: int) -> str | None:
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else f"{process.create_time():.2f}"
    except psutil.NoSuchProcess:
        return None


def _send(record: ProcessRecord, number: signal.Signals) -> None:
    try:
        if number == signal.SIGKILL:
            os.killpg(record.pid, number)
        else:
            os.kill(record.pid, number)
    except ProcessLookupError:
        return
    except PermissionError:
        raise PermanentError(
            f"process {record.pid} belongs to another user: stop the stack as the user who started it"
        ) from None


def _is_gone_within(record: ProcessRecord, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while is_alive(record):
        if time.monotonic() >= deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


def _share_of(process: psutil.Process) -> int:
    try:
        details = process.memory_full_info()
        return int(getattr(details, "pss", details.rss))
    except psutil.AccessDenied:
        return int(process.memory_info().rss)
