"""How quick and how quiet the machine is, in figures and in words: absolute figures mean nothing without it."""

import os
import platform
import time
from dataclasses import asdict, dataclass

LOOP_TURNS = 10_000_000
QUIET_LOOP_SECONDS = 0.4
SLOW_FROM_SECONDS = 0.55
CHANGED_FROM_RATIO = 1.25
BUSY_FROM_LOAD_PER_CORE = 0.5


@dataclass(frozen=True, slots=True)
class Condition:
    """The machine at one instant; the load average is the last minute's."""

    loop_seconds: float
    load: float


def observe() -> Condition:
    """Time a bare loop, about 0.4 s on a quiet machine; the load is read first, so that the loop is not in it."""
    load = os.getloadavg()[0]
    begun, total = time.perf_counter(), 0
    for i in range(LOOP_TURNS):
        total += i
    return Condition(time.perf_counter() - begun, load)


def cores() -> int:
    """Return how many cores we may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def facts(before: Condition, after: Condition) -> dict[str, object]:
    """Return what JSON holds about the machine."""
    return {
        "cores": cores(),
        "python": platform.python_version(),
        "before": asdict(before),
        "after": asdict(after),
        "verdict": verdict(before, after, cores()),
    }


def verdict(before: Condition, after: Condition, core_count: int) -> list[str]:
    """Say in words how far the absolute figures can be trusted; the load after the run is mostly our own."""
    said = []
    slowest = max(before.loop_seconds, after.loop_seconds)
    if slowest >= SLOW_FROM_SECONDS:
        said.append(
            f"The machine is slow or was slowed down by others: the calibration loop took {before.loop_seconds:.2f} s "
            f"before and {after.loop_seconds:.2f} s after the run, about {QUIET_LOOP_SECONDS} s on a quiet machine."
        )
    if slowest >= CHANGED_FROM_RATIO * min(before.loop_seconds, after.loop_seconds):
        said.append(
            f"Its pace changed during the run: {before.loop_seconds:.2f} s for the loop before, "
            f"{after.loop_seconds:.2f} s after."
        )
    if before.load >= BUSY_FROM_LOAD_PER_CORE * core_count:
        said.append(
            f"It was busy before the run began: a load of {before.load:.1f} on {core_count} cores; "
            "start it again once the load is gone."
        )
    if said:
        return [*said, "Read the ratios, not the absolute figures."]
    return [
        f"The machine was quiet: the calibration loop took {before.loop_seconds:.2f} s before "
        f"and {after.loop_seconds:.2f} s after the run."
    ]
