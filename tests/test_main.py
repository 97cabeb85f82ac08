"""The command line explains itself: every command has examples that work, and the exit codes are those in use."""

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from include import errors
from include.command_line import EXIT_CODES
from include.settings import PROJECT_ROOT
from main import app

PROGRAM = "python main.py "


def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every command that does something, with the words that lead to it."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


ROOT = typer.main.get_command(app)
COMMANDS = dict(commands(ROOT))


def examples_of(command: Any) -> list[list[str]]:
    lines = (line.strip() for line in (command.epilog or "").splitlines())
    return [shlex.split(line.removeprefix(PROGRAM)) for line in lines if line.startswith(PROGRAM)]


def run(*words: str, **environment: str) -> str:
    ended = subprocess.run(
        [sys.executable, "main.py", *words],
        cwd=PROJECT_ROOT,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "120", **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return ended.stdout


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_says_what_it_does_and_shows_an_example_that_is_accepted(path: tuple[str, ...]) -> None:
    command = COMMANDS[path]

    found = examples_of(command)

    assert command.help
    assert found
    for words in found:
        assert tuple(words[: len(path)]) == path
        command.make_context(" ".join(path), words[len(path) :]).close()


def test_an_example_with_a_wrong_option_would_not_be_accepted() -> None:
    with pytest.raises(Exception, match="No such option"):
        COMMANDS[("report",)].make_context("report", ["--jsn"])


def test_the_help_groups_the_commands_and_explains_every_exit_code() -> None:
    shown = run("--help")

    groups = {command.rich_help_panel for command in ROOT.commands.values()}  # type: ignore[attr-defined]
    assert len(groups) == 3
    assert [group for group in groups if group not in shown] == []
    assert [meaning for meaning in EXIT_CODES.values() if meaning not in shown] == []


def test_every_exit_code_of_an_error_is_documented() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    used = {kind.exit_code for kind in kinds if issubclass(kind, errors.HeartbeatError)}

    assert len(used) > 4
    assert used <= set(EXIT_CODES)


def test_the_shell_completes_commands_and_options() -> None:
    asked = {"HEARTBEAT_COMMAND": "heartbeat", "_HEARTBEAT_COMPLETE": "complete_bash"}

    command = run(COMP_WORDS="heartbeat dead", COMP_CWORD="1", **asked)
    option = run(COMP_WORDS="heartbeat producer --led", COMP_CWORD="2", **asked)

    assert command.split() == ["dead-letters"]
    assert option.split() == ["--ledger"]


def test_setup_leaves_a_command_that_knows_its_name() -> None:
    heartbeat = PROJECT_ROOT / ".venv" / "bin" / "heartbeat"

    shown = subprocess.run(
        [heartbeat, "--help"],
        cwd="/",
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "NO_COLOR": "1"},
    ).stdout

    assert "Usage: heartbeat" in shown
    assert "--install-completion" in shown


def test_airflows_command_line_says_what_to_do_where_no_airflow_is(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "main.py", "airflow", "dags", "list", "--output", "json"],
        cwd=PROJECT_ROOT,
        env={**os.environ, "HEARTBEAT_ENV_FILE": os.devnull, "STACK_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == f"error: there is no Airflow in {tmp_path / 'airflow'} yet: run 'make up' first\n"
