"""The live page inside the Airflow UI: an application of its own below /heartbeats, and an entry in the navigation.

Airflow does not guard a plugin's own application, so every route here asks for the user, that of the page's files
too. The page shows people's heart rates: an answer that holds figures is for readers of heartbeat_health alone, and
a customer's id travels in the body of a request, never in its address, which web servers write into their logs.
Whoever changes something needs another right, and has to come from the page.

Airflow answers its own requests in this process too. So nothing here uses the threads that all its routes share: what
takes time runs on threads of the page's own, and who asks for more than these can do is told to come again.
"""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from hashlib import sha256
from mimetypes import guess_type
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar
from urllib.parse import urlsplit
from uuid import UUID

from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
from airflow.api_fastapi.core_api.security import get_user
from airflow.plugins_manager import AirflowPlugin
from fastapi import Depends, FastAPI, Header, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import BaseModel, Field

from include.errors import DeskFullError, HeartbeatError, OptionError, OvertakenError
from include.handling.forms import Acknowledgement, Note, OneAlarm, OnePause, OwnLimit, Pause, Rest, Wanted
from include.settings import get_settings
from include.terminal import plain
from plugins.reading_rights import User, for_readers_of, has_right, refusal

if TYPE_CHECKING:
    from concurrent.futures import Future

    from include.live.desk import Desk, Workers
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
LONGEST_MINUTES = 24 * 60
# A database or a broker that is away is asked again by the page after this.
TRY_AGAIN_SECONDS = 5
# Acts have threads apart from the questions, so that many who look keep nobody from acting.
ACTING, MOST_ACTS_WAITING = 2, 20
# Who may accept a withheld hour may act on alarms: to Airflow both are answers that people give.
TO_ACT: dict[str, Any] = {
    "method": "PUT",
    "access_entity": DagAccessEntity.HITL_DETAIL,
    "details": DagDetails(id="heartbeat_approval"),
}
# The figures are those that this workflow judges each minute.
READ_FROM = "heartbeat_health"

# Loads what the page needs, once: that takes a second or two.
_loader = ThreadPoolExecutor(1, thread_name_prefix="heartbeat-live-loader")
app = FastAPI(dependencies=[Depends(get_user)], openapi_url=None)
FOR_READERS = [for_readers_of(READ_FROM)]


class CustomerQuestion(BaseModel):
    """Whose heart rate, and how far back."""

    customer_id: UUID
    minutes: int = Field(15, ge=1, le=LONGEST_MINUTES)


async def who_acts(request: Request, user: User) -> str:
    """Return the name of who acts; refuse whom Airflow gives no right to, and what another site's page sends."""
    if not _is_from_own_page(request.headers):
        raise HTTPException(403, "this did not come from the page: open it and try again")
    if not await has_right(user, TO_ACT):
        raise HTTPException(403, "your role in Airflow lets you look, but not act")
    return user.get_name()


Actor = Annotated[str, Depends(who_acts)]


@app.exception_handler(RequestValidationError)
async def refuse(_: Request, error: RequestValidationError) -> Response:
    """Say what is wrong with a question without repeating it: half a surrogate pair could not be answered at all."""
    wrong = [
        {"loc": [plain(part) for part in each["loc"]], "msg": plain(each["msg"])} for each in error.errors()
    ]
    return JSONResponse({"detail": wrong}, 422, _unkept())


@app.get("/api/stream", dependencies=FOR_READERS)
async def stream() -> StreamingResponse:
    """Send each new snapshot as a server-sent event."""
    return StreamingResponse(
        _events(await _loaded(_reader)),
        media_type="text/event-stream",
        headers={**_unkept(), "X-Accel-Buffering": "no"},
    )


@app.get("/api/me")
async def me(user: User) -> Response:
    """Return who looks, why he is shown nothing where that is so, and whether he may act."""
    found = {"refusal": await refusal(user, READ_FROM), "may_act": await has_right(user, TO_ACT)}
    return JSONResponse({"name": user.get_name(), **found}, headers=_unkept())


@app.post("/api/customer", dependencies=FOR_READERS)
async def customer(question: CustomerQuestion) -> Response:
    """Return one customer's heart rate and alarms over the last minutes and hours."""
    return await _answer(lambda desk: desk.customer(question.customer_id, question.minutes))


