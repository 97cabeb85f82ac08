"""What the page shows of one customer is that customer's, and so is what is done there."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from include.limits.store import PauseLine
from include.live.types import CustomerView
from tests.support.lone_page import NOW, LonePage, refusal, view_of
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration

ANNE, BERT = UUID(int=1), UUID(int=2)
PARTS = ("reading", "chart", "legend", "table", "hours", "episodes", "own", "pauses")
PAUSE = PauseLine(1, NOW, None, "ada", NOW, None, None, None)
VIEWS = {
    ANNE: view_of(ANNE, {NOW - timedelta(seconds=age): 77 for age in (3, 2, 1)}, pauses=(PAUSE,)),
    BERT: view_of(BERT, {NOW - timedelta(seconds=1): 88}),
}


def answered(question: Any) -> tuple[int, CustomerView]:
    return 200, VIEWS[UUID(question["customer_id"])]


@pytest.fixture
def of_anne(lone: LonePage) -> LonePage:
    """Give a page that follows Anne, whose limits somebody is about to set."""
    lone.answers["customer"] = answered
    lone.open()
    lone.follow(ANNE)
    wait_until(lambda: lone.shown("customer-bpm"), lambda bpm: bpm == "77")
    for name in ("customer-own", "customer-pauses", "customer-table"):
        lone.page.locator(f"#{name} > summary").click()
    lone.page.locator("#own-limit").fill("150")
    lone.page.locator("#pause-starts").fill("now")
    return lone


def seen_of_anne(lone: LonePage) -> list[str]:
    """Return what the page still shows, or holds ready, of Anne."""
    page = lone.page
    seen = [part for part in PARTS if page.locator(f"#customer-{part}").is_visible()]
    held = page.locator(
        "#customer-table tbody tr, #own-rules tbody tr, #pause-rows li, #customer-chart canvas"
    )
    typed = [page.locator(f"#{name}").input_value() for name in ("own-limit", "pause-starts")]
    return [*seen, *["held"] * held.count(), *filter(None, typed)]


def test_one_who_was_not_answered_yet_has_nothing_of_the_one_before(of_anne: LonePage) -> None:
    of_anne.answers["customer"] = refusal

    of_anne.follow(BERT)

    wait_until(lambda: of_anne.shown("customer-error"), lambda words: words.startswith("Trying again"))
    assert "last answer" not in of_anne.shown("customer-error")
    assert seen_of_anne(of_anne) == []
    assert of_anne.page.locator("#customer-empty").is_visible()
    assert of_anne.shown("customer-empty") == "Asking for this customer."


def test_one_who_is_chosen_while_the_page_is_paused_is_asked_for_until_there_is_an_answer(
    of_anne: LonePage,
) -> None:
    of_anne.pause()
    before = len(of_anne.questions("customer"))
    of_anne.answers["customer"] = refusal

    of_anne.follow(BERT)
    wait_until(lambda: of_anne.shown("customer-error"), lambda words: words.startswith("Trying again"))
    of_anne.answers["customer"] = answered

    wait_until(lambda: of_anne.shown("customer-bpm"), lambda bpm: bpm == "88")
    assert of_anne.shown("customer-error") == ""
    asked = len(of_anne.questions("customer")) - before
    of_anne.page.wait_for_timeout(2500)
    assert len(of_anne.questions("customer")) - before == asked == 2


def test_what_is_no_id_leaves_nothing_of_the_one_before(of_anne: LonePage) -> None:
    of_anne.follow("anne")

    assert "A customer id is a UUID" in of_anne.shown("customer-error")
    assert seen_of_anne(of_anne) == []


def test_stopping_takes_the_error_and_all_figures_away(of_anne: LonePage) -> None:
    of_anne.answers["customer"] = refusal
    wait_until(lambda: of_anne.shown("customer-error"), lambda words: "last answer" in words)

    of_anne.page.get_by_role("button", name="Stop").click()

    assert of_anne.shown("customer-error") == ""
    assert seen_of_anne(of_anne) == []


def test_the_figures_say_whose_they_are(of_anne: LonePage) -> None:
    of_anne.page.locator("#customer-id").fill(str(BERT))

    assert str(ANNE) in of_anne.shown("customer-note")


def test_of_very_many_readings_in_a_day_the_figures_say_since_when_they_are_the_newest(
    of_anne: LonePage,
) -> None:
    readings = {NOW - timedelta(hours=2, seconds=age): 66 for age in (3, 2, 1)}
    day = replace(view_of(BERT, readings), asked_minutes=1440, is_shortened=True, since=min(readings))
    of_anne.answers["customer"] = lambda _: (200, day)

    of_anne.page.locator("#customer-minutes").select_option(label="1 day")
    of_anne.follow(BERT)

    wait_until(lambda: of_anne.shown("customer-note"), lambda words: "the newest 3 readings" in words)
    assert f"since {min(readings):%H:%M:%S} UTC" in of_anne.shown("customer-note")
    assert of_anne.questions("customer")[-1] == {"customer_id": str(BERT), "minutes": 1440}


def test_an_act_that_ends_after_another_was_chosen_says_for_whom_it_was(of_anne: LonePage) -> None:
    page = of_anne.page

    def slow(_: Any) -> tuple[int, object]:
        # Bert is chosen, and his limits are typed, before this is answered.
        page.evaluate(
            """([id]) => {
                document.getElementById("customer-id").value = id;
                document.getElementById("customer-form").requestSubmit();
                document.getElementById("own-limit").value = "160";
            }""",
            [str(BERT)],
        )
        return 409, {"detail": "somebody was quicker"}

    of_anne.answers["limits"] = slow
    page.get_by_role("button", name="Set", exact=True).click()

    wait_until(
        lambda: of_anne.shown("own-error"),
        lambda words: words == f"Customer {ANNE}: Not done: somebody was quicker.",
    )
    assert of_anne.questions("limits")[0]["customer_id"] == str(ANNE)
    assert page.locator("#own-limit").input_value() == "160"


def test_who_is_chosen_again_before_the_answer_is_asked_for_once_at_a_time(of_anne: LonePage) -> None:
    of_anne.page.evaluate(
        """(ids) => ids.forEach((id) => {
            document.getElementById("customer-id").value = id;
            document.getElementById("customer-form").requestSubmit();
        })""",
        [str(customer) for customer in (BERT, ANNE, BERT, ANNE, BERT)],
    )
    wait_until(lambda: of_anne.shown("customer-bpm"), lambda bpm: bpm == "88")
    before = len(of_anne.questions("customer"))

    of_anne.page.wait_for_timeout(5000)

    assert len(of_anne.questions("customer")) - before <= 3
