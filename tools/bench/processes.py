"""Whose processor time it was: the driver's, the JVM's, the Python workers', the servers'."""

import time
from contextlib import suppress
from dataclasses import dataclass

import psutil

from include.settings import Settings
from stack import run as stack

JVM, DRIVER, WORKERS, CONSUMER = "JVM", "driver", "Python workers", "consumers"
POSTGRES, KAFKA = "PostgreSQL", "Kafka"
COMPILED_PROGRAM = "compiled-consumer"


@dataclass(frozen=True, slots=True)
class Balance:
    """Processor seconds up to an instant, by group."""

    at: float
    seconds: dict[str, float]


@dataclass(frozen=True, slots=True)
class Accounts:
    """Sums up the system under test and the servers; what the bench's own session costs the database is left out."""

    roots: tuple[int, ...]
    server_pids: dict[str, int]
    own_backend_pid: int

    def read(self) -> Balance:
        """Return what each group has used up to now, children that have ended included."""
        at, sums = time.time(), dict[str, float]()
        for root in self.roots:
            for group, seconds in by_group(root).items():
                sums[group] = sums.get(group, 0.0) + seconds
        for name, pid in self.server_pids.items():
            sums[name] = family_seconds(pid)
        with suppress(psutil.NoSuchProcess):
            sums[POSTGRES] -= _seconds(psutil.Process(self.own_backend_pid))
        return Balance(at, sums)


def server_pids(settings: Settings) -> dict[str, int]:
    """Find the stack's servers."""
    names = {"postgres": POSTGRES, "kafka": KAFKA}
    return {names[part.name]: part.pid for part in stack.status(settings) if part.pid and part.name in names}


def used(before: Balance, after: Balance) -> dict[str, float]:
    """Return the processor seconds of each group in between."""
    groups = {**before.seconds, **after.seconds}
    return {
        group: max(after.seconds.get(group, 0.0) - before.seconds.get(group, 0.0), 0.0) for group in groups
    }


def without_kafka(seconds: dict[str, float]) -> float:
    """Sum up all groups but the broker, which has the producers to serve as well."""
    return sum(value for group, value in seconds.items() if group != KAFKA)


def by_group(root: int) -> dict[str, float]:
    """Return the processor seconds of a launch's processes; each also holds those of its children that have ended."""
    sums: dict[str, float] = {}
    for process, group in members(root):
        with suppress(psutil.NoSuchProcess):
            sums[group] = sums.get(group, 0.0) + _seconds(process)
    return sums


def members(root: int) -> list[tuple[psutil.Process, str]]:
    """Return a process and its descendants, each with its group."""
    found = []
    with suppress(psutil.NoSuchProcess):
        first = psutil.Process(root)
        for process in [first, *first.children(recursive=True)]:
            with suppress(psutil.NoSuchProcess, psutil.ZombieProcess, psutil.AccessDenied):
                found.append((process, group_of(process.name(), process.cmdline())))
    return found


def group_of(name: str, command: list[str]) -> str:
    """Tell a process of Spark by its command line: what Python the JVM starts besides the driver works for it."""
    if any(word.endswith(("bench.consumer", COMPILED_PROGRAM)) for word in command):
        return CONSUMER
    if name == "java" or not any("python" in word for word in command[:1]):
        return JVM
    return DRIVER if any(word.endswith("heartbeat_stream.py") for word in command) else WORKERS


def family_seconds(pid: int) -> float:
    """Sum up the processor time of a process, its descendants, and all of theirs that have ended.

    What has ended is in its parent's account, so the difference of two sums misses nothing.
    """
    with suppress(psutil.NoSuchProcess):
        first = psutil.Process(pid)
        return sum(_seconds(process) for process in [first, *first.children(recursive=True)])
    return 0.0


def _seconds(process: psutil.Process) -> float:
    with suppress(psutil.NoSuchProcess):
        times = process.cpu_times()
        return float(times.user + times.system + times.children_user + times.children_system)
    return 0.0
