"""The simulator as a form: what a workflow's params mean, and a run that tells its log how it goes."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from include.errors import NotAllStoredError
from include.places import Place
from include.settings import Settings
from producer.choices import named_period_ms
from producer.display import LineReporter, summary_lines
from producer.faults import PRESETS
from producer.instants import now_ms
from producer.options import SimulatorOptions
from producer.run import run_simulator
from producer.signals import stop_on_signals
from producer.tally import Summary

REAL_TIME = "real-time"


def options_from(params: Mapping[str, Any], *, now_ms: int, ledger: Path) -> SimulatorOptions:
    """Return the options that the form means; a rate in `fault_rates` takes the place of the preset's."""
    is_past = params["period"] != REAL_TIME
    start_ms, end_ms = named_period_ms(params["period"], now_ms) if is_past else (None, None)
    return SimulatorOptions(
        customers=params["customers"],
        rate_hz=params["rate_hz"],
        seed=params["seed"],
        start_ms=start_ms,
        end_ms=end_ms,
        duration_seconds=None if is_past else params["duration_seconds"],
        within_seconds=params["within_seconds"] if is_past else None,
        fault_rates={**PRESETS[params["faults"]], **(params["fault_rates"] or {})},
        late_by_seconds=params["late_by_seconds"],
        processes=params["processes"],
        ledger=ledger,
    )


def run_form(params: Mapping[str, Any], settings: Settings, *, run_id: str) -> dict[str, Any]:
    """Simulate what the form asks for, printing a line every few seconds; return the summary.

    Raise NotAllStoredError where the run came to its end and not all of its records are stored.
    """
    options = options_from(params, now_ms=now_ms(), ledger=ledger_file(settings, run_id))
    with stop_on_signals() as stop:
        summary = run_simulator(options, settings, stop=stop, reporter=LineReporter(_say))
    return conclude(summary)


def conclude(summary: Summary) -> dict[str, Any]:
    """Print the summary and return it; raise NotAllStoredError as above."""
    for line in summary_lines(summary):
        _say(line)
    if summary.failure is not None and not summary.interrupted:
        lost = summary.sent - summary.acknowledged
        raise NotAllStoredError(lost=lost, sent=summary.sent, reason=summary.failure)
    return summary.as_dict()


def ledger_file(settings: Settings, run_id: str) -> Path:
    """Return where a run's ground truth goes; its folder is there."""
    folder = settings.stack.at(Place.SIMULATOR)
    folder.mkdir(parents=True, exist_ok=True)
    # A run's id holds colons and a plus sign, which not every file system and shell likes.
    name = "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in run_id)
    return folder / f"{name}.jsonl.gz"


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - the task's log is its standard output
