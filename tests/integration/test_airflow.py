"""The control plane for real, through its REST API: it launches, watches, publishes, and survives its parts' deaths."""

import json
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from pydantic import SecretStr

from include.errors import AirflowUnavailableError
from include.pools import HOURLY, POOLS, SETTLING
from include.settings import PROJECT_ROOT, Settings, environment_of
from stack import run
from stack.airflow.configuration import base_url
from stack.http import ask
from stack.isolated import isolated_settings
from tests.producer.stored import read_ledger
from tests.support.background import repeating
from tests.support.control_plane import ControlPlane, all_command_lines, longest_silence
from tests.support.source import steady_source
from tests.support.stack import is_gone
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.integration, pytest.mark.e2e, pytest.mark.timeout(1800)]

# A stopped stream is to be noticed within the patience of a test.
IMPATIENT = {
    "health_stall_seconds": 8.0,
    "health_confirm_seconds": 3.0,
    "health_grace_seconds": 5.0,
    "health_lease_seconds": 8.0,
    # Here launches are killed one after the other, and not because something is wrong.
    "stream_healthy_seconds": 5.0,
    "kafka_partitions": 2,
}
LONGEST_PAUSE_SECONDS = 15.0


@pytest.fixture(scope="module")
def plane() -> Iterator[ControlPlane]:
    """Give a whole stack with readings flowing; at the end nothing of it may be left, even if its keeper was killed."""
    with isolated_settings(stack_with_airflow=True, **IMPATIENT) as settings:
        run.up(settings)
        made = ControlPlane(settings)
        with steady_source(made):
            made.wait_flowing()
            yield made
        made.keeper().kill()
        run.down(settings)
        assert [process.cmdline() for process in made.processes()] == []


@pytest.fixture
def flowing(plane: ControlPlane) -> ControlPlane:
    """Give the plane once one launch commits again, whatever the test before has done."""
    wait_until(plane.is_flowing, bool, timeout_seconds=180, interval_seconds=0.25)
    return plane


def state_of_health(plane: ControlPlane) -> str:
    """Run the checks now and return what became of them."""
    return plane.run_workflow("heartbeat_health")[1]


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


@pytest.mark.fault
def test_a_killed_jvm_is_followed_by_the_next_launch(flowing: ControlPlane) -> None:
    epoch, [jvm] = flowing.epoch(), flowing.jvms()

    jvm.kill()

    seconds = flowing.wait_flowing(after_epoch=epoch)
    print(f"readings flowed again after {seconds:.0f} s")  # noqa: T201 - shown with -rP
    assert state_of_health(flowing) == "success"


@pytest.mark.fault
def test_an_orphaned_driver_goes_on_until_its_successor_fences_it(flowing: ControlPlane) -> None:
    epoch, [jvm] = flowing.epoch(), flowing.jvms()
    runner = jvm.parent()
    assert runner is not None

    with longest_silence(flowing) as silence:
        runner.kill()
        seconds = flowing.wait_flowing(after_epoch=epoch)

    print(f"one stream again after {seconds:.0f} s, longest silence {silence[0]:.1f} s")  # noqa: T201
    wait_until(lambda: is_gone(jvm), bool)
    assert silence[0] < LONGEST_PAUSE_SECONDS
    assert state_of_health(flowing) == "success"


@pytest.mark.fault
def test_a_killed_scheduler_is_started_again_and_readings_flow_all_the_while(flowing: ControlPlane) -> None:
    epoch = flowing.epoch()

    with longest_silence(flowing) as silence:
        flowing.component("scheduler").kill()
        seconds = flowing.wait_flowing(after_epoch=epoch)

    print(f"one stream again after {seconds:.0f} s, longest silence {silence[0]:.1f} s")  # noqa: T201
    assert silence[0] < LONGEST_PAUSE_SECONDS


@pytest.mark.fault
def test_a_killed_worker_is_followed_by_one_stream(flowing: ControlPlane) -> None:
    epoch, [jvm] = flowing.epoch(), flowing.jvms()
    runner = jvm.parent()
    assert runner is not None
    worker = runner.parent()
    assert worker is not None

    with longest_silence(flowing) as silence:
        worker.kill()
        seconds = flowing.wait_flowing(after_epoch=epoch)

    print(f"one stream again after {seconds:.0f} s, longest silence {silence[0]:.1f} s")  # noqa: T201
    wait_until(lambda: is_gone(jvm), bool)
    assert silence[0] < LONGEST_PAUSE_SECONDS
    assert state_of_health(flowing) == "success"


