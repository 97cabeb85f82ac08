"""The workflows through the REST API: they send, publish, withhold, accept, report, and wait for one another."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from include.pools import HOURLY, POOLS, SETTLING
from include.settings import PROJECT_ROOT, environment_of
from stack.airflow.configuration import base_url
from stack.http import ask
from tests.producer.stored import read_ledger
from tests.support.background import repeating
from tests.support.control_plane import ControlPlane
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.integration, pytest.mark.e2e, pytest.mark.timeout(1800)]


def test_every_workflow_is_read_and_none_is_paused(plane: ControlPlane) -> None:
    def paused() -> dict[str, bool]:
        return {dag["dag_id"]: dag["is_paused"] for dag in plane.api.get("dags")["dags"]}

    found = wait_until(paused, lambda dags: len(dags) == 8)

    assert plane.import_errors() == []
    assert set(found.values()) == {False}


def test_the_form_sends_readings_that_become_what_its_summary_says(flowing: ControlPlane) -> None:
    conf = {"customers": 40, "rate_hz": 2, "duration_seconds": 5, "faults": "mixed", "seed": 11}

    run_id, state = flowing.run_workflow("heartbeat_simulator", conf)

    assert state == "success"
    summary = flowing.api.result("heartbeat_simulator", run_id, "simulate")
    assert summary["sent"] == summary["acknowledged"] > 300
    assert len(summary["expected_reasons"]) > 2
    # Nobody else here sends what is rejected.
    wait_until(lambda: rejected(flowing), lambda found: found == summary["expected_reasons"])
    wait_until(lambda: accepted_of(flowing, summary), summary["expected_outcomes"]["accepted"].__eq__)
    assert Path(summary["ledger"]).is_file()
    assert f"ground truth: {summary['ledger']}" in flowing.api.task_log(
        "heartbeat_simulator", run_id, "simulate"
    )


def accepted_of(plane: ControlPlane, summary: dict[str, Any]) -> int:
    """Count the stored readings of the ledger's customers: others send here too."""
    lines = read_ledger(Path(summary["ledger"])).values()
    customers = {line["customer_id"] for line in lines if line["outcome"] == "accepted"}
    return sum(
        count
        for customer, count in plane.rows("select customer_id::text, count(*) from heartbeats group by 1")
        if customer in customers
    )


def rejected(plane: ControlPlane) -> dict[str, int]:
    return dict(plane.rows("select reason, count(*) from dead_letters group by reason"))


def test_a_paused_stream_that_is_marked_ends_and_none_follows(flowing: ControlPlane) -> None:
    [running] = [each for each in flowing.api.runs("heartbeat_stream") if each["state"] == "running"]
    try:
        flowing.pause("heartbeat_stream", is_paused=True)
        flowing.fail_run("heartbeat_stream", running["dag_run_id"])

        wait_until(flowing.jvms, lambda jvms: jvms == [])
        active = [
            each for each in flowing.api.runs("heartbeat_stream") if each["state"] in ("running", "queued")
        ]
        assert active == []
    finally:
        flowing.pause("heartbeat_stream", is_paused=False)
    flowing.wait_flowing()


def test_an_hour_is_published_and_a_wrong_level_withholds_it_until_it_is_repaired(
    flowing: ControlPlane,
) -> None:
    _, hour, form = simulated_hour(flowing, seed=5)

    assert flowing.run_workflow("heartbeat_hourly", form)[1] == "success"
    assert hour_state(flowing, hour) == ("published", None)
    assert published(flowing, hour) == recomputed(flowing, hour)

    spoiled = spoil_a_level(flowing, hour)
    run_id, state = flowing.run_workflow("heartbeat_hourly", form)
    assert state == "failed"
    assert flowing.task_states("heartbeat_hourly", run_id)["publish_hour"] == "failed"
    state, reason = hour_state(flowing, hour)
    assert state == "withheld"
    assert "risk level" in str(reason)
    assert published(flowing, hour) == []

    flowing.run(f"update heartbeats set risk_level = '{spoiled[1]}' where id = {spoiled[0]}")  # noqa: S608
    assert flowing.run_workflow("heartbeat_hourly", form)[1] == "success"
    assert hour_state(flowing, hour) == ("published", None)
    assert published(flowing, hour) == recomputed(flowing, hour)


def simulated_hour(plane: ControlPlane, *, seed: int) -> tuple[str, datetime, dict[str, str]]:
    """Send the last full hour; return the simulator's run, the hour, and the form that names it."""
    conf = {"customers": 3, "rate_hz": 0.5, "period": "last-hour", "within_seconds": 2, "seed": seed}
    run_id, state = plane.run_workflow("heartbeat_simulator", conf)
    assert state == "success"
    start = datetime.fromisoformat(plane.api.result("heartbeat_simulator", run_id, "simulate")["start"])
    hour = start.replace(tzinfo=None)
    return run_id, hour, {"hour": f"{hour.isoformat()}Z"}


