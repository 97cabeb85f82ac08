"""What the evaluator of alarms costs beside a stream that runs, and how far it is behind."""

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen

from include.alarms.store import APPLICATION
from include.alarms.watch import LEAST_PRIORITY
from include.db.connect import Connection, Role, connect
from include.settings import Settings
from tools.bench.figures import percentile
from tools.bench.processes import DRIVER, family_seconds, members

LOOK_SECONDS = 1.0
# A session may read of others' only where the role is the same.
STANDING = """
select
    extract(epoch from timezone('utc', clock_timestamp()) - progress)::float,
    (select pid from pg_stat_activity where application_name = %s and datname = current_database())
from alarm_evaluator
"""
# Behind the name in /proc/PID/task/TID/stat, which may hold anything.
_USER_TICKS, _SYSTEM_TICKS, _NICE = 11, 12, 16


@dataclass(frozen=True, slots=True)
class Sample:
    """Processor seconds up to an instant, and how far the evaluator is behind the present by then."""

    at: float
    thread_seconds: float
    database_seconds: float
    behind_seconds: float


def watch_evaluator(settings: Settings, stream: "Popen[bytes]", source: "Popen[bytes]") -> list[Sample]:
    """Look each second as long as the source sends."""
    samples: list[Sample] = []
    with connect(settings, Role.ALARMS, autocommit=True) as connection:
        while source.poll() is None:
            samples += _sample(connection, stream.pid)
            time.sleep(LOOK_SECONDS)
    return samples


def lines(samples: list[Sample]) -> list[str]:
    """Return in words what the later half of the samples says: by then all customers are known."""
    counted = samples[len(samples) // 2 :]
    if len(counted) < 2:
        return ["too short to tell"]
    first, last = counted[0], counted[-1]
    seconds = last.at - first.at
    thread = (last.thread_seconds - first.thread_seconds) / seconds
    database = (last.database_seconds - first.database_seconds) / seconds
    behind = [sample.behind_seconds for sample in counted]
    return [
        f"over {seconds:.0f} s: {thread:.1%} of a core in the driver, {database:.1%} in PostgreSQL",
        f"behind the present: median {percentile(behind, 0.5):.1f} s, p99 {percentile(behind, 0.99):.1f} s, "
        f"at most {max(behind):.1f} s",
    ]


def thread_seconds(pid: int) -> float:
    """Sum up a process's threads that give way to all others: the evaluator's, and the Kafka client's in it."""
    ticks = 0
    for stat in Path(f"/proc/{pid}/task").glob("*/stat"):
        with suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            if int(fields[_NICE]) == LEAST_PRIORITY:
                ticks += int(fields[_USER_TICKS]) + int(fields[_SYSTEM_TICKS])
    return ticks / os.sysconf("SC_CLK_TCK")


def _sample(connection: Connection, stream_pid: int) -> Iterator[Sample]:
    rows = connection.execute(STANDING, [APPLICATION]).fetchall()
    for behind_seconds, backend_pid in rows:
        if behind_seconds is not None and backend_pid is not None:
            drivers = [process.pid for process, group in members(stream_pid) if group == DRIVER]
            used = sum(thread_seconds(pid) for pid in drivers)
            yield Sample(time.time(), used, family_seconds(backend_pid), behind_seconds)