@pytest.mark.fault
@pytest.mark.parametrize("name", ["api-server", "dag-processor", "triggerer"])
def test_another_part_that_is_killed_is_started_again_and_the_stream_goes_on(
    flowing: ControlPlane, name: str
) -> None:
    epoch, before = flowing.epoch(), flowing.component(name)

    with longest_silence(flowing) as silence:
        before.kill()
        wait_until(lambda: flowing.component_pids(name) - {before.pid}, bool)
        wait_until(lambda: answers(flowing), bool)
        assert state_of_health(flowing) == "success"

    assert (flowing.epoch(), flowing.import_errors()) == (epoch, [])
    assert silence[0] < LONGEST_PAUSE_SECONDS


def answers(plane: ControlPlane) -> bool:
    """Tell whether the api-server does."""
    with suppress(AirflowUnavailableError):
        return bool(plane.api.heartbeats())
    return False


@pytest.mark.fault
def test_a_stalled_stream_is_told_fenced_and_followed_by_another(flowing: ControlPlane) -> None:
    epoch, [jvm] = flowing.epoch(), flowing.jvms()
    failed_before = failed_checks(flowing)
    for process in flowing.launch_of(jvm):
        process.send_signal(signal.SIGSTOP)

    status, _ = wait_until(
        lambda: (state_of_health(flowing), newest_check(flowing, "commit_age"))[1],
        lambda check: "was fenced" in check[1],
        timeout_seconds=180,
    )

    assert status == "fail"
    # It may have been the run of the minute that found it, and ours came when all was well again.
    wait_until(lambda: failed_checks(flowing) - failed_before, bool)
    flowing.wait_flowing(after_epoch=epoch)
    wait_until(lambda: is_gone(jvm), bool)
    assert state_of_health(flowing) == "success"


def failed_checks(plane: ControlPlane) -> set[str]:
    """Return which runs of the checks have failed."""
    return {run["dag_run_id"] for run in plane.api.runs("heartbeat_health") if run["state"] == "failed"}


def newest_check(plane: ControlPlane, name: str) -> tuple[str, str]:
    """Return status and message of a check's newest row that is not ok, else of the newest."""
    rows = plane.rows(
        f"select status, message from health_checks where name = '{name}' "  # noqa: S608 - a test's own words
        "order by status = 'ok', checked_at desc limit 1"
    )
    return (str(rows[0][0]), str(rows[0][1])) if rows else ("", "")


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
            assert state_of_health(flowing) == "success"
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


def test_no_password_stands_on_a_command_line_in_a_log_or_in_a_rendered_field(flowing: ControlPlane) -> None:
    settings = flowing.settings
    secrets = passwords_of(settings)
    [running] = [each for each in flowing.api.runs("heartbeat_stream") if each["state"] == "running"]

    lines = all_command_lines()
    fields = str(flowing.api.tasks("heartbeat_stream", running["dag_run_id"]))
    logs = [*(settings.stack.dir / "logs").rglob("*"), *(settings.stack.dir / "airflow" / "logs").rglob("*")]
    written = {file.name: file.read_text(errors="replace") for file in logs if file.is_file()}

    assert {"db_pass", "db_stream_pass", "airflow_pass", "airflow_db_pass", "grafana_pass"} <= set(secrets)
    assert "heartbeat_stream.py" in lines
    assert "spark-defaults.conf" in fields
    assert any("stream_started" in text for text in written.values())
    assert [key for key, secret in secrets.items() if secret in lines] == []
    assert [key for key, secret in secrets.items() if secret in fields] == []
    assert [
        (key, name) for key, secret in secrets.items() for name, text in written.items() if secret in text
    ] == []


def passwords_of(settings: Settings) -> dict[str, str]:
    values = {key: value for key, value in settings.by_key().items() if key.endswith("_pass")}
    return {key: value.get_secret_value() for key, value in values.items() if isinstance(value, SecretStr)}


