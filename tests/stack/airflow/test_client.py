"""What fails inside Airflow is asked again where that repeats nothing; what it refuses is told at once."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from include.errors import AirflowFailedError, AirflowRefusedError
from include.settings import Settings
from stack.airflow.client import ATTEMPTS, AirflowClient
from tests.support.serving import serving

DEADLOCK = (500, {"detail": {"reason": "Database error"}})
DONE = (200, {"state": "failed"})


@contextmanager
def answering(
    tmp_path: Path, *answers: tuple[int, dict[str, Any]]
) -> Iterator[tuple[AirflowClient, list[str]]]:
    """Give a client of an Airflow that answers in this order, and what was asked of it after the login."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.path == "/auth/token":
                status, body = 200, {"access_token": "token"}
            else:
                status, body = answers[len(asked)]
                asked.append(f"{self.command} {self.path}")
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def do_GET(self) -> None:
            self.answer()

        def do_POST(self) -> None:
            self.answer()

        def do_PATCH(self) -> None:
            self.answer()

    with serving(Handler) as address:
        yield AirflowClient(Settings(stack_dir=tmp_path, airflow_port=urlsplit(address).port)), asked


@pytest.mark.parametrize("method", ["GET", "PATCH"])
def test_what_failed_in_airflows_database_is_asked_again(method: str, tmp_path: Path) -> None:
    with answering(tmp_path, DEADLOCK, DEADLOCK, DONE) as (client, asked):
        assert client.call(method, "dags/x") == {"state": "failed"}

    assert asked == [f"{method} /api/v2/dags/x"] * 3


def test_what_goes_on_failing_is_told_after_some_tries(tmp_path: Path) -> None:
    with (
        answering(tmp_path, *[DEADLOCK] * ATTEMPTS) as (client, asked),
        pytest.raises(AirflowFailedError, match=r"GET /api/v2/dags: 500 .*Database error.*; try again"),
    ):
        client.get("dags")

    assert len(asked) == ATTEMPTS


def test_a_trigger_that_failed_is_not_repeated_since_it_could_start_two_runs(tmp_path: Path) -> None:
    with answering(tmp_path, DEADLOCK) as (client, asked), pytest.raises(AirflowFailedError):
        client.trigger("heartbeat_hourly")

    assert asked == ["POST /api/v2/dags/heartbeat_hourly/dagRuns"]


def test_a_refusal_is_told_at_once(tmp_path: Path) -> None:
    with (
        answering(tmp_path, (404, {"detail": "no such DAG"})) as (client, asked),
        pytest.raises(AirflowRefusedError, match="404 no such DAG"),
    ):
        client.get("dags/x")

    assert asked == ["GET /api/v2/dags/x"]
