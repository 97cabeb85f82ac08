"""The demo: simulate with faults, stream, and hold every single record against the ground truth."""

import tempfile
import threading
import time
from pathlib import Path

from rich.console import Console

from include.report.render import render
from include.report.run import make_report
from include.report.truth import Comparison, compare_with_ledger
from include.settings import Settings
from include.stack import run as stack
from include.stack.isolated import isolated_settings
from include.stream.run import prepare
from producer.faults import PRESETS
from producer.options import SimulatorOptions
from producer.run import run_simulator
from tools.streaming import count_waiting, require_alive, running_stream, wait_until_started

CUSTOMERS = 3000
RATE_HZ = 1.0
DURATION_SECONDS = 30
CATCH_UP_SECONDS = 120

console = Console()


def run_demo() -> int:
    """Run it and return the exit code: 0 if every record is as the ground truth says."""
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="heartbeat-demo-") as folder, isolated_settings() as settings:
        console.print("[bold]1/4[/] starting PostgreSQL, Kafka and the stream", highlight=False)
        stack.up(settings)
        prepare(settings)
        ledger = Path(folder) / "ledger.jsonl"
        _simulate_and_stream(settings, ledger, Path(folder) / "stream.log")
        console.print("[bold]4/4[/] comparing every record with the ground truth", highlight=False)
        comparison = compare_with_ledger(settings, ledger)
        report = make_report(settings)
    console.print(render(report))
    problems = [*comparison.differences, *report.problems]
    if comparison.records != report.records:
        problems.append(f"{comparison.records} records were sent, {report.records} have an outcome")
    return _conclude(comparison, problems, time.monotonic() - begun)


def _simulate_and_stream(settings: Settings, ledger: Path, log: Path) -> None:
    options = SimulatorOptions(
        customers=CUSTOMERS,
        rate_hz=RATE_HZ,
        duration_seconds=DURATION_SECONDS,
        fault_rates=dict(PRESETS["mixed"]),
        ledger=ledger,
    )
    with running_stream(settings, log) as stream:
        wait_until_started(settings, stream, log)
        console.print(
            f"[bold]2/4[/] {CUSTOMERS:,} customers at {RATE_HZ:g} Hz with faults for {DURATION_SECONDS} s, "
            "while the stream runs",
            highlight=False,
        )
        summary = run_simulator(options, settings, stop=threading.Event())
        console.print(
            f"[bold]3/4[/] {summary.sent:,} records sent; waiting until all are consumed", highlight=False
        )
        deadline = time.monotonic() + CATCH_UP_SECONDS
        while (waiting := count_waiting(settings)) and time.monotonic() < deadline:
            require_alive(stream, log)
            time.sleep(0.25)
        if waiting:
            console.print(
                f"{waiting:,} records are still not consumed after {CATCH_UP_SECONDS} s", style="red"
            )


def _conclude(comparison: Comparison, problems: list[str], seconds: float) -> int:
    if problems:
        console.print("\nDEMO FAILED", style="bold red")
        for problem in problems:
            console.print(f"- {problem}", highlight=False)
        if comparison.difference_count > len(comparison.differences):
            console.print(f"  and {comparison.difference_count - len(comparison.differences):,} more")
        return 1
    console.print(
        f"\n[bold green]DEMO OK[/]: {comparison.records:,} records, each as the ground truth says, in {seconds:.0f} s",
        highlight=False,
    )
    return 0
