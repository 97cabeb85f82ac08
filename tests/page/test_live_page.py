"""The live page as an operator meets it: in a real browser, inside the real Airflow, while readings flow."""

import json
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from stack.airflow.configuration import base_url
from tests.page.conftest import HIGH_CUSTOMER, RATES_BPM
from tests.support.browser import (
    DESK,
    PHONE,
    findings,
    hosts,
    new_context,
    number,
    scrolls_sideways,
    wait_feed,
)
from tests.support.control_plane import ControlPlane
from tests.support.pipeline import event
from tests.support.waiting import wait_until
from tools.browser import log_in, open_live_page

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.integration, pytest.mark.e2e, pytest.mark.timeout(1800)]

# Airflow's own end takes its time on a busy machine; a stream that held it would do so for five minutes.
LONGEST_SERVER_END_SECONDS = 60.0
HELD_BACK = "00000000-0000-0000-0000-00000000beef"


@pytest.fixture
def window(browser: "Browser", login: Any) -> Iterator[Callable[..., Any]]:
    """Give what opens windows of who is logged in; they are closed at the end."""
    opened = []

    def open_window(**options: Any) -> Any:
        opened.append(new_context(browser, storage_state=login, **options))
        return opened[-1]

    yield open_window
    for context in opened:
        context.close()


@pytest.fixture
def page(plane: ControlPlane, window: Callable[..., Any]) -> "Page":
    """Give the live page at a desk."""
    return open_live_page(window(), plane.settings)


def follow(page: Any) -> None:
    """Choose the customer at High."""
    page.get_by_role("button", name=f"Follow customer {HIGH_CUSTOMER}").click()
    page.locator("#customer-chart canvas").wait_for()


def test_the_navigation_leads_to_figures_that_move_and_nothing_leaves_the_machine(
    plane: ControlPlane, browser: "Browser"
) -> None:
    context = new_context(browser)
    page = context.new_page()
    asked: list[str] = []
    errors: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    log_in(page, plane.settings)
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))

    page.get_by_role("link", name="Heartbeats").click()

    frame = page.frame_locator("iframe[title=Heartbeats]")
    frame.locator("body[data-feed=live]").wait_for()
    first = frame.locator("#taken-at").inner_text()
    wait_until(lambda: frame.locator("#taken-at").inner_text(), lambda seen: seen != first)
    wait_until(lambda: number(frame, "rate-accepted"), lambda rate: rate > 5)
    wait_until(lambda: number(frame, "rate-arriving"), lambda rate: rate > 5)
    assert errors == []
    assert hosts(asked) == {"localhost"}
    context.close()


def test_a_link_that_leaves_goes_past_the_frame(plane: ControlPlane, window: Callable[..., Any]) -> None:
    plane.run(
        "insert into touched_hours (hour, topic_id, partition, readings) "
        "values (date_trunc('hour', timezone('utc', now())), gen_random_uuid(), 0, 0);"
        "insert into quality_runs (policy_version, first_hour, last_hour, hours, workflow_run) "
        "select 'x', now(), now(), 1, 'manual__x';"
        "insert into settled_hours (hour, state, readings, ledger_readings, revision, run_id) "
        "select date_trunc('hour', timezone('utc', now())) - interval '5 hours', 'published', 0, 0, 1, max(id) "
        "from quality_runs on conflict do nothing"
    )
    page = window().new_page()
    page.goto(f"{base_url(plane.settings)}/plugin/heartbeats")

    page.frame_locator("iframe[title=Heartbeats]").get_by_role("link", name="Run of the hour").first.click()

    page.wait_for_url("**/dags/heartbeat_hourly/runs/**")


def test_who_is_held_back_and_who_accepted_an_hour_is_told_in_words(
    plane: ControlPlane, page: "Page"
) -> None:
    hour = "date_trunc('hour', timezone('utc', now())) - interval '6 hours'"
    plane.run(
        "insert into settled_hours (hour, state, readings, ledger_readings, revision, run_id) "
        f"select {hour}, 'published', 90, 0, 1, 0;"
        "insert into held_back_customers (hour, customer_id, rule, observed, readings, rejected, detail) "
        f"select {hour}, '{HELD_BACK}', 'rejected_below_half', 0.75, 10, 30, '75.0% were rejected (<b>30</b> x)';"
        "insert into accepted_failures (hour, rule, observed, failure, accepted_by, reason) "
        f"select {hour}, 'no_nulls', 1, 'one', 'erika', '<i>known</i>'"
    )

    told = page.locator("#held-back-rows li").filter(has_text=HELD_BACK)
    told.wait_for()

    assert f"{HELD_BACK}: 75.0% were rejected (<b>30</b> x); readings left out: 10" in told.inner_text()
    row = page.locator("#hour-rows tr").filter(has_text="erika")
    assert "1 customer held back; accepted by erika on" in row.inner_text()
    assert ": <i>known</i>" in row.inner_text()


