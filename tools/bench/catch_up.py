"""How long it takes to work off a backlog while readings go on coming."""

from include.settings import Settings
from tools.bench.bodies import backlog_probes
from tools.bench.figures import RATE
from tools.bench.generator import send_backlog
from tools.bench.ground import PATIENCE_SECONDS, Bench, backlog_start_us, clear, fresh_topic, watch
from tools.bench.latency import running_generator
from tools.bench.probe import Probe, open_probe
from tools.bench.systems import Running, System

PART = "catch-up under live traffic"
LIVE_RATE = 1000.0
CAUGHT_UP_MS = 1000
LOOK_SECONDS = 0.01
LONGEST_SECONDS = 3600


def measure_catch_up(bench: Bench) -> None:
    """Give each system half the drain's backlog and 1,000 readings per second on top."""
    for number in range(bench.options.rounds):
        for system in bench.in_turn(number):
            with fresh_topic(bench.settings) as settings:
                clear(settings)
                _measure_once(bench, settings, system)


def _measure_once(bench: Bench, settings: Settings, system: System) -> None:
    backlog = bench.options.records // 2
    first_us = backlog_start_us(backlog)
    send_backlog(settings, backlog, first_us)
    with (
        running_generator(settings, rate=LIVE_RATE, seconds=LONGEST_SECONDS) as (_, live_at),
        system.running(settings, bench.folder, drain=False) as running,
        open_probe(settings, since_us=first_us - 1) as probe,
    ):
        total = backlog_probes(backlog, settings.kafka.partitions)
        first_at, first_share, caught_up_at = _catch_up(probe, running, total, live_at)
    note = bench.figures.note
    note(PART, system.name, "s from the command to caught up", caught_up_at - running.begun_at)
    note(PART, system.name, "s from the first reading to caught up", caught_up_at - first_at)
    if first_share <= 0.5:  # else the first commit was most of it, and a pace means nothing
        records = backlog * (1 - first_share) + LIVE_RATE * (caught_up_at - live_at)
        note(PART, system.name, RATE, records / (caught_up_at - first_at))


def _catch_up(probe: Probe, running: Running, total: int, live_at: float) -> tuple[float, float, float]:
    """Return when the first reading was seen, what share of the backlog with it, and when a live one was in time."""
    first: tuple[float, float] | None = None
    seen = 0
    for found in watch(probe, running, every_seconds=LOOK_SECONDS, patience_seconds=PATIENCE_SECONDS):
        live = [sighting for sighting in found if sighting.created_us >= live_at * 1e6]
        seen += len(found) - len(live)
        if found and first is None:
            first = found[0].seen_us / 1e6, seen / total
        if first and seen == total and any(sighting.latency_ms < CAUGHT_UP_MS for sighting in live):
            return *first, found[0].seen_us / 1e6
    raise AssertionError("watch never ends by itself")
