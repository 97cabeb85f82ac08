"""The live page's application: for who may read alone, nothing but its own files, and no SQL from outside."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from include.settings import PROJECT_ROOT
from stack.ports import free_port
from tests.support.dag_facts import ask_airflow

PAGE = PROJECT_ROOT / "plugins" / "heartbeats_page"
PROGRAM = """
import json, sys, warnings
warnings.simplefilter("ignore")
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from airflow.api_fastapi.app import create_auth_manager
from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
from airflow.api_fastapi.core_api.security import get_user
from plugins import heartbeats

create_auth_manager()
paths, questions = json.loads(sys.argv[1]), json.loads(sys.argv[2])
heartbeats.STREAM_SECONDS = 4
client = TestClient(heartbeats.app, follow_redirects=False)

def ask_all():
    found = {path: client.get(path) for path in paths}
    found |= {f"POST {place}": client.post("/api/customer", json=question) for place, question in enumerate(questions)}
    return {path: [answer.status_code, answer.text, dict(answer.headers)] for path, answer in found.items()}

strangers = ask_all()
heavy = sorted({"kafka", "psycopg", "pyarrow"} & set(sys.modules))
heartbeats.app.dependency_overrides[get_user] = lambda: SimpleAuthManagerUser(username="eve", role=None)
public = ask_all()
heartbeats.app.dependency_overrides[get_user] = lambda: SimpleAuthManagerUser(username="ada", role="viewer")
users = ask_all()
tag = users["/style.css"][2]["etag"]
print(json.dumps({
    "strangers": strangers,
    "public": public,
    "users": users,
    "again": client.get("/style.css", headers={"If-None-Match": tag}).status_code,
    "heavy": heavy,
    "routes": [route.path for route in heartbeats.app.routes],
    "views": heartbeats.HeartbeatsPlugin.external_views,
}))
"""
# A server of its own is asked to end while a stream is open; uvicorn raises the signal once more when it is done.
SERVER = """
import json, os, signal, sys, threading, time, urllib.request, warnings
warnings.simplefilter("ignore")
import uvicorn
from airflow.api_fastapi.app import create_auth_manager
from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
from airflow.api_fastapi.core_api.security import get_user
from plugins import heartbeats

create_auth_manager()
port = int(sys.argv[1])
heartbeats.app.dependency_overrides[get_user] = lambda: SimpleAuthManagerUser(username="ada", role="viewer")
told = {"was_open": False}

def watch():
    while not told["was_open"]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/stream") as stream:
                told["was_open"] = stream.readline() == b"retry: 1000\\n"
                told["asked_at"] = time.monotonic()
                os.kill(os.getpid(), signal.SIGTERM)
                stream.read()
        except OSError:
            time.sleep(0.1)

signal.signal(signal.SIGTERM, lambda *_: None)
threading.Thread(target=watch, daemon=True).start()
uvicorn.run(heartbeats.app, port=port, log_level="error")
told["seconds"] = time.monotonic() - told["asked_at"]
print(json.dumps(told))
"""
# Many pages ask about a customer each while the database hangs: it takes connections and never says a word, until it is
# gone. Beside the page lies another's route, as Airflow's do.
CROWD = """
import asyncio, json, os, socket, sys, time, warnings
hanging = socket.create_server(("127.0.0.1", 0), backlog=200)
os.environ["DB_PORT"] = str(hanging.getsockname()[1])
warnings.simplefilter("ignore")
import httpx
from fastapi import FastAPI
from airflow.api_fastapi.app import create_auth_manager
from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
from airflow.api_fastapi.core_api.security import get_user
from plugins import heartbeats

create_auth_manager()
heartbeats.app.dependency_overrides[get_user] = lambda: SimpleAuthManagerUser(username="ada", role="viewer")
airflow = FastAPI()
airflow.mount("/heartbeats", heartbeats.app)

@airflow.get("/other")
def other():
    return time.monotonic()

async def ask(client, number):
    question = {"customer_id": f"00000000-0000-0000-0000-{number:012}"}
    answer = await client.post("/heartbeats/api/customer", json=question)
    return {"at": time.monotonic(), "status": answer.status_code, "again": answer.headers.get("Retry-After")}

