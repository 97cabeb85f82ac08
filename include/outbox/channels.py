"""Ways to reach whoever is to be told, by URL.

A program takes JSON by HTTP POST, with the message's key and a signature: HMAC-SHA256 with the shared secret over the
time of sending, a dot and the body. A receiver that checks both drops repeats, forgeries, and what somebody recorded
and sends again. Everything else, mail and chat, goes through apprise.
"""

import asyncio
import hashlib
import hmac
import logging
import time
from typing import Any, Protocol
from uuid import uuid5

import httpx

from include import web
from include.errors import SettingsError, TransientError
from include.outbox.bodies import NAMESPACE, encode, in_words
from include.outbox.plan import FIRST, OPERATORS, Reach
from include.settings import Settings

SIGNATURE = "X-Heartbeat-Signature"
SENT_AT = "X-Heartbeat-Sent-At"
KEY = "X-Heartbeat-Key"


class ChannelError(TransientError):
    """A channel did not take a message. The text names a host at most: the rest of an address may hold a token."""


class Channel(Protocol):
    """A way to reach somebody."""

    def send(self, body: dict[str, Any]) -> None:
        """Deliver one message; raise ChannelError if it was not taken."""
        ...


class JsonWebhook:
    """Posts each message as JSON, signed."""

    def __init__(self, url: str, *, secret: str, timeout_seconds: float) -> None:
        self._url, self._secret, self._timeout_seconds = url, secret, timeout_seconds

    def send(self, body: dict[str, Any]) -> None:
        """Post the message; anything but a status of 200 to 299, in time, is a failure.

        No redirect is followed: most of them make an empty GET of a POST, and the message would be lost.
        """
        content, sent_at = encode(body), str(int(time.time()))
        headers = {
            "Content-Type": "application/json",
            KEY: str(body["key"]),
            SENT_AT: sent_at,
            SIGNATURE: sign(self._secret, sent_at, content),
        }
        try:
            answer = asyncio.run(self._answer(content, headers))
        # Certificates that cannot be read, too; and a port that is none comes as a group.
        except (*web.NOT_REACHED, OSError, ExceptionGroup) as failure:
            raise ChannelError(f"no answer ({type(failure).__name__})") from None
        if answer.next_request is not None:
            to = answer.next_request.url
            where = f"{to.scheme}://{to.netloc.decode()}"
            raise ChannelError(
                f"the receiver redirects ({answer.status_code}) to {where}: set the address it leads to itself"
            )
        if not answer.is_success:
            raise ChannelError(f"the receiver answered {answer.status_code}")

    async def _answer(self, content: bytes, headers: dict[str, str]) -> httpx.Response:
        """Return the answer without its body, which may have no end.

        The time-out is one for all: httpx's own begin anew with each byte, and would let a receiver hold the sender.
        """
        async with (
            httpx.AsyncClient(timeout=None, verify=web.trusted()) as client,  # noqa: S113 - the next line's is
            asyncio.timeout(self._timeout_seconds),
            client.stream("POST", self._url, content=content, headers=headers) as answer,
        ):
            return answer


class AppriseChannel:
    """Tells people in words, by one of apprise's services."""

    def __init__(self, url: str, *, timeout_seconds: float) -> None:
        # Only here: it is large, and who has webhooks alone does not need it.
        import apprise

        # Its lines may hold addresses.
        logging.getLogger("apprise").disabled = True
        # A redirect would make an empty GET of most messages, and count as taken.
        self._service = apprise.Apprise(asset=apprise.AppriseAsset(http_redirects=False))
        self._timeout_seconds = timeout_seconds
        if not self._service.add(url):
            raise ValueError("apprise knows no such service")

    def send(self, body: dict[str, Any]) -> None:
        """Hand the message to the service."""
        title, text = in_words(body)
        try:
            is_taken = self._service.notify(title=title, body=text, timeout=self._timeout_seconds)
        except Exception as failure:  # a service of somebody else's making must not end ours
            raise ChannelError(f"the service failed ({type(failure).__name__})") from None
        if not is_taken:
            raise ChannelError("the service did not take it")


def sign(secret: str, sent_at: str, content: bytes) -> str:
    """Return the signature of a message."""
    digest = hmac.new(secret.encode(), sent_at.encode() + b"." + content, hashlib.sha256)
    return f"sha256={digest.hexdigest()}"


class Channels:
    """The channels of the settings, by their numbers."""

    def __init__(self, settings: Settings) -> None:
        """Raise SettingsError for an address that cannot be used."""
        operators = settings.alarms.operators.get_secret_value().strip()
        urls = settings.alarms.channels.get_secret_value().split()
        named = {FIRST + place: (f"ALARM_CHANNELS: entry {place + 1}", url) for place, url in enumerate(urls)}
        if operators:
            named[OPERATORS] = ("ALARM_OPERATORS", operators)
        self._by_number = {number: _open(name, url, settings) for number, (name, url) in named.items()}
        # What each address is recognised by, which says nothing of it.
        self.addresses = {number: uuid5(NAMESPACE, f"channel {url}") for number, (_, url) in named.items()}
        self.reach = Reach(len(urls), bool(operators))

    def __getitem__(self, number: int) -> Channel:
        return self._by_number[number]

    @property
    def of_operators(self) -> Channel | None:
        """Whoever is told of the product itself; None for nobody."""
        return next((self[number] for number in self.reach.of_notices), None)


def _open(name: str, url: str, settings: Settings) -> Channel:
    scheme, separator, _ = url.partition("://")
    if not separator:
        raise SettingsError(f"{name} is no address: it must begin with https:// or a scheme of apprise")
    timeout_seconds = settings.alarms.timeout_seconds
    if scheme.lower() in ("http", "https"):
        secret = settings.alarms.webhook_secret.get_secret_value()
        if not secret:
            raise SettingsError(f"{name} is a webhook: set ALARM_WEBHOOK_SECRET, by which it is signed")
        return JsonWebhook(url, secret=secret, timeout_seconds=timeout_seconds)
    try:
        return AppriseChannel(url, timeout_seconds=timeout_seconds)
    except ImportError:
        raise SettingsError(f"{name} needs apprise, which is not installed: run 'make setup'") from None
    except ValueError:
        raise SettingsError(f"{name} is no address that apprise knows") from None
