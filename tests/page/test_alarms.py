"""The alarms as people meet them on the page: in a real browser, through Airflow's login, with its rights."""

import json
import uuid
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any, LiteralString

import httpx
import jwt
import pytest
from jwt.warnings import InsecureKeyLengthWarning

from stack.airflow.configuration import base_url
from tests.page.conftest import HIGH_CUSTOMER
from tests.support.browser import DESK, PHONE, findings, new_context, scrolls_sideways
from tests.support.control_plane import ControlPlane
from tests.support.serving import serving
from tests.support.waiting import wait_until
from tools.browser import open_live_page

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.integration, pytest.mark.e2e, pytest.mark.timeout(1800)]

INSERT_ALARM = """
insert into alarms (
    customer_id, rule, severity, onset, opened, peak_bpm, readings, state, policy_version, note
)
select %s, %s, %s, at, at + interval '30 seconds', 35, 31, 'open', version, nullif(%s, '')
from alarm_policies cross join lateral (select timezone('utc', now()) - interval '10 minutes' as at) as instants
limit 1
returning id"""
INSERT_OPENING = """
insert into alarm_events (alarm_id, number, kind, onset, opened)
select id, 1, 'opened', onset, opened from alarms where id = %s"""
# The cookie that Airflow keeps a login in.
COOKIE = "_token"


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alarm that a test has made, of a customer nobody else knows."""

    id: int
    customer: str
    rule: str

    def within(self, page: Any) -> Any:
        """Return its part of the page."""
        return page.locator(f"#alarm-rows > li[data-key='{self.id}']")


MakeAlarm = Callable[..., Alarm]
OpenPage = Callable[..., Any]


@pytest.fixture
def make_alarm(plane: ControlPlane) -> Iterator[MakeAlarm]:
    """Give what makes alarms; they are gone at the end."""
    made: list[int] = []
    # With the first look of the evaluator comes the policy.
    wait_until(lambda: plane.count("alarm_policies"), lambda number: number > 0, timeout_seconds=120)

    def make(rule: str = "low", severity: str = "critical", note: str = "") -> Alarm:
        customer = str(uuid.uuid4())
        with plane.owner() as owner:
            values = [customer, rule, severity, note]
            [(number,)] = owner.execute(INSERT_ALARM, values).fetchall()
            owner.execute(INSERT_OPENING, [number])
        made.append(number)
        return Alarm(number, customer, rule)

    yield make
    with plane.owner() as owner:
        owner.execute("delete from alarms where id = any(%s)", [made])


def token_of(plane: ControlPlane, name: str, role: str) -> str:
    """Return what Airflow gives whoever logs in, for another user than the one that it has."""
    login = {
        "username": plane.settings.airflow.user,
        "password": plane.settings.airflow.password.get_secret_value(),
    }
    given = httpx.post(f"{base_url(plane.settings)}/auth/token", json=login).json()["access_token"]
    claims = jwt.decode(given, options={"verify_signature": False})
    keys = json.loads((plane.settings.stack.dir / "airflow" / "keys.json").read_text())
    changed = {**claims, "sub": name, "role": role, "jti": uuid.uuid4().hex}
    header = jwt.get_unverified_header(given)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InsecureKeyLengthWarning)  # Airflow's own key
        return jwt.encode(changed, keys["jwt"], algorithm=header["alg"], headers=header)


@pytest.fixture
def open_page(plane: ControlPlane, browser: "Browser") -> Iterator[OpenPage]:
    """Give what opens the page for a user of a role."""
    opened = []

    def open_as(name: str = "ada", role: str = "user", **options: Any) -> Any:
        context = new_context(browser, **options)
        opened.append(context)
        token = token_of(plane, name, role)
        context.add_cookies([{"name": COOKIE, "value": token, "url": base_url(plane.settings)}])
        return open_live_page(context, plane.settings)

    yield open_as
    for context in opened:
        context.close()


def events(plane: ControlPlane, alarm: Alarm) -> list[tuple[str, str | None, str | None]]:
    """Return kind, actor and detail of each transition."""
    return of_alarm(
        plane, alarm, "select kind, actor, detail from alarm_events where alarm_id = %s order by number"
    )


def of_alarm(plane: ControlPlane, alarm: Alarm, statement: LiteralString) -> list[Any]:
    """Return what a statement about an alarm gives."""
    with plane.owner() as owner:
        return owner.execute(statement, [alarm.id]).fetchall()


def choose(page: Any, **filters: str) -> None:
    """Set the filters of the list."""
    for name, value in filters.items():
        page.locator(f"#alarms-{name}").select_option(value)


def test_a_rate_that_stays_high_becomes_an_alarm_on_the_page_and_is_over_the_customers_chart(
    plane: ControlPlane, open_page: OpenPage
) -> None:
    page = open_page()

    row = page.locator("#alarm-rows > li").filter(has_text=HIGH_CUSTOMER[:8]).filter(has_text="high")
    row.first.wait_for(timeout=120_000)

    words = row.first.inner_text()
    assert "warning" in words
    assert "peak 155 bpm" in words
    row.first.get_by_role("button", name=f"Show customer {HIGH_CUSTOMER}").click()
    page.locator("#customer-chart canvas").wait_for()
    page.locator("#customer-episodes summary").click()
    episode = page.locator("#customer-episodes tbody tr").filter(has_text="open")
    wait_until(episode.first.inner_text, lambda text: "warning" in text)
    assert "warning alarm" in page.locator("#customer-legend").inner_text()
    assert "alarm limits" in page.locator("#customer-legend").inner_text()
    [(open_alarms,)] = plane.rows("select count(*) from alarms where state = 'open'")
    wait_until(page.locator("#alarms-open").inner_text, lambda shown: shown == str(open_alarms))


def test_critical_alarms_stand_first_and_the_list_can_be_narrowed(
    make_alarm: MakeAlarm, open_page: OpenPage
) -> None:
    critical = make_alarm()
    warning = make_alarm("silence", "warning")
    page = open_page()
    warning.within(page).wait_for()

    order = page.locator("#alarm-rows > li").evaluate_all("rows => rows.map((row) => row.dataset.key)")
    assert order.index(str(critical.id)) < order.index(str(warning.id))
    choose(page, severity="critical")
    warning.within(page).wait_for(state="detached")
    choose(page, severity="", rule="silence")
    critical.within(page).wait_for(state="detached")
    warning.within(page).wait_for()
    choose(page, rule="")
    page.get_by_label("Customer", exact=True).fill(critical.customer)
    page.keyboard.press("Enter")
    warning.within(page).wait_for(state="detached")
    assert "1 shown, open" in page.locator("#alarms-note").inner_text()
    assert critical.customer not in page.url


def test_an_alarm_is_acknowledged_by_keyboard_and_leaves_a_row_with_the_name(
    plane: ControlPlane, make_alarm: MakeAlarm, open_page: OpenPage
) -> None:
    alarm = make_alarm()
    page = open_page("ada")
    wanted = f"Acknowledge low of customer {alarm.customer}"
    alarm.within(page).get_by_role("button", name=wanted).wait_for()
    page.locator("#alarms-customer").focus()
    for _ in range(40):
        page.keyboard.press("Tab")
        label = page.evaluate("document.activeElement.getAttribute('aria-label') ?? ''")
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
        if label == wanted:
            break

    page.keyboard.press("Enter")

    standing = alarm.within(page).locator(".standing")
    wait_until(standing.inner_text, lambda text: "acknowledged by ada at" in text)
    assert page.locator("#alarms-done").inner_text() == f"Acknowledged: low of customer {alarm.customer}."
    assert alarm.within(page).get_by_role("button", name=wanted).is_hidden()
    # The focus goes on where it was.
    label = page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert label == f"More about low of customer {alarm.customer}"
    assert events(plane, alarm) == [("opened", None, None), ("acknowledged", "ada", None)]


def test_an_alarm_is_snoozed_and_noted_and_its_history_says_by_whom(
    plane: ControlPlane, make_alarm: MakeAlarm, open_page: OpenPage
) -> None:
    alarm = make_alarm()
    page = open_page("ada")
    row = alarm.within(page)
    row.get_by_role("button", name="More about").click()

    row.get_by_label("Tell nobody of low of this customer for").select_option("240")
    row.get_by_role("button", name="Snooze").click()
    standing = row.locator(".standing")
    wait_until(standing.inner_text, lambda text: "rests until" in text)
    row.get_by_label("Note", exact=True).fill("out for a run")
    page.keyboard.press("Enter")
    wait_until(standing.inner_text, lambda text: "note: out for a run" in text)

    history = row.locator(".history li")
    wait_until(history.all_inner_texts, lambda texts: len(texts) == 3)
    told = history.all_inner_texts()
    assert "opened" in told[0]
    assert "snoozed by ada: until" in told[1]
    assert "noted by ada: out for a run" in told[2]
    assert [(kind, actor) for kind, actor, _ in events(plane, alarm)][1:] == [
        ("snoozed", "ada"),
        ("noted", "ada"),
    ]
    [(minutes,)] = of_alarm(
        plane,
        alarm,
        "select extract(epoch from snoozed_until - timezone('utc', now())) / 60 from alarms where id = %s",
    )
    assert 200 < minutes <= 240


def test_who_may_only_look_sees_all_and_is_offered_and_allowed_nothing(
    plane: ControlPlane, make_alarm: MakeAlarm, open_page: OpenPage
) -> None:
    alarm = make_alarm()
    page = open_page("vera", "viewer")
    row = alarm.within(page)
    row.get_by_role("button", name="More about").click()
    wait_until(row.locator(".history").inner_text, lambda text: "opened" in text)
    right = page.locator("#alarms-right")
    wait_until(right.inner_text, lambda text: text != "")

    assert "your role in Airflow lets you look, but not act" in right.inner_text()
    assert row.get_by_role("button", name="Acknowledge").is_hidden()
    assert row.locator("form").evaluate_all("forms => forms.every((form) => form.hidden)")
    status = page.evaluate(
        """async (id) => (await fetch("api/acknowledge", {
            method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ id }),
        })).status""",
        alarm.id,
    )
    assert status == 403
    assert events(plane, alarm) == [("opened", None, None)]


FORGERY = """<!doctype html><title>A prize</title>
<form method="post" enctype="text/plain" action="{target}">
  <input name='{{"id": {number}, "note": "' value='"}}'></form>