async def crowd():
    transport = httpx.ASGITransport(airflow)
    async with httpx.AsyncClient(transport=transport, base_url="http://page", timeout=None) as client:
        questions = [asyncio.create_task(ask(client, number)) for number in range(60)]
        while not heartbeats._desk.cache_info().currsize:
            await asyncio.sleep(0.05)
        await asyncio.sleep(0.2)
        answered = (await client.get("/other")).json()
        hanging.close()
        return {"other_at": answered, "pages": await asyncio.gather(*questions)}

print(json.dumps(asyncio.run(crowd())))
"""
# What is sent to change something, by whom and with which headers; there is no database, so what is let in gets a 503.
ACTS = """
import json, sys, warnings
warnings.simplefilter("ignore")
from fastapi.testclient import TestClient
from airflow.api_fastapi.app import create_auth_manager
from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
from airflow.api_fastapi.core_api.security import get_user
from plugins import heartbeats

create_auth_manager()
client = TestClient(heartbeats.app, base_url="http://page:8085")

def told(role, path, body, headers):
    heartbeats.app.dependency_overrides = {}
    if role:
        user = SimpleAuthManagerUser(username="ada", role=None if role == "public" else role)
        heartbeats.app.dependency_overrides[get_user] = lambda: user
    post = dict(content=json.dumps(body), headers={**headers, "Content-Type": "application/json"})
    answer = client.post(f"/api/{path}", **post) if body is not None else client.get(f"/api/{path}")
    return [answer.status_code, answer.json()]

print(json.dumps([told(*each) for each in json.loads(sys.argv[1])]))
"""
REFUSAL = "your role in Airflow does not let you read this: it needs the right to read heartbeat_health"
OWN_PAGE = {"Sec-Fetch-Site": "same-origin"}
WHO = "550e8400-e29b-41d4-a716-446655440000"
BODIES: dict[str, dict[str, Any]] = {
    "acknowledge": {"id": 1},
    "snooze": {"id": 1, "minutes": 60},
    "note": {"id": 1, "note": "seen"},
    "limits": {"customer_id": WHO, "rule": "high", "limit_bpm": "160"},
    "pause": {"customer_id": WHO},
    "end_pause": {"id": 1},
}
FILES = [f"/{file.relative_to(PAGE).as_posix()}" for file in sorted(PAGE.rglob("*")) if file.is_file()]
TRAPS = [
    "/../heartbeats.py",
    "/%2e%2e/heartbeats.py",
    "/js/%2e%2e/%2e%2e/heartbeats.py",
    "//etc/hostname",
    "/js",
    "/docs",
    "/openapi.json",
    "/a%00b",
    "/" + "x" * 5000,
]
QUESTIONS: list[dict[str, Any]] = [
    {"customer_id": "550e8400-e29b-41d4-a716-446655440000", "minutes": 15},
    {"customer_id": "1' or true --", "minutes": 15},
    {"customer_id": "550e8400-e29b-41d4-a716-446655440000", "minutes": 1_000_000},
    {"customer_id": "550e8400-e29b-41d4-a716-446655440000", "minutes": "1; drop table heartbeats"},
    {"minutes": 15},
]
GOOD, *BAD = QUESTIONS


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Give what is answered to a stranger and to a user, with neither a database nor a broker about."""
    found: dict[str, Any] = ask_airflow(
        tmp_path_factory.mktemp("airflow"),
        PROGRAM,
        json.dumps(["/", "/api/stream", *FILES, *TRAPS]),
        json.dumps(QUESTIONS),
        DB_PORT=str(free_port()),
        KAFKA_BROKER=f"127.0.0.1:{free_port()}",
    )
    return found


def test_a_stranger_is_shown_nothing(answers: dict[str, Any]) -> None:
    assert len(answers["strangers"]) > 20
    assert {path: answer[0] for path, answer in answers["strangers"].items() if answer[0] != 401} == {}


def test_an_account_that_may_read_nothing_gets_the_empty_page_that_tells_it_so(
    answers: dict[str, Any],
) -> None:
    shown = {path: answer[0] for path, answer in answers["public"].items() if answer[0] == 200}

    assert shown.keys() == {"/", *FILES}
    assert {answers["public"][path][0] for path in ("/api/stream", "POST 0")} == {403}


def test_a_user_gets_every_file_of_the_page_with_its_type(answers: dict[str, Any]) -> None:
    shown = {path: answers["users"][path] for path in ["/", *FILES]}

    assert {path for path, answer in shown.items() if answer[0] != 200} == set()
    types = {path: answer[2]["content-type"].partition(";")[0] for path, answer in shown.items()}
    assert types["/"] == types["/index.html"] == "text/html"
    assert types["/js/main.js"] == "text/javascript"
    assert types["/style.css"] == "text/css"
    assert types["/icon.svg"] == "image/svg+xml"


