"""The list of alarms says when what stands there is not the answer to what was chosen."""

from typing import Any

import pytest

from tests.support.lone_page import NOW, LonePage, board, refusal
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration

ALARM = {
    "id": 1, "customer_id": "00000000-0000-0000-0000-000000000001", "rule": "high", "severity": "critical",
    "state": "open", "onset": NOW, "opened": NOW, "cleared": None, "peak_bpm": 160, "acknowledged_by": None,
    "acknowledged_at": None, "snoozed_until": None, "note": None,
}  # fmt: skip


def answered(question: Any) -> tuple[int, object]:
    return 200, board([ALARM] if question["severity"] != "warning" else [])


@pytest.fixture
def listed(lone: LonePage) -> LonePage:
    """Give a page that lists one alarm and is paused."""
    lone.answers["alarms"] = answered
    lone.open()
    wait_until(lambda: lone.shown("alarms-note"), lambda note: note.startswith("1 shown"))
    lone.pause()
    return lone


def test_a_choice_that_is_not_answered_says_so_and_is_asked_again_also_while_the_page_is_paused(
    listed: LonePage,
) -> None:
    listed.answers["alarms"] = refusal

    listed.page.locator("#alarms-severity").select_option("warning")

    words = wait_until(lambda: listed.shown("alarms-error"), lambda words: words != "")
    assert words == (
        "Trying again: many are looking; ask again in 1 s. What you see is the answer to an earlier choice."
    )
    listed.answers["alarms"] = answered
    wait_until(lambda: listed.page.locator("#alarm-rows > li").count(), lambda count: count == 0)
    assert listed.shown("alarms-error") == ""


def test_a_choice_that_cannot_be_asked_says_that_the_list_is_an_earlier_one(listed: LonePage) -> None:
    listed.page.locator("#alarms-customer").fill("anne")
    listed.page.locator("#alarms-customer").press("Enter")

    words = wait_until(lambda: listed.shown("alarms-error"), lambda words: words != "")
    assert "A customer id is a UUID" in words
    assert words.endswith("What you see is the answer to an earlier choice.")
