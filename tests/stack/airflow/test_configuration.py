"""What Airflow is told: read back as Airflow reads it, with passwords where they belong and nowhere else."""

import configparser
import json
import stat
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from pydantic import SecretStr

from include.settings import PROJECT_ROOT, SECRET_KEYS, Settings
from stack.airflow.components import COMMANDS, component_environment
from stack.airflow.configuration import configuration, environment, passwords, render
from stack.airflow.connections import connections
from stack.airflow.keys import Keys, keep_keys
from stack.private import write_private

MARKED = {name.lower(): SecretStr(f"http://marker/{name}") for name in SECRET_KEYS}
KEYS = Keys(fernet="fernet-key", jwt="jwt-key", session="session-key")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        stack_dir=tmp_path / "stack",
        airflow_port=18085,
        airflow_user="operator",
        airflow_pass=SecretStr("p@ge:1%"),
        airflow_db_pass=SecretStr("m/eta@%1"),
        grafana_pass=SecretStr("gr@f"),
        db_reader_pass=SecretStr("read-only"),
    )


def read_back(settings: Settings) -> configparser.ConfigParser:
    parser = configparser.ConfigParser()
    parser.read_string(render(configuration(settings, KEYS)))
    return parser


def test_a_password_of_any_letters_survives_the_file_and_the_url(settings: Settings) -> None:
    url = urlsplit(read_back(settings).get("database", "sql_alchemy_conn"))

    assert unquote(url.password or "") == "m/eta@%1"
    assert (url.username, url.hostname, url.port, url.path) == ("airflow", "127.0.0.1", 5433, "/airflow")


def test_the_page_listens_on_this_machine_only(settings: Settings) -> None:
    parser = read_back(settings)

    assert (parser.get("api", "host"), parser.get("api", "port")) == ("127.0.0.1", "18085")
    assert parser.get("core", "execution_api_server_url") == "http://127.0.0.1:18085/execution/"


def test_the_workflows_and_plugins_are_the_projects_own(settings: Settings) -> None:
    parser = read_back(settings)

    assert Path(parser.get("core", "dags_folder")) == PROJECT_ROOT / "dags"
    assert Path(parser.get("core", "plugins_folder")) == PROJECT_ROOT / "plugins"
    assert parser.getboolean("core", "load_examples") is False


def test_the_login_is_the_one_of_the_settings(settings: Settings) -> None:
    assert read_back(settings).get("core", "simple_auth_manager_users") == "operator:admin"
    assert json.loads(passwords(settings)) == {"operator": "p@ge:1%"}


def test_a_process_of_airflow_knows_the_secrets_that_it_needs_and_no_others(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_PASS", "p@ge:1%")
    values = environment(settings.having(**MARKED))

    known = {
        name: {key for key in SECRET_KEYS if component_environment(name, values)[key]} for name in COMMANDS
    }

    assert known == {
        "api-server": {"DB_READER_PASS", "DB_PEOPLE_PASS", "KAFKA_SASL_PASSWORD"},
        "scheduler": {"KAFKA_SASL_PASSWORD"},
        "dag-processor": set(),
        "triggerer": {"KAFKA_SASL_PASSWORD"},
        "sender": {"DB_ALARMS_PASS", "ALARM_CHANNELS", "ALARM_OPERATORS", "ALARM_WEBHOOK_SECRET"},
    }
    # Who keeps them running asks the stream to stop.
    assert {key for key in SECRET_KEYS if values[key]} == set().union(*known.values(), {"DB_STREAM_PASS"})


def test_no_secret_stands_in_another_key_of_the_environment(settings: Settings) -> None:
    values = environment(settings.having(**MARKED))

    assert {key for key, value in values.items() if "marker" in value} <= SECRET_KEYS


def test_the_connection_to_spark_says_how_to_reach_it(settings: Settings) -> None:
    values = environment(settings.having(spark_master="local[2,4]"))

    spark = json.loads(values["AIRFLOW_CONN_SPARK_DEFAULT"])
    assert (spark["conn_type"], spark["host"]) == ("spark", "local[2,4]")


def test_each_role_but_the_owner_has_a_connection_with_all_that_a_session_is_opened_with(
    settings: Settings,
) -> None:
    found = connections(settings)

    assert set(found) == {
        "heartbeat_stream",
        "heartbeat_hourly",
        "heartbeat_replay",
        "heartbeat_alarms",
        "heartbeat_reader",
    }
    reader = found["heartbeat_reader"]
    assert (reader["conn_type"], reader["login"], reader["password"]) == (
        "postgres",
        "heartbeat_reader",
        "read-only",
    )
    assert json.loads(str(reader["extra"])) == {
        "connect_timeout": 5,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 25_000,
        "application_name": "heartbeat-reader",
        "options": "-c timezone=UTC",
    }


def test_keys_are_made_once_and_each_home_has_its_own(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()

    keys = keep_keys(first)

    assert keep_keys(first) == keys
    assert keep_keys(second) != keys
    assert len({keys.fernet, keys.jwt, keys.session}) == 3
    assert "jwt" not in repr(keys)


def test_what_is_private_is_for_the_owner_alone_even_where_it_was_not(tmp_path: Path) -> None:
    file = tmp_path / "airflow.cfg"
    file.write_text("old")
    file.chmod(0o644)

    write_private(file, "new")

    assert (file.read_text(), stat.S_IMODE(file.stat().st_mode)) == ("new", 0o600)