def test_a_file_that_has_not_changed_is_not_sent_again(answers: dict[str, Any]) -> None:
    assert answers["again"] == 304


def test_nothing_beyond_the_page_is_shown(answers: dict[str, Any]) -> None:
    assert {path: answers["users"][path][0] for path in TRAPS if answers["users"][path][0] != 404} == {}


def test_no_route_takes_more_than_a_uuid_and_a_number_of_minutes(answers: dict[str, Any]) -> None:
    assert answers["routes"] == [
        "/api/stream",
        "/api/me",
        *("/api/customer", "/api/alarms", "/api/alarm"),
        *("/api/acknowledge", "/api/snooze", "/api/note", "/api/limits", "/api/pause", "/api/end_pause"),
        "/{path:path}",
    ]
    bad = {place: answers["users"][f"POST {place + 1}"][0] for place in range(len(BAD))}
    assert set(bad.values()) == {422}


def test_a_database_that_is_away_is_told_in_one_line(answers: dict[str, Any]) -> None:
    status, text, _ = answers["users"]["POST 0"]
    stream = answers["users"]["/api/stream"]

    assert status == 503
    assert "start it with 'make up'" in text
    assert stream[0] == 200
    assert stream[2]["content-type"].startswith("text/event-stream")
    assert re.search(r"event: problem\ndata: .*no PostgreSQL answers", stream[1])
    assert GOOD["customer_id"] not in text


def test_every_answer_forbids_what_the_page_does_not_need(answers: dict[str, Any]) -> None:
    for path in ["/", "/api/stream", *FILES]:
        headers = answers["users"][path][2]
        assert "default-src 'none'; script-src 'self'; style-src 'self'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"


def test_the_navigation_leads_there_and_loading_the_plugin_costs_little(answers: dict[str, Any]) -> None:
    [view] = answers["views"]

    assert (view["name"], view["href"], view["destination"]) == ("Heartbeats", "/heartbeats/", "nav")
    assert answers["heavy"] == []


def test_the_page_names_no_other_place_and_needs_no_inline_script_or_style() -> None:
    own = [file for file in PAGE.rglob("*") if file.is_file() and "vendor" not in file.parts]
    texts = {file.name: file.read_text() for file in own}

    # An SVG's namespace is a name, not an address that is asked.
    addresses = {
        name: found
        for name, text in texts.items()
        if (found := re.findall(r"https?://(?!www\.w3\.org/2000/svg)|//cdn", text))
    }
    assert addresses == {}
    assert re.findall(r"<script(?![^>]*\ssrc=)|\sstyle=|\son\w+=|<style", texts["index.html"]) == []
    assert [name for name, text in texts.items() if "innerHTML" in text or "eval(" in text] == []


def test_the_page_loads_each_module_ahead_that_it_has() -> None:
    ahead = set(re.findall(r'modulepreload" href="(js/\w+\.js)"', (PAGE / "index.html").read_text()))

    assert ahead | {"js/main.js"} == {f"js/{file.name}" for file in (PAGE / "js").iterdir()}


def test_an_open_stream_does_not_keep_the_server_from_ending(tmp_path: Path) -> None:
    told = ask_airflow(
        tmp_path, SERVER, str(free_port()), DB_PORT=str(free_port()), KAFKA_BROKER=f"127.0.0.1:{free_port()}"
    )

    assert told["was_open"]
    assert told["seconds"] < 10


def test_a_crowd_of_pages_takes_none_of_the_threads_that_airflow_answers_with(tmp_path: Path) -> None:
    told = ask_airflow(tmp_path, CROWD, DB_HOST="127.0.0.1")

    waited = [page for page in told["pages"] if page["at"] > told["other_at"]]
    refused = [page for page in told["pages"] if page["again"] == "2"]
    assert len(waited) == 12  # those that are worked on, and those that may wait
    assert len(refused) == 48
    assert {page["status"] for page in told["pages"]} == {503}


def test_no_python_lies_among_the_pages_files() -> None:
    assert list(PAGE.rglob("*.py")) == []


