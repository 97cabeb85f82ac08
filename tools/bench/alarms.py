"""What the alarms cost: the stream as it is, beside one that leaves them nothing and evaluates none."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

from include.db.connect import Role, connect
from include.settings import Settings
from tools.bench.bodies import backlog_probes
from tools.bench.drain import drain_once, require_all
from tools.bench.figures import WITH_ALARMS, WITHOUT_ALARMS
from tools.bench.generator import send_backlog
from tools.bench.ground import PATIENCE_SECONDS, Bench, backlog_start_us, clear, fresh_topic, watch
from tools.bench.latency import measure_rate
from tools.bench.probe import open_probe
from tools.bench.systems import Running, Stream, System
from tools.workflows import wait_for

RATE = 1000.0
# The evaluator takes in a backlog for seconds after it is stored: these must not be the warm-up.
AT_ONCE_SECONDS = 1.0
SYSTEMS = (Stream(WITH_ALARMS), Stream(WITHOUT_ALARMS, "tools/bench/bare_heartbeat_stream.py"))


def measure_alarms(bench: Bench) -> None:
    """Let both drain a backlog, then take their latency right after a backlog, and once the alarms have caught up."""
    _warm_up(bench)
    for number in range(bench.options.rounds):
        systems = SYSTEMS[::-1] if number % 2 else SYSTEMS
        with _backlog(bench) as (settings, first_us):
            for system in systems:
                clear(settings)
                drain_once(bench, settings, system, first_us)
                require_all(settings, bench.options.records)
        for system in systems:
            with _backlog(bench) as (settings, first_us):
                clear(settings)
                _measure_latency(bench, settings, system, first_us)


def _warm_up(bench: Bench) -> None:
    """Drain once without noting it: Kafka's JVM compiles for seconds what it does for the first time."""
    with _backlog(bench) as (settings, _):
        clear(settings)
        with SYSTEMS[0].running(settings, bench.folder, drain=True) as running:
            for process in running.processes:
                process.wait()
    require_all(bench.settings, bench.options.records)


@contextmanager
def _backlog(bench: Bench) -> Iterator[tuple[Settings, int]]:
    """Give a topic with a backlog, and where that begins."""
    with fresh_topic(bench.settings) as settings:
        first_us = backlog_start_us(bench.options.records)
        send_backlog(settings, bench.options.records, first_us)
        yield settings, first_us


def _measure_latency(bench: Bench, settings: Settings, system: System, first_us: int) -> None:
    with system.running(settings, bench.folder, drain=False) as running:
        _wait_drained(bench, settings, running, first_us)
        at_once = replace(bench, options=replace(bench.options, warm_up_seconds=AT_ONCE_SECONDS))
        measure_rate(at_once, settings, system, running, RATE, when=", a backlog just drained")
        if system.name == WITH_ALARMS:
            _wait_evaluated(settings)
        measure_rate(bench, settings, system, running, RATE)


def _wait_drained(bench: Bench, settings: Settings, running: Running, first_us: int) -> None:
    total, seen = backlog_probes(bench.options.records, settings.kafka.partitions), 0
    with open_probe(settings, since_us=first_us - 1) as probe:
        for found in watch(probe, running):
            seen += len(found)
            if seen == total:
                return


def _wait_evaluated(settings: Settings) -> None:
    """Wait until the evaluator has taken in all that is stored now."""
    stored_at = datetime.now(UTC).replace(tzinfo=None)
    with connect(settings, Role.READER, autocommit=True) as reader:

        def is_evaluated() -> bool:
            return reader.execute("select progress > %s from alarm_evaluator", [stored_at]).fetchall() == [
                (True,)
            ]

        wait_for(is_evaluated, "the alarms", timeout_seconds=PATIENCE_SECONDS)
