"""Whoever may not read, or whose login has ended, is told so once, and is asked for nothing more."""

from typing import Any

import pytest

from tests.support.lone_page import LonePage

pytestmark = pytest.mark.integration

WHY = "your role in Airflow does not let you read this: it needs the right to read heartbeat_health"
# More than the page waits between two of its questions.
LONG_MS = 5000


@pytest.fixture
def denied(lone: LonePage) -> LonePage:
    """Give the page as it is answered for an account with the role Public."""
    lone.denial = 403
    lone.answers["me"] = lambda _: (200, {"name": "bob", "may_act": False, "refusal": WHY})
    lone.answers["alarms"] = lone.answers["customer"] = lambda _: (403, {"detail": WHY})
    lone.open()
    return lone


def test_without_the_right_to_read_the_page_says_why_and_asks_no_more(denied: LonePage) -> None:
    asked = len(denied.questions("alarms"))

    denied.page.wait_for_timeout(LONG_MS)

    assert len(denied.questions("alarms")) == asked
    assert denied.shown("feed-state") == "No right"
    assert denied.shown("notice") == f"Y{WHY[1:]}."
    assert denied.page.locator("#alarms-right").is_hidden()


def test_what_no_other_try_can_mend_is_not_said_to_be_tried_again(denied: LonePage) -> None:
    denied.page.locator("#alarms-severity").select_option("warning")

    denied.page.wait_for_function("document.getElementById('alarms-error').textContent !== ''")

    assert denied.shown("alarms-error") == f"{WHY}."


def test_a_page_that_signed_out_is_live_again_after_a_login_in_another_tab(lone: LonePage) -> None:
    lone.denial = 401
    lone.answers["me"] = lambda _: (401, {})
    lone.open()
    assert lone.shown("feed-state") == "Signed out"

    lone.denial = None
    lone.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")

    lone.wait_feed("live")
    assert lone.page.locator("#notice").is_hidden()
    before = len(lone.questions("alarms"))
    lone.page.wait_for_timeout(LONG_MS)
    assert len(lone.questions("alarms")) > before


def test_a_question_that_is_never_answered_is_asked_again(lone: LonePage) -> None:
    held: list[Any] = []

    def once_silent(question: Any) -> tuple[int, object] | None:
        held.append(question)
        return None

    # A second of the page's patience takes a twentieth here.
    lone.page.add_init_script(
        "const patient = AbortSignal.timeout; AbortSignal.timeout = (ms) => patient.call(AbortSignal, ms / 20);"
    )
    lone.answers["alarms"] = once_silent
    lone.open()

    lone.page.wait_for_timeout(LONG_MS)

    assert len(held) > 1
    assert lone.shown("alarms-error") == "Trying again: Airflow does not answer."
