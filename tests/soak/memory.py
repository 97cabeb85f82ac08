"""How much memory each kind of process takes.

It is the proportional set size: a page that several processes share counts once in their sum. The database's cache is
apart from that, since it is meant to fill.
"""

import time
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import psutil

from tests.soak.notes import Memory
from tests.support.processes import session_of
from tools.bench.processes import POSTGRES, group_of

# What lives for a moment, such as a worker that is being started, makes no new life.
_SETTLED_SECONDS = 60.0
_KB_PER_MB = 1024
_WHOLE, _CACHE = "Pss", "Pss_Shmem"


def memory_of_launch(leader: int) -> dict[str, Memory]:
    """Return what each kind of a launch's processes takes; workers whose parent was killed are still among them."""
    kinds: dict[str, list[psutil.Process]] = defaultdict(list)
    for process in psutil.process_iter():
        if session_of(process.pid) == leader:
            with suppress(psutil.Error):  # a zombie, or gone since
                kinds[group_of(process.name(), process.cmdline())].append(process)
    return {kind: _memory(processes) for kind, processes in kinds.items()}


def memory_of_servers(pids: dict[str, int]) -> tuple[dict[str, Memory], float | None]:
    """Return what each server's processes take, and the database's cache; a server's life is its first process's."""
    found, cache = dict[str, Memory](), None
    for name, pid in pids.items():
        with suppress(psutil.NoSuchProcess):
            first = psutil.Process(pid)
            family = [first, *first.children(recursive=True)]
            found[name] = _memory(family, lives_by=[first])
            if name == POSTGRES:
                cache = sum(_parts_mb(process.pid).get(_CACHE, 0.0) for process in family)
    return found, cache


def _memory(processes: list[psutil.Process], *, lives_by: Iterable[psutil.Process] | None = None) -> Memory:
    now, ages = time.time(), dict[int, float]()
    for process in processes if lives_by is None else lives_by:
        with suppress(psutil.NoSuchProcess):
            ages[process.pid] = now - process.create_time()
    settled = {pid: age for pid, age in ages.items() if age >= _SETTLED_SECONDS} or ages
    parts = [_parts_mb(process.pid) for process in processes]
    megabytes = sum(each.get(_WHOLE, 0.0) - each.get(_CACHE, 0.0) for each in parts)
    life = " ".join(str(pid) for pid in sorted(settled))
    return Memory(round(megabytes, 2), life, round(min(settled.values(), default=0.0), 1))


def _parts_mb(pid: int) -> dict[str, float]:
    """Return what the kernel sums up of a process's memory; nothing where it has just ended."""
    with suppress(OSError):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
        fields = [line.split() for line in lines]
        return {name.rstrip(":"): int(number) / _KB_PER_MB for name, number, *_ in fields}
    return {}
