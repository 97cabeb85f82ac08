"""A lock on a folder, held by one process at a time and dropped by the system when that process ends."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from include.errors import StackBusyError

LOCK_NAME = ".lock"
POLL_SECONDS = 0.1


@contextmanager
def folder_lock(folder: Path, *, wait_seconds: float) -> Iterator[None]:
    """Hold the folder's lock; raise StackBusyError when another process keeps it for longer than the wait."""
    deadline = time.monotonic() + wait_seconds
    with (folder / LOCK_NAME).open("a") as file:
        while not _try_lock(file.fileno()):
            if time.monotonic() >= deadline:
                raise StackBusyError(folder=str(folder))
            time.sleep(POLL_SECONDS)
        yield


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
