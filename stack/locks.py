"""A lock on a folder, held by one process at a time and dropped by the system when that process ends."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from include.errors import StackBusyError

LOCK_NAME = ".lock"
POLL_SECONDS = 0.1


@contextmanager
def folder_lock(folder: Path, *, wait_seconds: float) -> Iterator[None]:
    """Hold the folder's lock; raise StackBusyError when another process keeps it for longer than the wait.

    The folder is made where there is none. Its holder may delete the lock and the folder as his last act: who waits
    then takes the lock of a new one.
    """
    deadline = time.monotonic() + wait_seconds
    while (file := _try_lock(folder)) is None:
        if time.monotonic() >= deadline:
            raise StackBusyError(folder=str(folder))
        time.sleep(POLL_SECONDS)
    with file:
        yield


def delete_lock(folder: Path) -> None:
    """Delete the lock that is held, and nothing may be done in the folder any more."""
    (folder / LOCK_NAME).unlink()


def _try_lock(folder: Path) -> IO[str] | None:
    """Return the locked file; None if another process holds it, or has just deleted it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        if folder.is_symlink() or folder.is_file():
            raise
        return None  # just deleted
    with suppress(FileNotFoundError):
        file = (folder / LOCK_NAME).open("a")
        with suppress(BlockingIOError, FileNotFoundError):
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(file.fileno()), (folder / LOCK_NAME).stat()):
                return file
        file.close()
    return None
