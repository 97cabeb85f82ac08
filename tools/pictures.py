"""Take the pictures of the documents from a stack of its own: `make pictures`.

A day of readings is simulated, with faults; one hour is spoiled so that it is withheld, one gets readings after it was
published; then readings flow live, and somebody acts on the first alarms. Nothing in a picture is drawn or edited.
"""

import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from include.command_line import OneLineCommand
from include.db.connect import Role, connect
from include.errors import TransientError
from include.handling.people import list_alarms
from include.live.overview import read_overview
from include.places import Place
from include.settings import PROJECT_ROOT, Settings, environment_of
from stack import run as stack
from stack.airflow.client import AirflowClient
from stack.airflow.configuration import base_url
from stack.isolated import isolated_settings
from tools.browser import PATIENCE_MS, chromium, log_in, open_live_page
from tools.streaming import running_process
from tools.workflows import run_workflow, wait_for

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, FrameLocator, Locator, Page, ViewportSize

TARGET = PROJECT_ROOT / "docs" / "pictures"
DESK: "ViewportSize" = {"width": 1440, "height": 1400}
# Spark takes its time to launch on a busy machine.
STEP_TIMEOUT_SECONDS = 900
LIVE_SECONDS = 170
PAST = ("--customers", "180", "--rate-hz", "0.02", "--faults", "mixed", "--seed", "3")
# Three devices that nobody hears of again.
LATE = ("--customers", "3", "--rate-hz", "0.02", "--faults", "mixed", "--seed", "5")
# Among them those of the past: they go on, and are not silent.
LIVE = ("--customers", "420", "--rate-hz", "1", "--faults", "mixed", "--seed", "3")
OPEN_ALARMS = 4
# The customer of the most urgent alarm.
SHOW_CUSTOMER = "#alarm-rows button.id"

app = typer.Typer(add_completion=False)


@app.command(cls=OneLineCommand)
def main() -> None:
    """Take all pictures."""
    with isolated_settings(stack_with_airflow=True) as settings:
        stack.up(settings)
        client = AirflowClient(settings)
        run_id = _make_history(settings, client)
        source = _producer_command(*LIVE)
        with running_process(source, environment_of(settings), settings.stack.at(Place.LOGS) / "source.log"):
            time.sleep(LIVE_SECONDS)  # the charts show the last three minutes
            _act_on_alarms(settings, client)
            with chromium() as browser:
                _take(settings, browser, run_id)


def _make_history(settings: Settings, client: AirflowClient) -> str:
    """Simulate a day, have its hours settled, and return the id of the workflow's run."""
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    _simulate(settings, *PAST, "--start", _text(now - timedelta(hours=26)), "--end", _text(now))
    wait_for(
        lambda: read_overview(settings).lag_records == 0, "the stream", timeout_seconds=STEP_TIMEOUT_SECONDS
    )
    _spoil_an_hour(settings, now - timedelta(hours=9))
    conf = {"hour": _text(now - timedelta(hours=1))}
    try:
        run_id = run_workflow(client, "heartbeat_hourly", conf, timeout_seconds=STEP_TIMEOUT_SECONDS)
    except TransientError:  # as it has to: an hour is withheld
        run_id = str(client.runs("heartbeat_hourly")[0]["dag_run_id"])
    late = now - timedelta(hours=2)
    _simulate(settings, *LATE, "--start", _text(late), "--end", _text(late + timedelta(minutes=9)))
    return run_id


def _simulate(settings: Settings, *options: str) -> None:
    command, environment = _producer_command(*options), environment_of(settings)
    subprocess.run(command, cwd=PROJECT_ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)


def _producer_command(*options: str) -> list[str]:
    return [sys.executable, "main.py", "producer", "--quiet", *options]


