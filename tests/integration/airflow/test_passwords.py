"""Who knows which password: processes, connections, command lines, logs, files."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from include.settings import Settings
from tests.support.control_plane import ControlPlane, all_command_lines

pytestmark = [pytest.mark.integration, pytest.mark.e2e, pytest.mark.timeout(1800)]


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


def test_nobody_else_can_read_what_holds_a_password(plane: ControlPlane) -> None:
    home = plane.settings.stack.dir / "airflow"

    open_to_others = [
        file.name
        for file in (home / "airflow.cfg", home / "passwords.json", home / "keys.json")
        if file.stat().st_mode & 0o077
    ]

    assert open_to_others == []
