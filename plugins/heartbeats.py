"""The live page inside the Airflow UI: an application of its own below /heartbeats, and an entry in the navigation.

Airflow does not guard a plugin's own application, so every route here asks for the user, that of the page's files
too. The page shows people's heart rates: a customer's id travels in the body of a request, never in its address,
which web servers write into their logs.

Airflow answers its own requests in this process too. So nothing here uses the threads that all its routes share: what
takes time runs on threads of the page's own, and who asks for more than these can do is told to come again.
"""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from hashlib import sha256
from mimetypes import guess_type
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar
from uuid import UUID

from airflow.api_fastapi.core_api.security import get_user
from airflow.plugins_manager import AirflowPlugin
from fastapi import Depends, FastAPI, Header, HTTPException
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel, Field

from include.errors import DeskFullError, HeartbeatError
from include.settings import get_settings

if TYPE_CHECKING:
    from include.live.desk import CustomerDesk
    from include.live.run import LiveReader

T = TypeVar("T")

PREFIX = "/heartbeats"
# No Python below: Airflow imports every module that it finds in this folder.
PAGE = Path(__file__).parent / "heartbeats_page"
FIRST_PAGE = "index.html"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
# A stream ends after a while and the browser opens the next one: so a login that has ended is noticed.
STREAM_SECONDS = 300.0
POLL_SECONDS = 0.1
# A sign of life, for proxies that end what is silent.
SIGN_OF_LIFE_SECONDS = 10.0
LONGEST_MINUTES = 60
# A database or a broker that is away is asked again by the page after this.
TRY_AGAIN_SECONDS = 5

# Loads what the page needs, once: that takes a second or two.
_loader = ThreadPoolExecutor(1, thread_name_prefix="heartbeat-live-loader")
app = FastAPI(dependencies=[Depends(get_user)], openapi_url=None)


class CustomerQuestion(BaseModel):
    """Whose heart rate, and how far back."""

    customer_id: UUID
    minutes: int = Field(15, ge=1, le=LONGEST_MINUTES)


@app.get("/api/stream")
async def stream() -> StreamingResponse:
    """Send each new snapshot as a server-sent event."""
    return StreamingResponse(
        _events(await _loaded(_reader)),
        media_type="text/event-stream",
        headers={**HEADERS, "Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


@app.post("/api/customer")
async def customer(question: CustomerQuestion) -> Response:
    """Return one customer's heart rate over the last minutes and hours."""
    desk = await _loaded(_desk)
    try:
        answer = desk.ask(question.customer_id, question.minutes)
        # Others may wait for the same answer: who goes away takes only himself along.
        body = await asyncio.shield(asyncio.wrap_future(answer))
    except HeartbeatError as error:
        seconds = error.seconds if isinstance(error, DeskFullError) else TRY_AGAIN_SECONDS
        raise HTTPException(503, str(error), {"Retry-After": str(seconds)}) from None
    return Response(body, media_type="application/json", headers={**HEADERS, "Cache-Control": "no-store"})


@app.get("/{path:path}")
async def file(path: str, if_none_match: Annotated[str | None, Header()] = None) -> Response:
    """Return one of the page's files."""
    name = path or FIRST_PAGE
    if name not in _files():
        raise HTTPException(404, "there is no such page")
    if name == FIRST_PAGE:
        (await _loaded(_reader)).newest()  # by the time the page asks for it, the first look is done
    content, tag = _content(name)
    headers = {**HEADERS, "Cache-Control": "private, no-cache", "ETag": tag}
    if if_none_match == tag:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=guess_type(name)[0] or "text/plain", headers=headers)


async def _loaded(part: Callable[[], T]) -> T:
    """Return a part of the page, loaded by a thread of the page's own where it is not there yet."""
    return await asyncio.get_running_loop().run_in_executor(_loader, part)


async def _events(reader: "LiveReader") -> AsyncIterator[bytes]:
    ends_at = time.monotonic() + STREAM_SECONDS
    spoke_at = time.monotonic()
    sent = 0
    yield b"retry: 1000\n\n"
    while time.monotonic() < ends_at and not _is_server_stopping():
        snapshot = reader.newest()
        if snapshot is not None and snapshot.number != sent:
            sent, spoke_at = snapshot.number, time.monotonic()
            yield b"event: %b\ndata: %b\n\n" % (snapshot.event.encode(), snapshot.body)
        elif time.monotonic() - spoke_at > SIGN_OF_LIFE_SECONDS:
            spoke_at = time.monotonic()
            yield b": still here\n\n"
        await asyncio.sleep(POLL_SECONDS)


def _is_server_stopping() -> bool:
    """Tell whether uvicorn was asked to end: it waits for open streams, and these would keep it for minutes."""
    server = getattr(signal.getsignal(signal.SIGTERM), "__self__", None)
    return bool(getattr(server, "should_exit", False))


@cache
def _files() -> frozenset[str]:
    """Return the names of the page's files: nothing else can be asked for."""
    return frozenset(found.relative_to(PAGE).as_posix() for found in PAGE.rglob("*") if found.is_file())


@cache
def _content(name: str) -> tuple[bytes, str]:
    content = (PAGE / name).read_bytes()
    return content, f'"{sha256(content).hexdigest()[:32]}"'


@cache
def _reader() -> "LiveReader":
    from include.live.run import LiveReader  # every process of Airflow loads this file, one shows the page

    return LiveReader(get_settings())


@cache
def _desk() -> "CustomerDesk":
    from include.live.desk import CustomerDesk

    return CustomerDesk(get_settings())


class HeartbeatsPlugin(AirflowPlugin):
    """Registers the application and its entry in the navigation."""

    name = "heartbeats"
    fastapi_apps = [{"app": app, "url_prefix": PREFIX, "name": "Heartbeats"}]  # noqa: RUF012 - Airflow's form
    external_views = [  # noqa: RUF012
        {
            "name": "Heartbeats",
            "href": f"{PREFIX}/",
            "icon": f"{PREFIX}/icon.svg",
            "icon_dark_mode": f"{PREFIX}/icon-dark.svg",
            "destination": "nav",
            "nav_top_level": True,
            "url_route": "heartbeats",
        }
    ]
