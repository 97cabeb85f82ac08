"""Run the bench on a stack of its own, beside its references, and say what it found."""

import json
import tempfile
from collections.abc import Collection
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from include.errors import OptionError
from include.log import configure_logging
from include.settings import Settings
from include.stream.run import prepare
from stack import run as stack
from stack.isolated import isolated_settings
from tools.bench import live
from tools.bench.alarms import measure_alarms
from tools.bench.catch_up import measure_catch_up
from tools.bench.drain import measure_drain
from tools.bench.figures import Figures, doubts, ratios
from tools.bench.ground import Bench, fresh_topic
from tools.bench.growth import measure_growth
from tools.bench.idle import measure_idle
from tools.bench.large import measure_large
from tools.bench.machine import Condition, cores, facts, observe, verdict
from tools.bench.options import GROWTH, LARGE, BenchOptions
from tools.bench.plot import draw
from tools.bench.processes import server_pids
from tools.bench.produce import measure_producer
from tools.bench.report import show

PRODUCER_SHARE = 5

console = Console(stderr=True)


def run_bench(
    parts: Collection[str], options: BenchOptions, *, json_file: Path | None, plot_file: Path | None
) -> None:
    """Measure the chosen parts and print tables; figures go into `json_file`, pictures into `plot_file`."""
    if LARGE in parts and not options.table_rows:
        raise OptionError("give --table-rows: how many other readings the large table holds")
    configure_logging(log_format="auto", level="WARNING")  # each of many topics would be told
    before, figures = observe(), Figures()
    try:
        if streamed := set(parts) - {"idle"}:
            _measure_streamed(streamed, options, figures)
        if "idle" in parts:
            _say("idle")
            with isolated_settings(stack_with_airflow=True) as settings:
                measure_idle(settings, figures, seconds=options.idle_seconds)
    finally:  # what was measured before something failed, or Ctrl-C, is not lost
        after = observe()
        if json_file is not None:
            json_file.write_text(json.dumps(_as_dict(before, after, options, figures), indent=2))
        if plot_file is not None and figures.parts:
            plot_file.write_text(draw(figures))
        show(Console(), figures, verdict(before, after, cores()))


def _measure_streamed(parts: Collection[str], options: BenchOptions, figures: Figures) -> None:
    with tempfile.TemporaryDirectory(prefix="heartbeat-bench-") as folder, isolated_settings() as settings:
        stack.up(settings)
        prepare(settings)
        bench = Bench(settings, Path(folder), options, figures, server_pids(settings))
        if "drain" in parts:
            _say("drain")
            measure_drain(bench)
        if "catch_up" in parts:
            _say("catch_up")
            measure_catch_up(bench)
        if chosen := live.PARTS & set(parts):
            _say(", ".join(sorted(chosen)))
            live.measure_live(bench, chosen)
        if "alarms" in parts:
            _say("the alarms' share")
            measure_alarms(bench)
        if "producer" in parts:
            _say("producer")
            _measure_producer(settings, options, figures)
        if GROWTH in parts:
            _say("growth with tasks, partitions and nodes")
            measure_growth(bench)
        if LARGE in parts:
            _say(f"a table of {options.table_rows:,} readings")
            measure_large(bench)


def _measure_producer(settings: Settings, options: BenchOptions, figures: Figures) -> None:
    for processes in (1, 2):
        with fresh_topic(settings) as own:
            measure_producer(
                own,
                figures,
                records=options.records // PRODUCER_SHARE,
                rounds=options.rounds,
                processes=processes,
            )


def _as_dict(
    before: Condition, after: Condition, options: BenchOptions, figures: Figures
) -> dict[str, object]:
    compared = [
        {"part": ratio.part, "figure": ratio.name, "ours": ratio.ours, "reference": ratio.reference}
        | {"median": ratio.series.median, "spread": ratio.series.spread, "rounds": ratio.series.rounds}
        for ratio in ratios(figures)
    ]
    return {
        "machine": facts(before, after),
        "options": asdict(options),
        "parts": figures.as_dict(),
        "ratios": compared,
        "doubts": doubts(figures),
    }


def _say(what: str) -> None:
    console.print(f"measuring {what} …")
