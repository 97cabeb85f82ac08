"""A webhook that keeps what it is told, and can be away."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


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

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listener = Listener(f"http://127.0.0.1:{server.server_port}/token-123")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield listener
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
