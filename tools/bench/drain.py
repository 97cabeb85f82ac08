"""How fast a backlog drains: the stream, the consumers and plain COPY in turn, over the same topic."""

import time

from include.db.connect import Role, connect
from include.errors import OptionError, StreamFailedError
from include.settings import Settings
from tools.bench.bodies import backlog_probes
from tools.bench.copying import measure_copy
from tools.bench.figures import COPY, CPU_PER_RECORD, RATE, STREAM
from tools.bench.generator import send_backlog
from tools.bench.ground import Bench, backlog_start_us, clear, fresh_topic, watch
from tools.bench.probe import open_probe
from tools.bench.processes import Accounts, used, without_kafka
from tools.bench.systems import Running, System

PART = "drain"
LOOK_SECONDS = 0.01
END_TIMEOUT_SECONDS = 60


def measure_drain(bench: Bench) -> None:
    """Drain the same topic again in each round by each system, and COPY right after what the stream stored."""
    records = bench.options.records
    with fresh_topic(bench.settings) as settings:
        first_us = backlog_start_us(records)
        send_backlog(settings, records, first_us)
        for number in range(bench.options.rounds):
            for system in bench.all_in_turn(number):
                clear(settings)
                drain_once(bench, settings, system, first_us)
                require_all(settings, records)
                if system.name == STREAM:
                    bench.figures.note(PART, COPY, RATE, measure_copy(settings))


def drain_once(
    bench: Bench,
    settings: Settings,
    system: System,
    first_us: int,
    *,
    subject: str | None = None,
    part: str = PART,
) -> None:
    """Note the pace of one drain, from the first commit that is seen: what comes before belongs to the launch."""
    subject = subject or system.name
    total = backlog_probes(bench.options.records, settings.kafka.partitions)
    seen, first = 0, None
    with (
        system.running(settings, bench.folder, drain=True) as running,
        open_probe(settings, since_us=first_us - 1) as probe,
    ):
        accounts = Accounts(running.roots, bench.server_pids, probe.backend_pid)
        for found in watch(probe, running, every_seconds=LOOK_SECONDS):
            seen += len(found)
            if found and first is None:
                first, seen_first = accounts.read(), seen
            if seen == total:
                break
        last = accounts.read()
        _wait_for_end(running)
    if first is None or seen_first > total / 2:
        raise OptionError("most of the backlog was stored at once: give --records a larger number")
    records = bench.options.records * (total - seen_first) / total
    _note(bench, part, subject, used(first, last), last.at - first.at, records)
    bench.figures.note(part, subject, "s from the command to the last reading", last.at - running.begun_at)


def _note(
    bench: Bench, part: str, subject: str, by_group: dict[str, float], seconds: float, records: float
) -> None:
    note = bench.figures.note
    note(part, subject, RATE, records / seconds)
    note(part, subject, CPU_PER_RECORD, without_kafka(by_group) / records * 1e6)
    for group, cpu_seconds in by_group.items():
        note(part, subject, f"CPU µs per record: {group}", cpu_seconds / records * 1e6)


def _wait_for_end(running: Running) -> None:
    deadline = time.monotonic() + END_TIMEOUT_SECONDS
    while running.ends_by_itself and any(process.poll() is None for process in running.processes):
        if time.monotonic() > deadline:
            raise StreamFailedError(f"all was drained, but the stream has not ended: see {running.logs}")
        time.sleep(0.05)
    running.require_alive()


def stored_count(settings: Settings) -> int:
    """Return how many readings are stored."""
    with connect(settings, Role.READER, autocommit=True) as reader:
        row = reader.execute("select count(*) from heartbeats").fetchone()
    return int(row[0]) if row else 0


def require_all(settings: Settings, records: int) -> None:
    """Raise StreamFailedError unless so many readings are stored."""
    if (stored := stored_count(settings)) != records:
        raise StreamFailedError(f"{records:,} records were sent, {stored:,} readings are stored")
