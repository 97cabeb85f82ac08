"""One launch after the other, each in use: how soon it stores, how late readings are, what it costs, at each rate.

In a session one system runs once: the launch is timed, then comes one rate after the other, then the silence. The
sessions of the stream and of the consumers take turns.
"""

from collections.abc import Collection

from confluent_kafka import Producer

from include.settings import Settings
from tools.bench.figures import STREAM
from tools.bench.generator import open_producer, send_probe
from tools.bench.ground import Bench, clear, fill_table, fresh_topic, watch
from tools.bench.latency import measure_rate
from tools.bench.launch import note_launch
from tools.bench.probe import Sighting, open_probe
from tools.bench.silence import measure_silence
from tools.bench.systems import Running, System

PARTS = frozenset({"launch", "latency", "silence"})
FLUSH_SECONDS = 30


def measure_live(bench: Bench, parts: Collection[str]) -> None:
    """Run the sessions and note what belongs to the chosen parts."""
    for number in range(bench.options.rounds):
        for system in bench.in_turn(number):
            with fresh_topic(bench.settings) as settings:
                clear(settings)
                if bench.options.table_rows:
                    fill_table(settings, bench.options.table_rows)
                _run_session(bench, settings, system, parts)


def _run_session(bench: Bench, settings: Settings, system: System, parts: Collection[str]) -> None:
    producer = open_producer(settings, linger_ms=1)
    # It waits in the topic when the command is given.
    created_us = send_probe(producer, settings)
    producer.flush(FLUSH_SECONDS)
    with system.running(settings, bench.folder, drain=False) as running:
        first = _first_sighting(settings, running, created_us)
        if "launch" in parts:
            note_launch(bench.figures, settings, system.name, running, first, is_stream=system.name == STREAM)
        if "latency" in parts:
            for rate in bench.options.rates:
                measure_rate(bench, settings, system, running, rate)
        if "silence" in parts:
            _measure_silence(bench, settings, system, running, producer)
    producer.flush(FLUSH_SECONDS)


def _first_sighting(settings: Settings, running: Running, created_us: int) -> Sighting:
    with open_probe(settings, since_us=created_us - 1) as probe:
        return next(found[0] for found in watch(probe, running, every_seconds=0.02) if found)


def _measure_silence(
    bench: Bench, settings: Settings, system: System, running: Running, producer: Producer
) -> None:
    latency_ms = measure_silence(settings, running, producer, seconds=bench.options.silence_seconds)
    part = f"first reading after {bench.options.silence_seconds:.0f} s of silence"
    bench.figures.note(part, system.name, "ms", latency_ms)
