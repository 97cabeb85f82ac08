"""The processes below one, found by what stands in their command line."""

from contextlib import suppress

import psutil


def pids_below(pid: int, word: str) -> list[int]:
    """Return the pids of a process's descendants whose command line holds a word."""
    found = []
    for child in psutil.Process(pid).children(recursive=True):
        with suppress(psutil.Error):  # a zombie, or gone since
            if any(word in part for part in child.cmdline()):
                found.append(child.pid)
    return found