<script>
  fetch("{target}", {{ method: "POST", mode: "no-cors", credentials: "include", body: '{{"id": {number}}}' }})
    .catch(() => {{}}).finally(() => document.forms[0].submit());
</script>"""


@contextmanager
def other_site(text: str) -> Iterator[str]:
    """Give the address of a page of somebody else's on this machine: a browser takes it for the same site."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(text.encode())

    with serving(Answers) as address:
        yield address.replace("127.0.0.1", "localhost") + "/"


def test_what_another_sites_page_sends_with_the_users_cookie_is_refused(
    plane: ControlPlane, make_alarm: MakeAlarm, open_page: OpenPage
) -> None:
    alarm = make_alarm()
    page = open_page("ada", "admin")
    target = f"{base_url(plane.settings)}/heartbeats/api/acknowledge"
    answers: list[int] = []

    def note(response: Any) -> None:
        if response.url == target:
            answers.append(response.status)

    with other_site(FORGERY.format(target=target, number=alarm.id)) as address:
        stranger = page.context.new_page()
        stranger.on("response", note)
        stranger.goto(address)
        stranger.wait_for_url(target)

    # The browser has sent the cookie, since ports are one site to it: it would be a 401 otherwise.
    assert answers == [403, 403]
    token = page.context.cookies()[0]["value"]
    for act in ("acknowledge", "snooze", "note", "limits", "pause", "end_pause"):
        address = f"{base_url(plane.settings)}/heartbeats/api/{act}"
        for headers in ({"Origin": "http://localhost:1"}, {"Sec-Fetch-Site": "same-site"}, {}):
            forged = httpx.post(address, json={"id": alarm.id}, headers=headers, cookies={COOKIE: token})
            assert forged.status_code == 403
    assert events(plane, alarm) == [("opened", None, None)]