def test_the_driver_and_its_workers_know_the_passwords_of_stream_and_alarms_and_no_other(
    flowing: ControlPlane,
) -> None:
    settings = flowing.settings
    keys = json.loads((settings.stack.dir / "airflow" / "keys.json").read_text())
    superuser = {"superuser": (settings.stack.dir / "superuser").read_text()}
    secrets = passwords_of(settings) | keys | superuser
    [jvm] = flowing.jvms()

    launch = {}
    for process in flowing.launch_of(jvm):
        with suppress(OSError):  # some processes of a turn live for an instant only
            launch[process.pid] = Path(f"/proc/{process.pid}/environ").read_text()

    assert len(launch) >= 3  # the JVM, the driver's Python, and at least one worker's
    known = {pid: {key for key, secret in secrets.items() if secret in text} for pid, text in launch.items()}
    assert known == {pid: {"db_stream_pass", "db_alarms_pass"} for pid in launch}


def test_no_process_of_airflow_knows_a_password_of_the_database_but_the_pages_and_the_senders(
    flowing: ControlPlane,
) -> None:
    secrets = {key: word for key, word in passwords_of(flowing.settings).items() if key.startswith("db_")}

    def known_to(name: str) -> set[str]:
        text = Path(f"/proc/{flowing.component(name).pid}/environ").read_text()
        return {key for key, secret in secrets.items() if secret in text}

    names = ("api-server", "scheduler", "dag-processor", "triggerer", "deliver")
    assert {name: known_to(name) for name in names} == {
        "api-server": {"db_reader_pass", "db_people_pass"},
        "scheduler": set(),
        "dag-processor": set(),
        "triggerer": set(),
        "deliver": {"db_alarms_pass"},
    }


def test_the_page_shows_a_connection_for_each_role_and_tests_it(flowing: ControlPlane) -> None:
    shown = {each["connection_id"]: each for each in flowing.api.get("connections")["connections"]}

    assert set(shown) == CONNECTIONS
    assert [word for word in passwords_of(flowing.settings).values() if word in str(shown)] == []
    for name in CONNECTIONS:
        body = {"connection_id": name, "conn_type": "postgres"}
        assert answer_of_the_test({**shown[name], **body}, flowing) == (
            True,
            "Connection successfully tested",
        )
        assert answer_of_the_test({**shown[name], **body, "password": "wrong"}, flowing)[0] is False


CONNECTIONS = {
    "heartbeat_stream",
    "heartbeat_hourly",
    "heartbeat_replay",
    "heartbeat_alarms",
    "heartbeat_reader",
}


def answer_of_the_test(connection: dict[str, Any], plane: ControlPlane) -> tuple[bool, str]:
    known = ("connection_id", "conn_type", "host", "login", "schema", "port", "password", "extra")
    body = {
        key: connection[key] for key in known if connection.get(key) is not None and connection[key] != "***"
    }
    answer = plane.api.call("POST", "connections/test", body)
    return answer["status"], answer["message"]


def test_a_task_logs_in_by_its_connection_and_says_so_where_that_is_refused(flowing: ControlPlane) -> None:
    true = flowing.settings.db.hourly_pass.get_secret_value()
    try:
        set_password(flowing, "heartbeat_hourly", "another")
        run_id, state = flowing.run_workflow("heartbeat_maintenance")
        logs = (flowing.settings.stack.dir / "airflow" / "logs").rglob(
            f"*{run_id}/task_id=prune_results/*.log"
        )
        said = " ".join(file.read_text() for file in logs)
    finally:
        set_password(flowing, "heartbeat_hourly", true)

    assert state == "failed"
    assert "correct the password of the Airflow connection heartbeat_hourly" in said
    assert flowing.run_workflow("heartbeat_maintenance")[1] == "success"


def set_password(plane: ControlPlane, name: str, password: str) -> None:
    body = {"connection_id": name, "conn_type": "postgres", "password": password}
    plane.api.call("PATCH", f"connections/{name}?update_mask=password", body)


def test_data_docs_are_for_who_is_logged_in(plane: ControlPlane) -> None:
    address = f"http://127.0.0.1:{plane.settings.airflow.port}/data-docs/"

    refused = ask("GET", address, timeout_seconds=30)
    links = [view for plugin in plane.api.get("plugins")["plugins"] for view in plugin["external_views"]]

    assert refused.status_code == 401
    assert [link["href"] for link in links if link["name"] == "Data Docs"] == ["/data-docs/"]


def test_nobody_else_can_read_what_holds_a_password(plane: ControlPlane) -> None:
    home = plane.settings.stack.dir / "airflow"

    open_to_others = [
        file.name
        for file in (home / "airflow.cfg", home / "passwords.json", home / "keys.json")
        if file.stat().st_mode & 0o077
    ]

    assert open_to_others == []