def test_a_person_accepts_a_withheld_hour_in_airflow_and_takes_it_back(flowing: ControlPlane) -> None:
    run_id, hour, form = simulated_hour(flowing, seed=6)
    wait_until(lambda: all_is_passed(flowing, run_id), bool)
    number, level = spoil_a_level(flowing, hour)
    try:
        assert flowing.run_workflow("heartbeat_hourly", form)[1] == "failed"
        assert hour_state(flowing, hour)[0] == "withheld"

        asked, ended = decided(flowing, {**form, "action": "accept"}, "ticket 4711")
        assert "with another risk level than the policy gives: 1" in asked["body"]
        assert ended == "success"
        assert hour_state(flowing, hour) == ("published", None)
        user = flowing.settings.airflow.user
        assert acceptance(flowing, hour) == [(user, "ticket 4711", None, None)]
        assert said(flowing, hour) == [(user, "ticket 4711")]

        asked, ended = decided(flowing, {**form, "action": "take back"}, "a mistake")
        assert f"accepted by {user}, ticket 4711" in asked["body"]
        assert ended == "success"
        assert hour_state(flowing, hour)[0] == "withheld"
        assert acceptance(flowing, hour) == [(user, "ticket 4711", user, "a mistake")]
        assert said(flowing, hour) == [(None, None)]

        assert decided(flowing, {**form, "action": "accept"}, "no", answer="Reject")[1] == "success"
        assert hour_state(flowing, hour)[0] == "withheld"
    finally:
        flowing.run(f"update heartbeats set risk_level = '{level}' where id = {number}")  # noqa: S608
    assert flowing.run_workflow("heartbeat_hourly", form)[1] == "success"


def all_is_passed(plane: ControlPlane, run_id: str) -> bool:
    """Tell whether the stream has stored all that a run of the simulator has sent."""
    summary = plane.api.result("heartbeat_simulator", run_id, "simulate")
    return accepted_of(plane, summary) == summary["expected_outcomes"]["accepted"]


def decided(
    plane: ControlPlane, form: dict[str, str], reason: str, *, answer: str = "Approve"
) -> tuple[dict[str, Any], str]:
    """Ask for an approval, answer it, and return what was asked and how the run ended."""
    name = "heartbeat_approval"
    run_id = plane.api.trigger(name, form)
    wait_until(
        lambda: plane.task_states(name, run_id).get("approve"), lambda state: state == "awaiting_input"
    )
    # Before its scheduler has noticed the pause, Airflow takes an answer for a failure. No person is so quick.
    noticed = f"TaskInstanceKey(dag_id='{name}', task_id='approve', run_id='{run_id}'"
    scheduler = plane.settings.stack.dir / "logs" / "airflow-scheduler.log"
    wait_until(lambda: noticed in scheduler.read_text(errors="replace"), bool)
    place = f"dags/{name}/dagRuns/{quote(run_id)}/taskInstances/approve/-1/hitlDetails"
    asked = plane.api.get(place)
    plane.api.call("PATCH", place, {"chosen_options": [answer], "params_input": {"reason": reason}})
    return asked, wait_until(
        lambda: plane.api.run_state(name, run_id), lambda state: state in ("success", "failed")
    )


def acceptance(plane: ControlPlane, hour: datetime) -> list[tuple[Any, ...]]:
    return plane.rows(
        "select accepted_by, reason, ended_by, ended_reason from accepted_failures "  # noqa: S608
        f"where hour = '{hour}' order by id"
    )


def said(plane: ControlPlane, hour: datetime) -> list[tuple[Any, ...]]:
    return plane.rows(f"select accepted_by, accepted_reason from hour_status where hour = '{hour}'")  # noqa: S608


def test_the_report_of_a_day_is_kept_and_shown_to_who_is_logged_in(plane: ControlPlane) -> None:
    run_id, state = plane.run_workflow("heartbeat_report", {"day": "2026-01-31"})

    assert state == "success"
    written = plane.api.result("heartbeat_report", run_id, "write_report")
    assert written["page"] == f"{base_url(plane.settings)}/daily-reports/2026-01-31.html"
    assert written["page"] in plane.api.task_log("heartbeat_report", run_id, "write_report")
    assert (plane.settings.stack.reports_dir / "2026-01-31.html").is_file()
    assert ask("GET", written["page"], timeout_seconds=30).status_code == 401


def hour_state(plane: ControlPlane, hour: datetime) -> tuple[str, str | None]:
    [row] = plane.rows(f"select state, reason from hour_status where hour = '{hour}'")  # noqa: S608
    return row[0], row[1]


def published(plane: ControlPlane, hour: datetime) -> list[tuple[Any, ...]]:
    return plane.rows(
        "select customer_id, readings, normal, elevated, high, min_bpm, max_bpm, first_event, last_event "  # noqa: S608
        f"from customer_hourly where hour = '{hour}' order by customer_id"
    )