def test_of_two_who_acknowledge_at_once_one_does_and_the_other_reads_who(
    plane: ControlPlane, make_alarm: MakeAlarm, open_page: OpenPage
) -> None:
    alarm = make_alarm()
    target = f"{base_url(plane.settings)}/heartbeats/api/acknowledge"
    tokens = {name: token_of(plane, name, "user") for name in ("ada", "bob")}
    page = open_page("cid")
    button = alarm.within(page).get_by_role("button", name="Acknowledge")
    button.wait_for()
    page.get_by_role("button", name="Pause").click()

    def acknowledge(name: str) -> tuple[int, str]:
        headers = {"Authorization": f"Bearer {tokens[name]}"}
        answer = httpx.post(target, json={"id": alarm.id}, headers=headers, timeout=60)
        return answer.status_code, answer.text

    with ThreadPoolExecutor(2) as both:
        told = dict(zip(tokens, both.map(acknowledge, tokens), strict=True))
    button.click()  # on a page that does not know of it yet

    assert sorted(status for status, _ in told.values()) == [200, 409]
    [winner] = [name for name, (status, _) in told.items() if status == 200]
    [refused] = [text for status, text in told.values() if status == 409]
    assert f"was acknowledged by {winner} at" in refused
    error = page.locator("#alarms-error")
    wait_until(
        error.inner_text, lambda text: f"Not done: alarm {alarm.id} was acknowledged by {winner}" in text
    )
    assert events(plane, alarm) == [("opened", None, None), ("acknowledged", winner, None)]