def _act_on_alarms(settings: Settings, client: AirflowClient) -> None:
    """Acknowledge the most urgent alarm and let the next one rest, as a person does on the page."""
    wait_for(
        lambda: len(list_alarms(settings, with_past=False, customer=None, most=OPEN_ALARMS)) == OPEN_ALARMS,
        "open alarms",
        timeout_seconds=STEP_TIMEOUT_SECONDS,
    )
    first, second, *_ = list_alarms(settings, with_past=False, customer=None, most=OPEN_ALARMS)
    client.act("acknowledge", {"id": first.id, "note": "called: she sits down, a nurse is on the way"})
    client.act("snooze", {"id": second.id, "minutes": 60})


def _spoil_an_hour(settings: Settings, hour: datetime) -> None:
    """Give one reading a level that the policy does not, past the stream: its hour has to be withheld."""
    with connect(settings, Role.OWNER, autocommit=True) as connection:
        connection.execute(
            "update heartbeats set risk_level = 'High' where id = (select id from heartbeats "
            "where event_time >= %s and event_time < %s and risk_level = 'Normal' limit 1)",
            (hour.replace(tzinfo=None), (hour + timedelta(hours=1)).replace(tzinfo=None)),
        )


def _take(settings: Settings, browser: "Browser", run_id: str) -> None:
    TARGET.mkdir(parents=True, exist_ok=True)
    first = browser.new_context(viewport={"width": 1440, "height": 900})
    log_in(first.new_page(), settings)
    login = first.storage_state()
    inside = browser.new_context(storage_state=login, viewport=DESK)
    _take_inside_airflow(inside, settings, TARGET / "live-page.png")
    dark = browser.new_context(storage_state=login, viewport=DESK, color_scheme="dark")
    _take_live(dark, settings, TARGET / "live-page-dark.png")
    phone = browser.new_context(
        storage_state=login, viewport={"width": 390, "height": 1500}, device_scale_factor=1.5
    )
    _take_live(phone, settings, TARGET / "live-page-phone.png")
    _take_alarms(inside, settings, TARGET / "alarms.png")
    _take_graph(first, settings, run_id, TARGET / "airflow-graph.png")


def _take_inside_airflow(context: "BrowserContext", settings: Settings, file: Path) -> None:
    page = context.new_page()
    page.goto(f"{base_url(settings)}/plugin/heartbeats")
    _choose_customer(page.frame_locator("iframe[title=Heartbeats]"))
    _save(page, file)


def _take_live(context: "BrowserContext", settings: Settings, file: Path) -> None:
    page = open_live_page(context, settings)
    _choose_customer(page)
    _save(page, file)


def _choose_customer(page: "Page | FrameLocator") -> None:
    page.locator(SHOW_CUSTOMER).first.click(timeout=PATIENCE_MS)
    page.locator("#customer-chart canvas").wait_for(timeout=PATIENCE_MS)
    # To choose one leads to the chart; the picture begins at the top.
    page.locator("body").evaluate("() => window.scrollTo(0, 0)")


def _take_alarms(context: "BrowserContext", settings: Settings, file: Path) -> None:
    page = open_live_page(context, settings)
    first = page.locator("#alarm-rows > li").first
    first.locator("button.toggle").click(timeout=PATIENCE_MS)
    first.locator(".history li").first.wait_for(timeout=PATIENCE_MS)
    _save(page, file, page.locator("section[aria-labelledby=alarms-title]"))


def _take_graph(context: "BrowserContext", settings: Settings, run_id: str, file: Path) -> None:
    page = context.new_page()
    page.goto(f"{base_url(settings)}/dags/heartbeat_hourly")
    page.evaluate("localStorage.setItem('default_dag_view', JSON.stringify('graph'))")
    page.goto(AirflowClient(settings).run_url("heartbeat_hourly", run_id))
    page.locator(".react-flow__node").first.wait_for(timeout=PATIENCE_MS)
    _save(page, file)


def _save(page: "Page", file: Path, part: "Locator | None" = None) -> None:
    page.wait_for_timeout(3000)  # let what has just appeared settle
    (part or page).screenshot(path=file)
    sys.stdout.write(f"{file.relative_to(PROJECT_ROOT)}: {file.stat().st_size / 1000:.0f} kB\n")


def _text(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


if __name__ == "__main__":
    app()
