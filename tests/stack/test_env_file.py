"""The first `.env`: random where the example asks for it, its owner's alone, never overwritten."""

from pathlib import Path

import pytest
from dotenv import dotenv_values

from stack import env_file

EXAMPLE = "#COMMENTED_OUT=change-me\nDB_PASS=password123\nDB_READER_PASS=change-me\nTOPIC=t\n"


@pytest.fixture
def example(tmp_path: Path) -> Path:
    file = tmp_path / ".env.example"
    file.write_text(EXAMPLE)
    return file


def test_placeholders_become_random_and_all_else_stays(example: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"

    assert env_file.create(example, first)
    assert env_file.create(example, second)

    values, others = dotenv_values(first), dotenv_values(second)
    assert (values["DB_PASS"], values["TOPIC"]) == ("password123", "t")
    assert len(values["DB_READER_PASS"] or "") >= 32
    assert values["DB_READER_PASS"] != others["DB_READER_PASS"]
    assert first.read_text().splitlines()[0] == EXAMPLE.splitlines()[0]


def test_only_the_owner_can_read_it(example: Path, tmp_path: Path) -> None:
    env_file.create(example, tmp_path / ".env")

    assert (tmp_path / ".env").stat().st_mode & 0o777 == 0o600


def test_a_file_that_is_there_is_kept(example: Path, tmp_path: Path) -> None:
    target = tmp_path / ".env"
    target.write_text("DB_PASS=mine\n")

    assert not env_file.create(example, target)

    assert target.read_text() == "DB_PASS=mine\n"


def test_passwords_that_everyone_knows_are_named(example: Path, tmp_path: Path) -> None:
    env_file.create(example, tmp_path / ".env")

    assert env_file.default_passwords(tmp_path / ".env") == ["DB_PASS"]
    assert env_file.default_passwords(example) == ["DB_PASS", "DB_READER_PASS"]
