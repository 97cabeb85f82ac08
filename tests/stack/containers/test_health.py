"""The health check of a container says what the api-server says of its part, and is red when nobody answers."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler

import pytest

from stack.containers import health
from stack.ports import free_port
from tests.support.serving import serving

STATUS = {"metadatabase": {"status": "healthy"}, "scheduler": {"status": "unhealthy"}}


class ApiServer(BaseHTTPRequestHandler):
    """Answers as Airflow's does."""

    def do_GET(self) -> None:
        """Give the state of all parts."""
        self.send_response(200 if self.path == "/api/v2/monitor/health" else 404)
        self.end_headers()
        self.wfile.write(json.dumps(STATUS).encode())


@pytest.fixture
def api_server() -> Iterator[str]:
    """Run it and give its address."""
    with serving(ApiServer) as address:
        yield address


@pytest.mark.parametrize(("name", "code"), [("metadatabase", 0), ("scheduler", 1), ("triggerer", 1)])
def test_it_is_well_only_if_the_api_server_says_so(
    api_server: str, name: str, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert health.check(name, api_server) == code
    assert capsys.readouterr().out.startswith(f"{name} is ")


def test_it_is_not_well_when_nobody_answers(capsys: pytest.CaptureFixture[str]) -> None:
    assert health.check("metadatabase", f"http://127.0.0.1:{free_port()}") == 1
    assert "unknown" in capsys.readouterr().out
