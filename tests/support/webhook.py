"""A webhook that keeps what it is told, and can be away."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.support.serving import serving


@dataclass
class Listener:
    """What was taken, in order; another status than 200 takes nothing."""

    url: str
    status: int = 200
    bodies: list[dict[str, Any]] = field(default_factory=list)
    refused_count: int = 0

    def told(self) -> list[tuple[str, str]]:
        """Return subject and state of what was taken."""
        return [(body["subject"], body["state"]) for body in self.bodies]


@contextmanager
def listening() -> Iterator[Listener]:
    """Give a webhook on a port of its own."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if listener.status == 200:
                listener.bodies.append(body)
            else:
                listener.refused_count += 1
            self.send_response(listener.status)
            self.end_headers()

    with serving(Handler) as address:
        listener = Listener(f"{address}/token-123")
        yield listener