def recomputed(plane: ControlPlane, hour: datetime) -> list[tuple[Any, ...]]:
    return plane.rows(
        "select customer_id, count(*), count(*) filter (where risk_level = 'Normal'), "  # noqa: S608
        "count(*) filter (where risk_level = 'Elevated'), count(*) filter (where risk_level = 'High'), "
        "min(heart_rate), max(heart_rate), min(event_time), max(event_time) from heartbeats "
        f"where event_time >= '{hour}' and event_time < timestamp '{hour}' + interval '1 hour' "
        f"and customer_id not in (select customer_id from held_back_customers where hour = '{hour}') "
        "group by customer_id order by customer_id"
    )


def spoil_a_level(plane: ControlPlane, hour: datetime) -> tuple[int, str]:
    """Give one reading of the hour another level than the policy does; return its id and its true level."""
    [row] = plane.rows(
        f"select id, risk_level from heartbeats where event_time >= '{hour}' "  # noqa: S608
        f"and event_time < timestamp '{hour}' + interval '1 hour' limit 1"
    )
    wrong = "High" if row[1] != "High" else "Normal"
    plane.run(f"update heartbeats set risk_level = '{wrong}' where id = {row[0]}")  # noqa: S608
    return int(row[0]), str(row[1])


@pytest.mark.fault
def test_a_backfill_of_two_days_settles_one_hour_at_a_time_and_keeps_neither_stream_nor_checks_waiting(
    flowing: ControlPlane,
) -> None:
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    number = flowing.backfill(
        "heartbeat_hourly", since=now - timedelta(hours=78), until=now - timedelta(hours=30), runs_at_once=10
    )
    try:
        with watched_pools(flowing) as seen:
            wait_until(lambda: (len(seen), seen[-1:]), lambda last: last[1] != [] and last[1][0].total() > 0)
            assert flowing.state_of_health() == "success"
            epoch, [jvm] = flowing.epoch(), flowing.jvms()
            jvm.kill()
            seconds = flowing.wait_flowing(after_epoch=epoch)
        states = Counter(run["state"] for run in backfilled(flowing))
    finally:
        flowing.api.call("PUT", f"backfills/{number}/cancel")
        for run in backfilled(flowing):
            if run["state"] == "running":
                flowing.fail_run("heartbeat_hourly", run["dag_run_id"])
        wait_until(lambda: pools_in_use(flowing), lambda pools: pools.total() == 0)

    print(f"beside 49 hours that wait readings flowed again after {seconds:.0f} s")  # noqa: T201
    assert states.total() == 49
    assert states["success"] < 49  # the stream and the checks did not wait for them
    assert max(pools[SETTLING.name] for pools in seen) == 1
    assert max(pools.total() for pools in seen) <= SETTLING.slots + HOURLY.slots


def pools_in_use(plane: ControlPlane) -> Counter[str]:
    """Return how many tasks of the hourly workflow run in each pool."""
    running = plane.api.get("dags/heartbeat_hourly/dagRuns/~/taskInstances", state="running")
    return Counter(task["pool"] for task in running["task_instances"])


def backfilled(plane: ControlPlane) -> list[dict[str, Any]]:
    """Return the runs of the one backfill."""
    found: list[dict[str, Any]] = plane.api.get(
        "dags/heartbeat_hourly/dagRuns", run_type="backfill", limit=100
    )["dag_runs"]
    return found


@contextmanager
def watched_pools(plane: ControlPlane) -> Iterator[list[Counter[str]]]:
    """Look again and again which pools are in use."""
    seen: list[Counter[str]] = []
    own = ControlPlane(plane.settings)
    with repeating(lambda: seen.append(pools_in_use(own)), every_seconds=0.5):
        yield seen


def test_airflows_own_command_line_is_that_of_the_stack(plane: ControlPlane) -> None:
    told = subprocess.run(
        [sys.executable, "main.py", "airflow", "pools", "list", "--output", "json"],
        cwd=PROJECT_ROOT,
        env={**environment_of(plane.settings), "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "sqlite:////nowhere"},
        capture_output=True,
        text=True,
        check=True,
    )

    slots = {pool["pool"]: int(pool["slots"]) for pool in json.loads(told.stdout.splitlines()[-1])}
    assert {pool.name: pool.slots for pool in POOLS}.items() <= slots.items()


def test_data_docs_are_for_who_is_logged_in(plane: ControlPlane) -> None:
    address = f"http://127.0.0.1:{plane.settings.airflow.port}/data-docs/"

    refused = ask("GET", address, timeout_seconds=30)
    links = [view for plugin in plane.api.get("plugins")["plugins"] for view in plugin["external_views"]]

    assert refused.status_code == 401
    assert [link["href"] for link in links if link["name"] == "Data Docs"] == ["/data-docs/"]
