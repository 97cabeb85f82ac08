"""A list of the page is in step with its items, whatever their keys are, and what stays is not moved."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.support.lone_page import NOW, LonePage, view_of
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration

ANNE, BERT = UUID(int=1), UUID(int=2)
KEYED = """async ([before, after]) => {
    const { element, keyed } = await import("./js/dom.js");
    const list = element("ul");
    const fill = (items) =>
        keyed(list, items, ([key]) => key, () => element("li"), (child, [, words]) => (child.textContent = words));
    const words = () => [...list.children].map((child) => child.textContent);
    fill(before);
    const first = words();
    fill(after);
    return [first, words()];
}"""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (["a1", "a2", "b1"], ["c1", "a3"]),
        (["a1", "a2", "a3"], []),
        (["a1"], ["a2", "a3", "a4"]),
        (["a1", "b1", "a2"], ["b2", "a3", "a4", "b3"]),
    ],
)
def test_items_of_one_key_are_all_shown_and_all_go(
    lone: LonePage, before: list[str], after: list[str]
) -> None:
    lone.open()

    found = lone.page.evaluate(KEYED, [[[words[0], words] for words in items] for items in (before, after)])

    assert found == [before, after]


def test_what_stays_below_an_item_that_goes_keeps_the_focus(lone: LonePage) -> None:
    lone.open()

    focused = lone.page.evaluate(
        """async () => {
            const { element, keyed } = await import("./js/dom.js");
            const list = element("ul");
            document.body.append(list);
            const fill = (items) =>
                keyed(list, items, (key) => key, (key) => element("button", { id: `key-${key}` }, key), () => {});
            fill(["a", "b", "c"]);
            document.getElementById("key-b").focus();
            fill(["b", "c"]);
            return document.activeElement.id;
        }"""
    )

    assert focused == "key-b"


def test_two_readings_within_a_second_are_two_rows_and_go_with_the_customer(lone: LonePage) -> None:
    second = NOW.replace(microsecond=0) - timedelta(seconds=5)
    of_anne = {second + timedelta(milliseconds=ms): bpm for ms, bpm in ((100, 71), (200, 72), (900, 79))}
    views = {ANNE: view_of(ANNE, of_anne), BERT: view_of(BERT, {second: 88, NOW: 89})}

    def answered(question: Any) -> tuple[int, object]:
        return 200, views[UUID(question["customer_id"])]

    def rates() -> list[str]:
        return lone.page.locator("#customer-table tbody td:last-child").all_text_contents()

    lone.answers["customer"] = answered
    lone.open()
    lone.follow(ANNE)
    wait_until(lambda: lone.shown("customer-bpm"), lambda bpm: bpm == "79")
    lone.page.locator("#customer-table summary").click()
    wait_until(rates, lambda shown: shown == ["79", "72", "71"])
    rows = lone.page.locator("#customer-table tbody tr")
    rows.last.evaluate("(row) => (row.dataset.seen = 'yes')")

    views[ANNE] = view_of(ANNE, {**of_anne, NOW: 80})
    wait_until(rates, lambda shown: shown == ["80", "79", "72", "71"])
    assert rows.last.get_attribute("data-seen") == "yes"  # the row of a reading stays that reading's
    lone.follow(BERT)

    wait_until(rates, lambda shown: shown == ["89", "88"])
