"""The webhook: what cannot be reached is a quiet no, whatever is wrong, and a redirect is followed."""

from datetime import datetime

import pytest
from include.notices.webhook import post
from pydantic import SecretStr

from include.notices.types import Notice
from include.settings import Settings
from tests.support.webhook import listening

NOTICE = Notice(1, "check lag", True, "much", None, datetime(2026, 3, 1))  # noqa: DTZ001 - UTC, as the columns are


def to(url: str) -> Settings:
    return Settings(health_webhook_url=SecretStr(url), health_webhook_timeout_seconds=5)


def test_a_notice_is_taken_as_json() -> None:
    with listening() as listener:
        assert post(to(listener.url), NOTICE)

    assert listener.told() == [("check lag", "failing")]
    assert listener.bodies[0]["at"] == "2026-03-01T00:00:00Z"


@pytest.mark.parametrize(
    "url", ["http://", "http://[::1", "http://127.0.0.1:99999/x", "http://\x00/", "https://nobody.invalid/x"]
)
def test_an_address_that_cannot_be_one_is_a_quiet_no(url: str) -> None:
    assert not post(to(url), NOTICE)


@pytest.mark.parametrize(
    ("key", "value"), [("ALL_PROXY", "socks5://127.0.0.1:1"), ("HTTP_PROXY", "nonsense://x")]
)
def test_a_proxy_that_cannot_be_used_is_a_quiet_no(
    monkeypatch: pytest.MonkeyPatch, key: str, value: str
) -> None:
    for name in ("NO_PROXY", "no_proxy", "HTTP_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(key, value)

    assert not post(to("http://example.invalid/x"), NOTICE)
