"""The live page by itself: its own files in a real browser, and a test that answers whatever it asks."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from mimetypes import guess_type
from typing import TYPE_CHECKING, Any
from uuid import UUID

from include.handling.customer import CustomerAlarms, RuleNow
from include.limits.store import PauseLine
from include.live.rules import closed_until
from include.live.session import as_json
from include.live.store import FLOW_WINDOW, limits
from include.live.types import (
    BrokerState,
    CustomersNow,
    CustomerView,
    Flow,
    Look,
    Point,
    Rates,
    RecentLatency,
    Second,
    Slow,
    StreamState,
)
from include.settings import PROJECT_ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

ORIGIN = "http://page.test"
FILES = PROJECT_ROOT / "plugins" / "heartbeats_page"
BANDS = {
    "version": "test",
    "high_above_bpm": 140,
    "high_at_most_bpm": 40,
    "elevated_at_least_bpm": 100,
    "elevated_at_most_bpm": 50,
}
# The browser asks for the next look after this.
RETRY_MS = 200
NOW = datetime.now(UTC).replace(tzinfo=None, microsecond=500_000)

# Gives a status and what is answered with it; None: there is never an answer.
Answer = Callable[[Any], tuple[int, object] | None]


class LonePage:
    """A page whose looks are `look`, and whose questions are answered by `answers`; `asked` has them all.

    While `look` is None no look comes; a `denial` is a status that is answered in place of looks.
    """

    def __init__(self, page: "Page", look: Look) -> None:
        self.page = page
        self.look: Look | None = look
        self.denial: int | None = None
        self.answers: dict[str, Answer] = {
            "me": lambda _: (200, {"name": "ada", "may_act": True}),
            "alarms": lambda _: (200, board()),
        }
        self.asked: list[tuple[str, Any]] = []
        page.route(f"{ORIGIN}/**", self._answer)

    def open(self) -> None:
        """Open it and wait for its first look, or until it says that there is none."""
        self.page.goto(f"{ORIGIN}/heartbeats/")
        self.wait_feed("live" if self.denial is None else "signed-out" if self.denial == 401 else "refused")

    def wait_feed(self, state: str) -> None:
        """Wait until its looks stand like that."""
        self.page.wait_for_selector(f"body[data-feed={state}]")

    def pause(self) -> None:
        """Let its figures stand still."""
        self.page.locator("#pause").click()
        self.wait_feed("paused")

    def follow(self, customer: object) -> None:
        """Choose a customer by the form."""
        self.page.locator("#customer-id").fill(str(customer))
        self.page.get_by_role("button", name="Follow", exact=True).click()

    def questions(self, name: str) -> list[Any]:
        """Return what was asked under a name."""
        return [question for asked, question in self.asked if asked == name]

    def shown(self, name: str) -> str:
        """Return the text of a part, whether it can be seen or not."""
        return self.page.locator(f"#{name}").text_content() or ""

    def _answer(self, route: "Route") -> None:
        path = route.request.url.removeprefix(f"{ORIGIN}/")
        name = path.removeprefix("heartbeats/api/")
        if name == "stream" and self.denial is not None:
            route.fulfill(status=self.denial)
        elif name == "stream" and self.look is None:
            pass  # it is held open, and nothing comes
        elif name == "stream":
            body = b"retry: %d\nevent: look\ndata: %s\n\n" % (RETRY_MS, as_json(self.look))
            route.fulfill(body=body, content_type="text/event-stream")
        elif name != path:
            self.asked.append((name, route.request.post_data_json))
            unknown: Answer = lambda _: (404, {"detail": "unknown"})  # noqa: E731
            if (answer := self.answers.get(name, unknown)(route.request.post_data_json)) is not None:
                status, value = answer
                route.fulfill(status=status, body=as_json(value), content_type="application/json")
        elif path.startswith("heartbeats/"):
            file = FILES / (path.removeprefix("heartbeats/") or "index.html")
            route.fulfill(body=file.read_bytes(), content_type=str(guess_type(file)[0]))
        else:
            route.fulfill(status=404)


def refusal(_: Any) -> tuple[int, object]:
    """Answer as the server does when many are asking."""
    return 503, {"detail": "many are looking; ask again in 1 s"}


def board(alarms: object = ()) -> dict[str, object]:
    """Return an answer to the list of alarms."""
    return {"alarms": alarms, "is_cut": False, "past_days": 7, "rules": ["high"], "taken_at": NOW}


def look_with(
    customers: CustomersNow | None = None, seconds: tuple[Second, ...] = (), taken_at: datetime = NOW
) -> Look:
    """Return a look at a system that does nothing but what is given."""
    until = closed_until(taken_at)
    return Look(
        taken_at=taken_at,
        flow=Flow(
            Rates(None, 0, 0, 0), RecentLatency(0, None, None), (), until - FLOW_WINDOW, until, seconds
        ),
        broker=BrokerState(None, None, ()),
        stream=StreamState("never", None),
        customers=customers,
        slow=Slow((), (), (), ()),
        alarms=(),
        bands=BANDS,
        limits=limits(),
    )


def view_of(
    customer: UUID, readings: Mapping[datetime, int], *, pauses: tuple[PauseLine, ...] = ()
) -> CustomerView:
    """Return what is known of a customer with these readings."""
    rules = (RuleNow("high", "critical", 140, 130, None, is_own=False),)
    return CustomerView(
        customer_id=customer,
        since=NOW - timedelta(minutes=15),
        until=NOW,
        asked_minutes=15,
        is_shortened=False,
        readings=len(readings),
        newest_level="Normal",
        gap_seconds=3.5,
        points=[Point(at, bpm) for at, bpm in readings.items()],
        hours=(),
        alarms=CustomerAlarms((), (), rules, (), pauses),
    )
