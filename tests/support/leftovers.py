"""What a process has open: whatever is done must give it back."""

import threading

import psutil


def held_by_process() -> dict[str, int]:
    """Count the descriptors and the threads of this process."""
    return {"descriptors": psutil.Process().num_fds(), "threads": threading.active_count()}


def more_than(before: dict[str, int]) -> dict[str, int]:
    """Return what this process holds more of than before; what other tests have left may end meanwhile."""
    return {kind: count for kind, count in held_by_process().items() if count > before[kind]}


def connections_to(port: int) -> int:
    """Count this process's connections to a port of this machine."""
    return sum(
        each.status == psutil.CONN_ESTABLISHED and bool(each.raddr) and each.raddr.port == port
        for each in psutil.Process().net_connections("tcp")
    )
