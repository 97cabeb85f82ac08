"""HTTP between our own parts: never through a proxy, and plain, so that no certificates are read."""

import ssl
from typing import Any

import httpx

_NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def ask(
    method: str, url: str, *, body: Any = None, headers: dict[str, str] | None = None, timeout_seconds: float
) -> httpx.Response:
    """Send a request, its body as JSON; raise httpx.HTTPError where nobody answers in time."""
    return httpx.request(
        method,
        url,
        json=body,
        headers=headers,
        timeout=timeout_seconds,
        follow_redirects=True,
        verify=_NO_CERTIFICATES,
        trust_env=False,
    )
