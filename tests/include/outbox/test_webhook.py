"""The webhook: what cannot be reached is a ChannelError without the address, whatever is wrong."""

import json

import pytest

from include.outbox.channels import ChannelError, JsonWebhook
from tests.support.webhook import listening

BODY = {"event": "notice", "key": "k", "subject": "check lag", "state": "failing"}


def post(url: str) -> None:
    JsonWebhook(url, secret="a secret", timeout_seconds=5).send(BODY)


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