def acts(folder: Path, *sent: tuple[str | None, str, dict[str, Any] | None, dict[str, str]]) -> list[Any]:
    """Return status and JSON of what is answered."""
    found: list[Any] = ask_airflow(folder, ACTS, json.dumps(sent), DB_PORT=str(free_port()))
    return found


def test_only_who_has_the_right_may_act_and_only_from_the_page_itself_or_by_a_token(tmp_path: Path) -> None:
    roles = (None, "public", "viewer", "user", "admin")
    places: dict[str, dict[str, str]] = {
        "page": OWN_PAGE,
        "old browser": {"Origin": "http://page:8085"},
        "program": {"Authorization": "Bearer token", "Origin": "http://evil"},
        "other site": {"Sec-Fetch-Site": "cross-site", "Origin": "http://page:8085"},
        "other port": {"Sec-Fetch-Site": "same-site", "Origin": "http://page:8000"},
        "address bar": {"Sec-Fetch-Site": "none"},
        "old browser, other port": {"Origin": "http://page:8000"},
        "sandbox": {"Origin": "null"},
        "no word": {},
        "no token": {"Authorization": "Bearer "},
    }
    sent = [
        (role, path, body, headers)
        for path, body in BODIES.items()
        for role in roles
        for headers in places.values()
    ]

    answers = iter(acts(tmp_path, *sent))

    found = {(path, role, place): next(answers)[0] for path in BODIES for role in roles for place in places}
    good = {"page", "old browser", "program"}

    def expected(role: str | None, place: str) -> int:
        if role is None:
            return 403 if place == "program" else 401  # its token is none
        return 503 if place in good and role not in ("public", "viewer") else 403

    assert found == {(path, role, place): expected(role, place) for path, role, place in found}


def test_the_page_is_told_who_looks_and_whether_he_may_act(tmp_path: Path) -> None:
    roles = (None, "public", "viewer", "user")

    assert acts(tmp_path, *((role, "me", None, {}) for role in roles)) == [
        [401, {"detail": "Not authenticated"}],
        [200, {"name": "ada", "refusal": REFUSAL, "may_act": False}],
        [200, {"name": "ada", "refusal": None, "may_act": False}],
        [200, {"name": "ada", "refusal": None, "may_act": True}],
    ]


def test_who_may_not_read_the_health_of_the_stream_is_shown_no_figure_and_why(tmp_path: Path) -> None:
    asked: list[tuple[str, dict[str, Any] | None]] = [
        ("stream", None),
        ("customer", GOOD),
        ("alarms", {}),
        ("alarm", {"id": 1}),
    ]

    told = acts(tmp_path, *(("public", path, body, OWN_PAGE) for path, body in asked))

    assert told == [[403, {"detail": REFUSAL}]] * len(asked)


def test_what_cannot_be_is_refused_before_anything_is_asked(tmp_path: Path) -> None:
    bad: list[tuple[str, dict[str, Any]]] = [
        ("acknowledge", {"id": 0}),
        ("acknowledge", {"id": 2**63}),
        ("acknowledge", {"id": "1; drop table alarms"}),
        ("acknowledge", {"id": 1, "actor": "somebody else"}),
        ("snooze", {"id": 1, "minutes": 0}),
        ("snooze", {"id": 1, "minutes": 43_201}),
        ("note", {"id": 1}),
        ("note", {"id": 1, "note": "x" * 1001}),
        ("note", {"id": 1, "note": " "}),
        ("note", {"id": 1, "note": "a\0b"}),
        ("limits", {"customer_id": "x", "rule": "high"}),
        ("limits", {"customer_id": WHO, "rule": "odd", "limit_bpm": "160"}),
        ("limits", {"customer_id": WHO, "rule": "high", "limit_bpm": "999"}),
        ("note", {"id": 1, "note": "caf\ud800"}),
        ("pause", {"customer_id": "\ud800"}),
        ("pause", {"customer_id": WHO, "\ud800": ""}),
        ("alarms", {"rule": "a\0b"}),
        ("alarms", {"show": "everything"}),
        ("alarms", {"rule": "x" * 41}),
        ("alarms", {"customer_id": "1' or true --"}),
        ("alarm", {"id": -1}),
    ]

    told = acts(tmp_path, *(("admin", path, body, OWN_PAGE) for path, body in bad))

    assert [status for status, _ in told] == [422] * len(bad)
    assert told[11][1]["detail"].startswith(
        "there is no such rule: choose one of high, very_high, low, silence"
    )