def test_a_published_hour_without_readings_is_not_called_unpublished(
    plane: ControlPlane, page: "Page"
) -> None:
    plane.run(
        "insert into risk_hourly (hour, risk_level, readings, customers) "
        "select date_trunc('hour', timezone('utc', now())) - interval '30 hours', level, 0, 0 "
        "from unnest(array['Normal', 'Elevated', 'High']) as level"
    )
    columns = page.locator("#risk-columns")

    columns.get_by_title(": no readings").first.wait_for(state="attached")

    assert columns.get_by_title(": not published").count() > 0


def test_what_is_sent_shows_within_seconds(plane: ControlPlane, page: "Page") -> None:
    wait_until(lambda: number(page, "rate-duplicates"), lambda rate: rate == 0)
    value = event(7, customer=90, heart_rate=75)
    plane.send([value])

    began = time.monotonic()
    plane.send([value])
    wait_until(lambda: number(page, "rate-duplicates"), lambda rate: rate > 0, interval_seconds=0.02)

    seconds = time.monotonic() - began
    print(f"a duplicate showed {seconds:.2f} s after it was sent")  # noqa: T201 - shown with -rP
    assert seconds < 10


def test_a_customer_at_high_is_followed_over_the_bands(page: "Page") -> None:
    follow(page)

    assert page.locator("#customer-bpm").inner_text() == str(RATES_BPM[0])
    assert page.locator("#customer-level").inner_text().endswith("High")
    before = page.locator("#customer-age").inner_text()
    wait_until(lambda: page.locator("#customer-age").inner_text(), lambda seen: seen != before)
    page.locator("#customer-table summary").click()
    assert page.locator("#customer-table tbody tr").first.inner_text().endswith(str(RATES_BPM[0]))
    assert HIGH_CUSTOMER not in page.url


def test_a_page_that_is_told_to_come_again_says_so_keeps_the_last_answer_and_comes_again(
    page: "Page",
) -> None:
    follow(page)
    refused: list[str] = []

    def refuse(route: Any) -> None:
        refused.append(route.request.url)
        body = json.dumps({"detail": "many are looking at single customers just now; ask again in 1 s"})
        headers = {"Retry-After": "1", "Content-Type": "application/json"}
        route.fulfill(status=503, body=body, headers=headers)

    page.route("**/api/customer", refuse)
    error = page.locator("#customer-error")
    wait_until(error.inner_text, lambda words: words.startswith("Trying again: many are looking"))
    assert "What you see is the last answer" in error.inner_text()
    assert page.locator("#customer-chart canvas").is_visible()
    # Looking at the page is what lets the browser's requests be answered here.
    wait_until(lambda: (error.inner_text(), len(refused)), lambda seen: seen[1] > 1)
    page.unroute("**/api/customer")

    wait_until(error.inner_text, lambda words: words == "")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"is_whole": False, "reach_seconds": 1.25, "high": 5878, "followed": 1000},
            "heard in the last 1.3 s",
        ),
        (None, "too many readings to count in time"),
    ],
    ids=["reach", "none"],
)
def test_a_count_that_leaves_somebody_out_says_so(page: "Page", changes: Any, words: str) -> None:
    look = page.evaluate(
        """new Promise((done) => {
            const source = new EventSource("api/stream");
            source.addEventListener("look", ({ data }) => (source.close(), done(JSON.parse(data))));
        })"""
    )
    look["customers"] = {**look["customers"], **changes} if changes else None
    body = f"event: look\ndata: {json.dumps(look)}\n\n"
    page.route("**/api/stream", lambda route: route.fulfill(body=body, content_type="text/event-stream"))

    page.reload()

    wait_until(page.locator("#sub-high").inner_text, lambda shown: words in shown)
    assert words in page.locator("#risk-note").inner_text()
    if changes:
        assert page.locator("#high-total").inner_text() == "5,878"
        assert "of 5,878, among the 1,000 heard last" in page.locator("#high-note").inner_text()