@app.post("/api/alarms", dependencies=FOR_READERS)
async def alarms(wanted: Wanted) -> Response:
    """Return alarms, open and critical ones first."""
    return await _answer(lambda desk: desk.alarms(wanted))


@app.post("/api/alarm", dependencies=FOR_READERS)
async def alarm(question: OneAlarm) -> Response:
    """Return an alarm with all that happened to it."""
    return await _answer(lambda desk: desk.alarm(question.id))


@app.post("/api/acknowledge")
async def acknowledge(act: Acknowledgement, actor: Actor) -> Response:
    """Note that somebody has seen an alarm."""
    return await _do(lambda do: do.acknowledge(get_settings(), act.id, actor=actor, note=act.note))


@app.post("/api/snooze")
async def snooze(act: Rest, actor: Actor) -> Response:
    """Let an alarm, and its customer's rule, rest for a while."""
    return await _do(lambda do: do.snooze(get_settings(), act.id, actor=actor, seconds=60 * act.minutes))


@app.post("/api/note")
async def note(act: Note, actor: Actor) -> Response:
    """Write a note to an alarm."""
    return await _do(lambda do: do.note(get_settings(), act.id, actor=actor, text=act.note))


@app.post("/api/limits")
async def limits(act: OwnLimit, actor: Actor) -> Response:
    """Set a customer's own limits, as `python main.py limits set` does."""
    return await _do(lambda do: do.set_limit(get_settings(), act.fields(), set_by=actor))


@app.post("/api/pause")
async def pause(act: Pause, actor: Actor) -> Response:
    """Note a pause of a customer, as `python main.py limits pause` does."""
    return await _do(lambda do: do.note_pause(get_settings(), act.fields(), noted_by=actor))


@app.post("/api/end_pause")
async def end_pause(act: OnePause, actor: Actor) -> Response:
    """End a pause now, as `python main.py limits end-pause` does."""
    return await _do(lambda do: do.end_pause(get_settings(), act.id, ended_by=actor))


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


async def _answer(question: Callable[["Desk"], "Future[bytes]"]) -> Response:
    """Return what the desk finds out."""
    try:
        # Others may wait for the same answer: who goes away takes only himself along.
        body = await asyncio.shield(asyncio.wrap_future(question(await _loaded(_desk))))
    except HeartbeatError as error:
        raise _refusal(error) from None
    return Response(body, media_type="application/json", headers=_unkept())


async def _do(act: Callable[[Any], object]) -> Response:
    """Let a person's act be done to its end, also if he goes away meanwhile; it is handed what people can do."""
    try:
        acts, workers = await _loaded(_acting)
        await asyncio.shield(asyncio.wrap_future(workers.submit(lambda: act(acts))))
    except HeartbeatError as error:
        raise _refusal(error) from None
    (await _loaded(_desk)).forget()
    return JSONResponse({}, headers=_unkept())


def _refusal(error: HeartbeatError) -> HTTPException:
    if isinstance(error, OptionError):
        return HTTPException(422, str(error))
    if isinstance(error, OvertakenError):
        return HTTPException(409, str(error))
    seconds = error.seconds if isinstance(error, DeskFullError) else TRY_AGAIN_SECONDS
    return HTTPException(503, str(error), {"Retry-After": str(seconds)})


def _is_from_own_page(headers: Mapping[str, str]) -> bool:
    """Tell whether a request that changes something was sent by this page, or by a program with a token of its own.

    Another site's page can send one with the cookie of whoever looks at it, but cannot set these headers. Where a
    browser says less (over plain HTTP to a name other than localhost), the page's origin has to be where it was sent.
    """
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return True
    if "sec-fetch-site" in headers:
        return headers["sec-fetch-site"] == "same-origin"
    return urlsplit(headers.get("origin", "")).netloc == headers.get("host")


def _unkept() -> dict[str, str]:
    return {**HEADERS, "Cache-Control": "no-store"}


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
def _desk() -> "Desk":
    from include.live.desk import Desk

    return Desk(get_settings())


@cache
def _acting() -> tuple[Any, "Workers"]:
    from include.handling import people
    from include.live.desk import Workers

    return people, Workers(ACTING, MOST_ACTS_WAITING, "heartbeat-live-acts")


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
