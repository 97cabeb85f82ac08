"""Our own parts are asked directly, whatever proxy the shell names."""

import pytest

from stack.http import ask
from stack.ports import free_port
from tests.support.webhook import listening


def test_loopback_is_never_asked_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    for key in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(key, f"http://127.0.0.1:{free_port()}")

    with listening() as listener:
        answer = ask("POST", listener.url, body={"subject": "x", "state": "y"}, timeout_seconds=10)

    assert answer.status_code == 200
    assert listener.bodies == [{"subject": "x", "state": "y"}]