def test_an_id_that_is_none_is_refused_in_words(page: "Page") -> None:
    page.get_by_label("Customer id").fill("1' or true --")
    page.get_by_role("button", name="Follow", exact=True).click()

    assert "A customer id is a UUID" in page.locator("#customer-error").inner_text()
    assert page.evaluate("document.activeElement.id") == "customer-id"


def test_all_of_it_can_be_done_by_keyboard(page: "Page") -> None:
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the figures"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    wait_feed(page, "paused")
    page.keyboard.press("Enter")
    wait_feed(page, "live")

    for _ in range(40):
        page.keyboard.press("Tab")
        label = page.evaluate("document.activeElement.getAttribute('aria-label') ?? ''")
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none", "the focus cannot be seen"
        if label == f"Follow customer {HIGH_CUSTOMER}":
            break
    page.keyboard.press("Enter")

    page.locator("#customer-chart canvas").wait_for()
    wait_until(
        lambda: page.evaluate("document.activeElement.getAttribute('aria-label')"), lambda seen: seen == label
    )


@pytest.mark.parametrize(
    "options",
    [{"viewport": DESK}, {"viewport": DESK, "color_scheme": "dark"}, {"viewport": PHONE, "has_touch": True}],
    ids=["desk", "dark", "phone"],
)
def test_the_page_has_no_serious_barrier_and_fits(
    plane: ControlPlane, window: Callable[..., Any], options: dict[str, Any]
) -> None:
    page = open_live_page(window(**options), plane.settings)
    follow(page)
    for name in ("flow-table", "latency-table", "customer-table"):
        page.locator(f"#{name} summary").click()

    assert findings(page) == []
    assert not scrolls_sideways(page)
    theme = "dark" if options.get("color_scheme") == "dark" else "light"
    assert page.evaluate("document.documentElement.dataset.theme") == theme


def test_a_paused_page_stands_still(page: "Page") -> None:
    page.get_by_role("button", name="Pause").click()
    wait_feed(page, "paused")
    shown = page.locator("#taken-at").inner_text()

    page.wait_for_timeout(2500)

    assert page.locator("#taken-at").inner_text() == shown
    page.get_by_role("button", name="Resume").click()
    wait_until(lambda: page.locator("#taken-at").inner_text(), lambda seen: seen != shown)


@pytest.mark.fault
def test_a_page_without_news_says_that_it_is_stale_and_recovers(plane: ControlPlane, page: "Page") -> None:
    server = plane.component("api-server")
    server.suspend()
    try:
        wait_feed(page, "stale")
        assert "What you see is the last look" in page.locator("#notice").inner_text()
    finally:
        server.resume()

    wait_feed(page, "live")
    assert page.locator("#notice").is_hidden()


def test_a_login_that_has_ended_is_told_with_a_way_back(page: "Page") -> None:
    page.context.clear_cookies()
    page.get_by_role("button", name="Pause").click()
    page.get_by_role("button", name="Resume").click()

    wait_feed(page, "signed-out")
    assert page.get_by_role("link", name="Sign in again").get_attribute("href")


def test_a_problem_of_the_server_stands_on_the_page_in_its_own_words(
    plane: ControlPlane, window: Callable[..., Any]
) -> None:
    problem = "no PostgreSQL answers at 127.0.0.1:5433: start it with 'make up'"
    page = window().new_page()
    body = f"event: problem\ndata: {json.dumps({'problem': problem})}\n\n"
    page.route("**/api/stream", lambda route: route.fulfill(body=body, content_type="text/event-stream"))

    page.goto(f"{base_url(plane.settings)}/heartbeats/")

    wait_feed(page, "problem")
    assert problem in page.locator("#notice").inner_text()


@pytest.mark.fault
def test_an_open_page_does_not_keep_the_server_from_ending_and_finds_the_next_one(
    plane: ControlPlane, page: "Page"
) -> None:
    server = plane.component("api-server")

    began = time.monotonic()
    server.terminate()
    wait_until(server.is_running, lambda is_running: not is_running, timeout_seconds=180)
    seconds = time.monotonic() - began

    print(f"the server ended after {seconds:.1f} s")  # noqa: T201 - shown with -rP
    assert seconds < LONGEST_SERVER_END_SECONDS
    wait_feed(page, "stale")
    page.wait_for_selector("body[data-feed=live]", timeout=180_000)
