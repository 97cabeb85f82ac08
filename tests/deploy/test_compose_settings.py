"""What compose hands to each service: the settings by their own names, the first page's promises, secrets to few."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
from dotenv import dotenv_values
from pydantic import SecretStr

from include.settings import FIELDS
from stack.containers.configuration import API_SERVER
from stack.jars import locked_jars
from stack.kafka import CONFIGURATION
from stack.postgres import SERVER_OPTIONS, memory_options
from tests.support.compose import COMPOSE_FILE, EXAMPLE, PROFILES, config, published, services

MARKER = "marker-p4ss"
SECRETS = {name.upper() for name, field in FIELDS.items() if field.annotation is SecretStr}
# Of the embedded stack alone, or of the services that are not ours.
NOT_THE_PRODUCTS = {
    "JAR_CACHE_DIR",
    "STACK_WITH_AIRFLOW",
    "SPARK_WORKERS",
    "KAFKA_UI_PORT",
    "GRAFANA_PORT",
    "GRAFANA_USER",
}
# For a secured broker; the one here is open, on a network of its own.
OF_A_SECURED_BROKER = {
    "KAFKA_SASL_MECHANISM",
    "KAFKA_SASL_USERNAME",
    "KAFKA_SASL_PASSWORD",
    "KAFKA_SSL_CA_FILE",
    "KAFKA_SSL_CLIENT_FILE",
}
# For a database that is elsewhere, likewise.
OF_A_SECURED_DATABASE = {"DB_SSL_ROOT_CERT"}
OF_SPARK = {"SPARK_LOCAL_HOSTNAME", "SPARK_DAEMON_MEMORY", "SPARK_WORKER_OPTS"}
ROLES = {"DB_STREAM_PASS", "DB_HOURLY_PASS", "DB_REPLAY_PASS", "DB_ALARMS_PASS", "DB_READER_PASS"}
OF_THE_SENDER = {"ALARM_CHANNELS", "ALARM_OPERATORS", "ALARM_WEBHOOK_SECRET"}
WHO_KNOWS = {
    "migrate": {"DB_PASS", "DB_PEOPLE_PASS", *ROLES},
    "topic": set(),
    "airflow-prepare": {"DB_PASS", *ROLES, "AIRFLOW_PASS", "AIRFLOW_DB_PASS"},
    "airflow-api-server": {"DB_READER_PASS", "DB_PEOPLE_PASS"},
    "airflow-scheduler": {"DB_STREAM_PASS"},
    "airflow-dag-processor": set(),
    "airflow-triggerer": set(),
    "sender": {"DB_ALARMS_PASS", *OF_THE_SENDER},
    "spark-master": set(),
    "spark-worker": {"DB_STREAM_PASS"},
    "producer": set(),
    "cli": {"DB_PASS", "DB_PEOPLE_PASS", *ROLES, *OF_THE_SENDER},
}


def ours() -> dict[str, dict[str, str | None]]:
    """Return the environment of each service that runs our image."""
    return {name: each.get("environment", {}) for name, each in services().items() if "build" in each}


def test_every_key_that_a_service_of_ours_is_given_is_a_setting() -> None:
    keys = {key for environment in ours().values() for key in environment}

    assert keys - {name.upper() for name in FIELDS} == OF_SPARK


def test_every_setting_of_the_product_reaches_whoever_has_any() -> None:
    elsewhere = OF_A_SECURED_BROKER | OF_A_SECURED_DATABASE
    expected = {name.upper() for name in FIELDS} - SECRETS - NOT_THE_PRODUCTS - elsewhere

    missing = {name: expected - set(given) for name, given in ours().items() if "KAFKA_TOPIC" in given}

    assert len(missing) == 11
    assert {name: keys for name, keys in missing.items() if keys} == {}


@pytest.mark.parametrize("name", sorted(WHO_KNOWS))
def test_it_knows_the_secrets_that_it_needs_and_no_others(name: str) -> None:
    assert set(ours()[name]) & SECRETS == WHO_KNOWS[name]


def test_every_secret_is_known_to_somebody() -> None:
    used = set(re.findall(r"\b[A-Z_]+\b", COMPOSE_FILE.read_text()))

    assert SECRETS - used == {"KAFKA_SASL_PASSWORD"}


def test_no_secret_stands_in_a_command_a_check_or_a_label(tmp_path: Path) -> None:
    values = {key: MARKER if key in SECRETS else value for key, value in dotenv_values(EXAMPLE).items()}
    (tmp_path / ".env").write_text("\n".join(f"{key}={value}" for key, value in values.items()))

    model = config(*PROFILES, env_file=tmp_path / ".env").model

    shown = {
        name: json.dumps({key: value for key, value in each.items() if key != "environment"})
        for name, each in model["services"].items()
    }
    assert MARKER in json.dumps(model)
    assert {name for name, text in shown.items() if MARKER in text} == set()


def test_every_variable_of_the_file_is_in_the_example_with_the_value_it_falls_back_to() -> None:
    example = dotenv_values(EXAMPLE)
    variables = re.findall(r"(?<!\$)\$\{(\w+):-([^}]*)\}", COMPOSE_FILE.read_text())

    assert len(re.findall(r"(?<!\$)\$(?!\$)", COMPOSE_FILE.read_text())) == len(variables)
    assert {(key, value) for key, value in variables if example.get(key) != value} == set()


@pytest.mark.parametrize(
    ("name", "port"),
    [
        ("kafka", ("127.0.0.1", "9092", 9092)),
        ("postgres", ("127.0.0.1", "5433", 5432)),
        ("kafka-ui", ("127.0.0.1", "8080", 8080)),
        ("grafana", ("127.0.0.1", "3000", 3000)),
        ("airflow-api-server", ("127.0.0.1", "8085", 8085)),
    ],
)
def test_it_is_where_the_page_says(name: str, port: tuple[str, str, int]) -> None:
    assert published(services()[name]) == [port]


def test_nothing_else_is_published() -> None:
    assert sum(len(published(each)) for each in services().values()) == 5


def test_a_client_on_the_host_and_one_inside_are_each_sent_to_an_address_that_they_reach() -> None:
    listeners = dict(
        listener.split("://")
        for listener in services()["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"].split(",")
    )

    assert listeners["HOST"] == dotenv_values(EXAMPLE)["KAFKA_BROKER"]
    assert listeners["INSIDE"] == ours()["topic"]["KAFKA_BROKER"]


def test_the_database_and_its_owner_are_those_of_the_first_page() -> None:
    postgres, values = services()["postgres"], dotenv_values(EXAMPLE)

    assert postgres["environment"]["POSTGRES_DB"] == values["DB_NAME"] == "monitoring_db"
    assert postgres["environment"]["POSTGRES_USER"] == values["DB_USER"] == "admin"
    assert postgres["environment"]["POSTGRES_PASSWORD_FILE"] == "/run/secrets/db_pass"
    assert config().model["secrets"]["db_pass"]["environment"] == "DB_PASS"


def test_grafana_has_the_login_of_the_first_page_and_reads_as_the_reader() -> None:
    environment = services()["grafana"]["environment"]

    assert environment["GF_SECURITY_ADMIN_USER"] == environment["GF_SECURITY_ADMIN_PASSWORD"] == "admin"
    assert set(environment) & SECRETS == {"DB_READER_PASS"}


def test_the_inside_addresses_are_services() -> None:
    given = ours()["airflow-scheduler"]
    hosts = [str(given["KAFKA_BROKER"]), str(given["DB_HOST"]), str(given["SPARK_MASTER"])]

    assert {host.removeprefix("spark://").split(":")[0] for host in hosts} | {API_SERVER} <= set(services())


def test_executors_find_the_driver_and_the_master_by_their_hosts_names() -> None:
    assert services()["airflow-scheduler"]["hostname"] == ours()["airflow-scheduler"]["SPARK_LOCAL_HOSTNAME"]
    assert services()["spark-worker"]["command"][-1] == ours()["airflow-scheduler"]["SPARK_MASTER"]
    master = services()["spark-master"]
    assert master["command"][master["command"].index("--host") + 1] == master["hostname"]


def test_the_broker_is_the_one_that_is_locked_and_set_as_in_the_embedded_stack() -> None:
    [broker] = [jar for jar in locked_jars() if jar.name == "kafka_2.13"]
    given = services()["kafka"]["environment"]
    lines = [line.split("=", 1) for line in CONFIGURATION.splitlines() if "{" not in line]
    settings = {f"KAFKA_{key.upper().replace('.', '_')}": value for key, value in lines}
    # Its listeners are its own: two kinds of client instead of one.
    own = {"KAFKA_INTER_BROKER_LISTENER_NAME", "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP"}

    assert services()["kafka"]["image"] == f"apache/kafka:{broker.version}"
    assert {key: value for key, value in settings.items() if key not in own and given.get(key) != value} == {}


def test_the_broker_keeps_records_as_long_as_the_setting_says(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("KAFKA_RETENTION_DAYS=3")
    broker = config(env_file=tmp_path / ".env").model["services"]["kafka"]
    shell, flag, script = broker["command"]
    # What follows `exec` is the image's own command.
    script = script.replace("$$", "$").replace(
        "exec /etc/kafka/docker/run", "echo $KAFKA_LOG_RETENTION_HOURS"
    )

    said = subprocess.run(
        [shell, flag, script],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, **broker["environment"]},
    ).stdout

    assert said == "72\n"


def test_the_database_is_set_as_in_the_embedded_stack() -> None:
    memory_bytes = int(services()["postgres"]["deploy"]["resources"]["limits"]["memory"])
    expected = [
        f"--{key}={value}"
        for key, value in (SERVER_OPTIONS | memory_options(memory_bytes)).items()
        if key != "unix_socket_directories"
    ]

    assert services()["postgres"]["command"] == ["postgres", *expected]


def test_the_example_starts_as_many_workers_as_it_says() -> None:
    assert services()["spark-worker"]["deploy"]["replicas"] == int(
        dotenv_values(EXAMPLE)["SPARK_WORKERS"] or 0
    )
