"""Airflow's page as it is deployed: a real login, whose password is told to nobody but Airflow."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from include.settings import PROJECT_ROOT, Settings, environment_of
from stack.administrator import make_password
from stack.containers.prepare import prepare
from stack.http import ask
from stack.ports import free_port
from stack.private import write_private
from tests.support.background import repeating
from tests.support.control_plane import all_command_lines
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(1800)]

PASSWORD = "m@rk/er:1%"


@pytest.fixture(scope="module")
def settings(stack: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Give settings with a folder and a port of its own."""
    folder = tmp_path_factory.mktemp("deployed")
    # There the owner is the server's superuser; here another is.
    write_private(folder / "superuser", make_password(stack))
    return stack.having(
        stack_dir=folder, airflow_port=free_port(), airflow_user="operator", airflow_pass=SecretStr(PASSWORD)
    )


@pytest.fixture(scope="module")
def page(settings: Settings) -> Iterator[str]:
    """Give the address of the page, prepared and running as in its container."""
    with command_lines_watched() as seen:
        prepare(settings.having(airflow_pass=SecretStr("another")))
        prepare(settings)  # as when the password in .env was changed since
    assert PASSWORD not in "\n".join(seen)
    address = f"http://127.0.0.1:{settings.airflow.port}"
    command = [sys.executable, "-m", "stack.containers", "run", "api-server"]
    with (settings.stack.dir / "api-server.log").open("wb") as output:
        process = subprocess.Popen(
            command, cwd=PROJECT_ROOT, env=environment_of(settings), stdout=output, stderr=output
        )
    try:
        wait_until(
            lambda: status_of(f"{address}/api/v2/monitor/health"),
            lambda code: code == 200,
            timeout_seconds=180,
        )
        yield address
    finally:
        process.terminate()
        process.wait(timeout=180)


@contextmanager
def command_lines_watched() -> Iterator[list[str]]:
    """Collect every command line of this machine, again and again."""
    seen = [""]
    with repeating(lambda: seen.append(all_command_lines()), every_seconds=0.2):
        yield seen


def status_of(url: str, login: dict[str, str] | None = None) -> int:
    """Return the HTTP status, 0 if nobody answers."""
    try:
        return ask("POST" if login else "GET", url, body=login, timeout_seconds=180).status_code
    except httpx.HTTPError:
        return 0


def test_only_the_password_of_the_settings_opens_the_page(page: str) -> None:
    outcomes = {
        word: status_of(f"{page}/auth/token", {"username": "operator", "password": word})
        for word in (PASSWORD, "another", "admin")
    }

    assert outcomes == {PASSWORD: 201, "another": 401, "admin": 401}


def test_nothing_is_shown_without_a_login(page: str) -> None:
    assert {path: status_of(f"{page}{path}") for path in ("/api/v2/dags", "/data-docs/")} == {
        "/api/v2/dags": 401,
        "/data-docs/": 401,
    }


def test_the_password_lies_in_no_file_that_airflow_keeps(page: str, settings: Settings) -> None:
    holders = [
        file
        for file in Path(settings.stack.dir).rglob("*")
        if file.is_file() and PASSWORD.encode() in file.read_bytes()
    ]

    assert status_of(f"{page}/auth/login/") == 200
    assert holders == []