def test_a_program_acts_by_a_token_as_the_user_that_it_is_of(
    plane: ControlPlane, make_alarm: MakeAlarm
) -> None:
    alarm = make_alarm()

    plane.api.act("acknowledge", {"id": alarm.id, "note": "seen"})

    assert events(plane, alarm)[1:] == [("acknowledged", plane.settings.airflow.user, "seen")]


TRAP = "<img src=x onerror=\"document.title='caught'\"><script>document.title='caught'</script>"


def test_what_people_write_is_text_and_never_a_part_of_the_page(
    make_alarm: MakeAlarm, open_page: OpenPage
) -> None:
    alarm = make_alarm(note=TRAP)
    page = open_page("<b>ada</b>")
    row = alarm.within(page)
    standing = row.locator(".standing")
    wait_until(standing.inner_text, lambda text: f"note: {TRAP}" in text)
    row.get_by_role("button", name="More about").click()
    row.get_by_label("Note", exact=True).fill(f"again {TRAP}")
    row.get_by_role("button", name="Save note").click()

    history = row.locator(".history")
    wait_until(history.inner_text, lambda text: f"noted by <b>ada</b>: again {TRAP}" in text)
    page.get_by_label("Customer", exact=True).fill(TRAP)
    page.keyboard.press("Enter")
    error = page.locator("#alarms-error")
    wait_until(error.inner_text, lambda text: text.startswith("A customer id is a UUID"))

    assert page.title() == "Heartbeats"
    assert page.locator("#alarm-rows img, #alarm-rows script, #alarm-rows b b").count() == 0


def test_limits_are_set_on_the_page_as_by_the_command(plane: ControlPlane, open_page: OpenPage) -> None:
    page = open_page("ada")
    customer = str(uuid.UUID(int=5))
    page.get_by_label("Customer id").fill(customer)
    page.get_by_role("button", name="Follow", exact=True).click()
    page.locator("#customer-own > summary").click()
    page.get_by_label("Alarm beyond").fill("1600")
    page.get_by_role("button", name="Set", exact=True).click()
    error = page.locator("#own-error")
    wait_until(error.inner_text, lambda text: "limit_bpm must lie between 30 and 220" in text)

    page.get_by_label("Alarm beyond").fill("160")
    page.get_by_role("button", name="Set", exact=True).click()

    row = page.locator("#own-rules tbody tr").first
    wait_until(row.inner_text, lambda text: "above 160 bpm" in text and "the customer's own" in text)
    assert error.inner_text() == ""
    assert page.get_by_label("Alarm beyond").input_value() == ""
    own = (
        "select rule, limit_bpm, clear_bpm, set_by from customer_limits where customer_id = '{}' order by id"
    )
    assert plane.rows(own.format(customer)) == [("high", 160, None, "ada")]
    page.locator("#own-rule").select_option("silence")
    page.get_by_label("Silent after").fill("600")
    page.keyboard.press("Enter")
    last = page.locator("#own-rules tbody tr").last
    wait_until(last.inner_text, lambda text: "after 600 s" in text)
    page.locator("#own-rule").select_option("high")
    page.get_by_role("button", name="Use the policy's").click()
    wait_until(row.inner_text, lambda text: "above 140 bpm" in text and "the policy's" in text)
    page.locator("#own-history summary").click()
    assert "ada" in page.locator("#own-history tbody tr").first.inner_text()


