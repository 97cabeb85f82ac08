"""What the whole stack takes while the stream runs and nothing is sent."""

import time
from contextlib import suppress

import psutil

from include.db.connect import Role, connect
from include.errors import StreamFailedError
from include.ingest.lease import LEASE_IS_ALIVE_SECONDS, read_lease
from include.settings import Settings
from include.stack import run as stack
from include.stack.types import PartState
from tools.bench.types import IdleResult
from tools.workflows import wait_for

START_TIMEOUT_SECONDS = 180


def measure_idle(settings: Settings, *, settle_seconds: float, seconds: float) -> IdleResult:
    """Start the stack with Airflow, let it come to rest, and take what it uses from then on.

    Its checks run each minute: `seconds` should be some minutes.
    """
    stack.up(settings)
    wait_for(lambda: _has_begun(settings), "the stream", timeout_seconds=START_TIMEOUT_SECONDS)
    time.sleep(settle_seconds)
    before, began_at = _cpu_seconds(stack.status(settings)), time.monotonic()
    time.sleep(seconds)
    parts = stack.status(settings)
    took = time.monotonic() - began_at
    _require_running(settings)
    after = _cpu_seconds(parts)
    return IdleResult(
        seconds=took,
        cores={name: (after[name] - before[name]) / took for name in after},
        memory_bytes={part.name: part.memory_bytes or 0 for part in parts},
    )


def _has_begun(settings: Settings) -> bool:
    with connect(settings, Role.READER, autocommit=True) as connection:
        return connection.execute("select from stream_offsets limit 1").fetchone() is not None


def _require_running(settings: Settings) -> None:
    with connect(settings, Role.READER, autocommit=True) as connection:
        lease = read_lease(connection)
        [(now,)] = connection.execute("select timezone('utc', now())").fetchall()
    if lease is None or (now - lease.renewed_at).total_seconds() > LEASE_IS_ALIVE_SECONDS:
        raise StreamFailedError(
            "the stream did not run all the while: what the stack takes without it says little"
        )


def _cpu_seconds(parts: list[PartState]) -> dict[str, float]:
    return {part.name: _of_family(part.pid) for part in parts if part.pid}


def _of_family(pid: int) -> float:
    """Sum the processor time of a process, its descendants, and all of theirs that have ended.

    What has ended is in its parent's account, so the difference of two sums misses nothing.
    """
    total, first = 0.0, psutil.Process(pid)
    for process in [first, *first.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total
