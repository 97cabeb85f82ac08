"""What the tests of the stack ask of the machine."""

import psutil

from include.settings import Settings


def processes_of(settings: Settings) -> list[int]:
    """Return the pids of the processes whose command line names the stack's folder."""
    folder = str(settings.stack.dir)
    found = psutil.process_iter(["pid", "cmdline"])
    return [
        process.info["pid"]
        for process in found
        if any(folder in word for word in process.info["cmdline"] or [])
    ]


def is_gone(process: psutil.Process) -> bool:
    """Tell whether a process has ended; an orphan may wait for a while to be collected by the system."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
