"""The webhook: what cannot be reached is a ChannelError without the address, whatever is wrong."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler

import pytest

from include.outbox.channels import ChannelError, JsonWebhook
from tests.support.serving import serving
from tests.support.webhook import listening

BODY = {"event": "notice", "key": "k", "subject": "check lag", "state": "failing"}


# How long a receiver goes on that trickles.
TRICKLE_SECONDS = 60


def post(url: str, *, timeout_seconds: float = 5) -> None:
    JsonWebhook(url, secret="a secret", timeout_seconds=timeout_seconds).send(BODY)


@contextmanager
def trickling(beginning: bytes, byte: bytes) -> Iterator[tuple[str, threading.Event]]:
    """Give a receiver that answers byte by byte, and what is set once nobody listens any more."""
    is_alone, is_over = threading.Event(), threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.wfile.write(beginning)
            try:
                for _ in range(TRICKLE_SECONDS * 20):
                    self.wfile.write(byte)
                    if is_over.wait(0.05):
                        break
            except OSError:
                is_alone.set()

    with serving(Handler) as address:
        try:
            yield address, is_alone
        finally:
            is_over.set()


def test_a_message_is_taken_as_json() -> None:
    with listening() as listener:
        post(listener.url)

    assert [json.loads(content) for _, content in listener.requests] == [BODY]


@pytest.mark.parametrize(
    "url", ["http://", "http://[::1", "http://127.0.0.1:99999/x", "http://\x00/", "https://nobody.invalid/x"]
)
def test_an_address_that_cannot_be_one_is_told_without_it(url: str) -> None:
    with pytest.raises(ChannelError, match=r"^no answer \(\w+\)$"):
        post(url)


@pytest.mark.parametrize(
    ("key", "value"), [("ALL_PROXY", "socks5://127.0.0.1:1"), ("HTTP_PROXY", "nonsense://x")]
)
def test_a_proxy_that_cannot_be_used_is_told_without_it(
    monkeypatch: pytest.MonkeyPatch, key: str, value: str
) -> None:
    for name in ("NO_PROXY", "no_proxy", "HTTP_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(key, value)

    with pytest.raises(ChannelError, match=r"^no answer \(\w+\)$"):
        post("http://example.invalid/x")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed_and_says_where_it_leads_without_what_may_be_secret(status: int) -> None:
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.path)
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("Location", f"{address.replace('//', '//me:token@')}/token?token=1")
            self.end_headers()

        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()

    with serving(Handler) as address, pytest.raises(ChannelError) as raised:
        post(f"{address}/hook")

    assert str(raised.value) == (
        f"the receiver redirects ({status}) to {address}: set the address it leads to itself"
    )
    assert asked == ["/hook"]


def test_a_redirect_to_nowhere_is_a_failure_like_others() -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(302)
            self.end_headers()

    with serving(Handler) as address, pytest.raises(ChannelError, match=r"^the receiver answered 302$"):
        post(address)


def test_headers_that_trickle_are_given_up_after_the_time_out() -> None:
    with trickling(b"HTTP/1.1 200 OK\r\nX-Slow: ", b"x") as (address, is_alone):
        with pytest.raises(ChannelError, match=r"^no answer \(TimeoutError\)$"):
            post(address, timeout_seconds=1)
        assert is_alone.wait(TRICKLE_SECONDS / 2)


def test_of_an_answer_the_status_counts_and_nobody_waits_for_its_body() -> None:
    with trickling(b"HTTP/1.1 200 OK\r\n\r\n", b"x") as (address, is_alone):
        post(address, timeout_seconds=TRICKLE_SECONDS / 2)
        assert is_alone.wait(TRICKLE_SECONDS / 2)
