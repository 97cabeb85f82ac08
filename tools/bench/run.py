"""Run the bench on a stack of its own and say what it found."""

import json
import os
import platform
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from include.settings import Settings
from include.stack import run as stack
from include.stack.isolated import isolated_settings
from include.stream.run import prepare
from tools.bench.drain import measure_drain, preload
from tools.bench.idle import measure_idle
from tools.bench.latency import measure_latency
from tools.bench.produce import measure_producer

PARTS = ("drain", "latency", "producer", "idle")
IDLE_SETTLE_SECONDS = 60
IDLE_SECONDS = 300
BYTES_PER_GIB = 1024**3

Measure = Callable[[Settings, Path], dict[str, Any]]

console = Console(stderr=True)


def run_bench(parts: list[str], *, records: int, rounds: int, seconds: float, json_file: Path | None) -> None:
    """Measure the chosen parts, each on a fresh topic, and print a table."""
    measures: dict[str, Measure] = {
        "drain": lambda settings, folder: _drain(settings, folder, records, rounds),
        "latency": lambda settings, folder: _latency(settings, folder, seconds),
        "producer": lambda settings, _: _producer(settings, records // 5, rounds),
    }
    results = {}
    if "idle" in parts:
        console.print("measuring idle …")
        results["idle"] = _idle()
    if streamed := [part for part in parts if part != "idle"]:
        results |= _measure_streamed(streamed, measures)
    machine = {"cores": os.cpu_count(), "python": platform.python_version(), "load": os.getloadavg()[0]}
    if json_file is not None:
        json_file.write_text(json.dumps({"machine": machine, **results}, indent=2))
    Console().print(_table(results))


def _measure_streamed(parts: list[str], measures: dict[str, Measure]) -> dict[str, Any]:
    results = {}
    with tempfile.TemporaryDirectory(prefix="heartbeat-bench-") as folder, isolated_settings() as settings:
        stack.up(settings)
        for part in parts:
            own = settings.model_copy(update={"kafka_topic": f"bench_{part}"})
            prepare(own)
            console.print(f"measuring {part} …")
            results[part] = measures[part](own, Path(folder))
    return results


def _drain(settings: Settings, folder: Path, records: int, rounds: int) -> dict[str, Any]:
    preload(settings, records)
    result = measure_drain(settings, folder, records=records, rounds=rounds)
    return {
        **asdict(result),
        "figures": {
            "drain": f"{result.drain.median:,.0f} records/s ± {result.drain.spread:.0%}",
            "binary COPY of the same rows": f"{result.copy.median:,.0f} rows/s ± {result.copy.spread:.0%}",
            "ratio": f"{result.ratio:.2f}",
        },
    }


def _latency(settings: Settings, folder: Path, seconds: float) -> dict[str, Any]:
    result = measure_latency(settings, folder, readings_per_second=1000, warm_up_seconds=20, seconds=seconds)
    return {
        **asdict(result),
        "figures": {
            "rate": f"{result.readings_per_second:,.0f} readings/s for {result.seconds:.0f} s",
            "p50 / p95 / p99": f"{result.p50_ms:,.0f} / {result.p95_ms:,.0f} / {result.p99_ms:,.0f} ms",
            "worst": f"{result.max_ms:,.0f} ms",
        },
    }


def _producer(settings: Settings, records: int, rounds: int) -> dict[str, Any]:
    figures, raw = {}, {}
    for processes in (1, 2):
        result = measure_producer(settings, records=records, rounds=rounds, processes=processes)
        raw[f"{processes}_processes"] = asdict(result)
        figures[f"{processes} process{'es' if processes > 1 else ''}"] = (
            f"{result.producer.median:,.0f} records/s, {result.ratio:.2f} of a bare client with one constant record"
        )
    return {**raw, "figures": figures}


def _idle() -> dict[str, Any]:
    with isolated_settings(stack_with_airflow=True) as settings:
        result = measure_idle(settings, settle_seconds=IDLE_SETTLE_SECONDS, seconds=IDLE_SECONDS)
    rows = {
        name: f"{cores:.3f} of a core, {result.memory_bytes[name] / BYTES_PER_GIB:.2f} GiB"
        for name, cores in result.cores.items()
    }
    total = f"{sum(result.cores.values()):.2f} of a core, {sum(result.memory_bytes.values()) / BYTES_PER_GIB:.2f} GiB"
    return {**asdict(result), "figures": {**rows, f"all, for {result.seconds:.0f} s": total}}


def _table(results: dict[str, dict[str, Any]]) -> Table:
    table = Table("part", "figure", "value")
    for part, result in results.items():
        for name, value in result["figures"].items():
            table.add_row(part, name, value)
            part = ""
    return table
