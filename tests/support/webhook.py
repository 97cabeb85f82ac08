"""A webhook that keeps what it is told, and can be away, slow, or deny what it has taken."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.support.serving import serving


@dataclass
class Listener:
    """What came, in order: `requests` all of it, `bodies` what was answered with 200. It answers once it may."""

    url: str
    status: int = 200
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    may_answer: threading.Event = field(default_factory=threading.Event)

    def told(self) -> list[tuple[str, str]]:
        """Return subject and state of the notices that were taken."""
        return [(body["subject"], body["state"]) for body in self.bodies if body.get("event") == "notice"]

    def events(self) -> list[str]:
        """Return what was said in all that came."""
        return [json.loads(content)["event"] for _, content in self.requests]

    def keys(self) -> list[str]:
        """Return the keys of all that came."""
        return [json.loads(content)["key"] for _, content in self.requests]


@contextmanager
def listening() -> Iterator[Listener]:
    """Give a webhook on a port of its own."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            listener.requests.append((dict(self.headers), content))
            listener.may_answer.wait(60)
            if listener.status == 200:
                listener.bodies.append(json.loads(content))
            self.send_response(listener.status)
            self.end_headers()

    with serving(Handler) as address:
        listener = Listener(f"{address}/token-123")
        listener.may_answer.set()
        try:
            yield listener
        finally:
            listener.may_answer.set()