def test_a_pause_is_noted_and_ended_on_the_page_with_who_did_it(
    plane: ControlPlane, open_page: OpenPage
) -> None:
    customer = str(uuid.uuid4())

    def pauses_of(page: Any) -> Any:
        page.get_by_label("Customer id").fill(customer)
        page.get_by_role("button", name="Follow", exact=True).click()
        page.locator("#customer-pauses > summary").click()
        return page.locator("#pause-rows > li")

    page = open_page("ada")
    rows = pauses_of(page)
    page.get_by_label("To", exact=True).fill("tomorrow")
    page.get_by_role("button", name="Note the pause").click()
    error = page.locator("#pause-error")
    wait_until(error.inner_text, lambda text: "an instant is written like 2026-11-20T12:00:00Z" in text)

    page.get_by_label("To", exact=True).fill("")
    page.keyboard.press("Enter")
    wait_until(rows.all_inner_texts, lambda texts: "to whenever UTC, noted by ada at" in "".join(texts))
    assert page.locator("#pause-none").is_hidden()
    viewer = open_page("vera", "viewer")
    seen = pauses_of(viewer)
    wait_until(seen.all_inner_texts, lambda texts: "noted by ada" in "".join(texts))
    assert seen.get_by_role("button").is_hidden()
    assert viewer.locator("#pause-form").is_hidden()
    rows.get_by_role("button", name="End now").click()
    wait_until(rows.all_inner_texts, lambda texts: "ended by ada at" in "".join(texts))
    assert rows.get_by_role("button").is_hidden()
    assert error.inner_text() == ""
    assert page.locator("#pause-done").inner_text() == "Ended: silence is an alarm again."

    tomorrow = datetime.now(UTC) + timedelta(days=1)
    page.locator("#pause-starts").fill(f"{tomorrow:%Y-%m-%dT%H:%M:%SZ}")
    page.get_by_role("button", name="Note the pause").click()
    rows.get_by_role("button", name="End now").filter(visible=True).click()
    wait_until(
        rows.all_inner_texts,
        lambda texts: any("whenever UTC" in t and "cancelled by ada at" in t for t in texts),
    )

    with plane.owner() as owner:
        found = owner.execute(
            "select noted_by, ended_by, ended >= starts and ended_at is not null from customer_pauses "
            "inner join customer_pause_ends on id = pause_id where customer_id = %s",
            [customer],
        ).fetchall()
    assert found == [("ada", "ada", True)] * 2


@pytest.mark.parametrize(
    "options",
    [{"viewport": DESK}, {"viewport": DESK, "color_scheme": "dark"}, {"viewport": PHONE, "has_touch": True}],
    ids=["desk", "dark", "phone"],
)
def test_alarms_and_limits_have_no_serious_barrier_and_fit(
    make_alarm: MakeAlarm, open_page: OpenPage, options: dict[str, Any]
) -> None:
    critical = make_alarm(note="a long note " * 20)
    warning = make_alarm("silence", "warning")
    page = open_page("ada", **options)
    for alarm in (critical, warning):
        alarm.within(page).get_by_role("button", name="More about").click()
        history = alarm.within(page).locator(".history")
        wait_until(history.inner_text, lambda text: "opened" in text)
    page.get_by_role("button", name=f"Follow customer {HIGH_CUSTOMER}").click()
    page.locator("#customer-chart canvas").wait_for()
    page.locator("#customer-own > summary").click()
    page.locator("#customer-pauses > summary").click()
    page.get_by_role("button", name="Note the pause").wait_for()

    assert findings(page) == []
    assert not scrolls_sideways(page)


def test_an_alarm_that_is_over_leaves_the_list_and_the_focus_is_not_lost(
    plane: ControlPlane, make_alarm: MakeAlarm, open_page: OpenPage
) -> None:
    alarm = make_alarm()
    page = open_page("ada")
    alarm.within(page).get_by_role("button", name="More about").focus()

    over = "update alarms set state = 'cleared', cleared = timezone('utc', now()) where id = %s returning id"
    of_alarm(plane, alarm, over)

    alarm.within(page).wait_for(state="detached")
    assert page.evaluate("document.activeElement.id") == "alarms-title"
    choose(page, show="all")
    wait_until(alarm.within(page).locator(".standing").inner_text, lambda text: "cleared" in text)
