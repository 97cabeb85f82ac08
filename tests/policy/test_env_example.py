"""`.env.example` names exactly what Settings reads, with values that it accepts."""

import pytest
from dotenv import dotenv_values

from include.settings import FIELDS, PROJECT_ROOT, Settings

EXAMPLE = PROJECT_ROOT / ".env.example"
SEED_PAGE = {
    "KAFKA_BROKER": "localhost:9092",
    "KAFKA_TOPIC": "customer_heartbeats",
    "DB_HOST": "127.0.0.1",
    "DB_PORT": "5433",
    "DB_NAME": "monitoring_db",
    "DB_USER": "admin",
    "DB_PASS": "password123",
}


def test_the_example_has_the_keys_of_the_settings_and_no_others() -> None:
    assert set(dotenv_values(EXAMPLE)) == {name.upper() for name in FIELDS}


def test_the_keys_of_the_first_page_come_first_with_their_values() -> None:
    first = list(dotenv_values(EXAMPLE).items())[: len(SEED_PAGE)]

    assert first == list(SEED_PAGE.items())


def test_the_example_says_what_the_settings_are_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in FIELDS:
        monkeypatch.delenv(name.upper(), raising=False)

    assert Settings(_env_file=EXAMPLE) == Settings()


def test_comments_stand_on_lines_of_their_own() -> None:
    assignments = [line for line in EXAMPLE.read_text().splitlines() if line and not line.startswith("#")]

    assert [line for line in assignments if "#" in line or " " in line] == []
