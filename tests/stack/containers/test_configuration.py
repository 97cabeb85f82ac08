"""What Airflow is told in containers: the embedded stack's configuration, with a real login and other addresses."""

from pathlib import Path

import pytest

from include.settings import Settings
from stack.airflow.configuration import configuration
from stack.airflow.keys import Keys
from stack.containers.configuration import API_SERVER, EVERY_ADDRESS, deployed_configuration

KEYS = Keys(fernet="fernet-key", jwt="jwt-key", session="session-key")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(stack_dir=tmp_path, db_host="postgres", db_port=5432, airflow_port=18085)


def test_it_differs_from_the_embedded_stack_in_login_and_addresses_alone(settings: Settings) -> None:
    embedded, deployed = configuration(settings, KEYS), deployed_configuration(settings, KEYS)

    differences = {
        (section, key)
        for section in {*embedded, *deployed}
        for key in {*embedded.get(section, {}), *deployed.get(section, {})}
        if embedded.get(section, {}).get(key) != deployed.get(section, {}).get(key)
    }

    assert differences == {
        ("core", "auth_manager"),
        ("core", "simple_auth_manager_users"),
        ("core", "simple_auth_manager_passwords_file"),
        ("core", "execution_api_server_url"),
        ("api", "host"),
        ("fab", "session_lifetime_minutes"),
    }


def test_tasks_in_other_containers_reach_the_api_server_by_its_name(settings: Settings) -> None:
    sections = deployed_configuration(settings, KEYS)

    assert sections["core"]["execution_api_server_url"] == f"http://{API_SERVER}:18085/execution/"
    assert sections["api"]["host"] == EVERY_ADDRESS
    assert "@postgres:5432/" in str(sections["database"]["sql_alchemy_conn"])
