"""Which processes belong to a part, however far down and however orphaned: all inherit a mark in their environment.

A part may start programs in sessions of their own, and a program whose parent was killed has no link to it any
more. The mark is the one thing that stays.
"""

import os
from contextlib import suppress

import psutil

MARK_KEY = "HEARTBEAT_PART"


def marked_processes(mark: str) -> list[psutil.Process]:
    """Return the running processes that carry the mark, except the one that asks."""
    return [each for each in psutil.process_iter() if each.pid != os.getpid() and _mark_of(each) == mark]


def end_marked(mark: str, *, patience_seconds: float) -> int:
    """Ask all that carry the mark to end, kill those that stay, and return how many there were."""
    processes = marked_processes(mark)
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    _, staying = psutil.wait_procs(processes, timeout=patience_seconds if processes else 0)
    # One more look: what ended may have started something on its way out.
    for process in {*staying, *marked_processes(mark)}:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(staying, timeout=patience_seconds)
    return len(processes)


def _mark_of(process: psutil.Process) -> str | None:
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return process.environ().get(MARK_KEY)
    except (psutil.Error, OSError, ValueError):  # gone meanwhile, or another user's
        return None
