"""The demo: all of it once through Airflow, and every single record held against the ground truth."""

import shutil
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from include.errors import TransientError
from include.handling.render import alarm_text
from include.live.overview import read_overview
from include.log import configure_logging
from include.places import Place
from include.report.hour import HourReport, read_hour, render_hour
from include.report.render import render
from include.report.run import make_report
from include.report.types import Report
from include.settings import Settings, get_settings
from include.truth.records import Comparison, compare_with_truth
from stack import run as stack
from stack.airflow.client import AirflowClient
from stack.airflow.configuration import base_url
from stack.isolated import isolated_settings
from tools.demo_alarm import run_alarm
from tools.workflows import last_words, run_workflow, wait_for

CUSTOMERS = 25
FORM = {
    "customers": CUSTOMERS,
    "rate_hz": 1.0,
    "period": "last-hour",
    "within_seconds": 10,
    "faults": "mixed",
}
STEP_TIMEOUT_SECONDS = 180
# How long each step takes on two cores.
USUAL_SECONDS = {"1/5": 30, "2/5": 15, "3/5": 15, "4/5": 30, "5/5": 5}

console = Console()


def run_demo() -> int:
    """Run it and return the exit code: 0 if every record is as the ground truth says and the hour is published."""
    begun = time.monotonic()
    # What is done is told in the demo's own words.
    configure_logging(log_format="auto", level="WARNING")
    with isolated_settings(stack_with_airflow=True) as settings:
        _say("1/5", "starting PostgreSQL, Kafka and Airflow, which launches the stream")
        stack.up(settings, _say_part)
        client = AirflowClient(settings)
        summary = _simulate(client)
        _say("3/5", f"{summary['sent']:,} records sent; waiting until all are consumed")
        _wait_until_consumed(settings, client)
        hour = datetime.fromisoformat(summary["start"]).replace(tzinfo=None)
        _say("4/5", f"heartbeat_hourly: the hour {hour:%H:%M} UTC is checked, summed and published")
        conf = {"hour": f"{hour.isoformat()}Z"}
        run_workflow(client, "heartbeat_hourly", conf, timeout_seconds=STEP_TIMEOUT_SECONDS)
        comparison = compare_with_truth(settings, Path(summary["ledger"]))
        report, hour_report = make_report(settings), read_hour(settings, hour)
        _keep_docs(settings)
        _say("5/5", "one customer's heart races for a minute: an alarm opens, is acknowledged, and clears")
        alarm = run_alarm(settings, client)
    console.print(render(report))
    console.print(render_hour(hour_report))
    console.print(alarm_text(*alarm))
    console.print("(a delay beyond the limit is true: the hour was sent after it had ended)", style="dim")
    _show_links()
    return _conclude(comparison, _problems(comparison, report, hour_report), time.monotonic() - begun)


def _simulate(client: AirflowClient) -> dict[str, Any]:
    _say("2/5", f"heartbeat_simulator: {CUSTOMERS} customers, the last full hour in fast motion, with faults")
    run_id = run_workflow(client, "heartbeat_simulator", FORM, timeout_seconds=STEP_TIMEOUT_SECONDS)
    summary: dict[str, Any] = client.result("heartbeat_simulator", run_id, "simulate")
    return summary


def _wait_until_consumed(settings: Settings, client: AirflowClient) -> None:
    try:
        wait_for(
            lambda: read_overview(settings).lag_records == 0,
            "the stream",
            timeout_seconds=STEP_TIMEOUT_SECONDS,
        )
    except TransientError as error:
        [launch] = client.runs("heartbeat_stream", limit=1)
        words = last_words(client, "heartbeat_stream", launch["dag_run_id"], "run_stream")
        raise TransientError(f"{error}; its last words: {words}") from None


def _keep_docs(settings: Settings) -> None:
    kept = _kept_docs()
    shutil.rmtree(kept, ignore_errors=True)
    shutil.copytree(settings.stack.data_docs_dir, kept)


def _kept_docs() -> Path:
    """Return where the pages stay when the demo's own stack is gone: in the folder of the usual one."""
    return get_settings().stack.at(Place.DEMO) / Place.DATA_DOCS


def _show_links() -> None:
    pages = _kept_docs() / "index.html"
    console.print(f"\nData Docs of this run: {pages.as_uri()}", highlight=False, soft_wrap=True)
    console.print(way_in(get_settings()), highlight=False, soft_wrap=True)


def way_in(settings: Settings) -> str:
    """Return how to see the same on the usual stack, with the address and the login that `.env` gives it."""
    page, user = base_url(settings), settings.airflow.user
    return f"The same to click through: 'make up', then {page}, login {user} with AIRFLOW_PASS of .env"


def _problems(comparison: Comparison, report: Report, hour: HourReport) -> list[str]:
    problems = [*([] if comparison.holds else comparison.lines()), *report.problems]
    if comparison.records != report.records:
        problems.append(f"{comparison.records} records were sent, {report.records} have an outcome")
    if hour.state != "published":
        problems.append(f"the hour is {hour.state}: {hour.reason or 'no reason is known'}")
    return problems


def _conclude(comparison: Comparison, problems: list[str], seconds: float) -> int:
    if problems:
        console.print("\nDEMO FAILED", style="bold red")
        for problem in problems:
            console.print(f"- {problem}", highlight=False)
        return 1
    console.print(
        f"\n[bold green]DEMO OK[/]: {comparison.records:,} records, each as the ground truth says, in {seconds:.0f} s",
        highlight=False,
    )
    return 0


def _say(step: str, text: str) -> None:
    console.print(
        f"[bold]{step}[/] {text} (usually {USUAL_SECONDS[step]} s)", highlight=False, soft_wrap=True
    )


def _say_part(line: str) -> None:
    console.print(f"      {line}", highlight=False, soft_wrap=True, style="dim")
