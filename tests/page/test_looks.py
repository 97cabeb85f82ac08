"""The page tells how old its figures are, and shows none as fresh that are not."""

from datetime import timedelta
from uuid import UUID

import pytest

from include.live.rules import closed_until
from include.live.store import FLOW_WINDOW
from include.live.types import CustomersNow, HighCustomer, Second
from tests.support.lone_page import NOW, LonePage, look_with
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration

UNCOUNTED = "there are too many readings to count in time"


def count_of(seconds_ago: int) -> CustomersNow:
    """Return a count of so many seconds ago: one customer at each level."""
    at = NOW - timedelta(seconds=seconds_ago)
    at_high = [HighCustomer(UUID(int=1), 155, at, at)]
    return CustomersNow(at, 1, 1, 1, 60.0, is_whole=True, followed=1, at_high=at_high)


def test_a_page_that_goes_on_is_live_again_only_with_its_next_look(lone: LonePage) -> None:
    lone.open()
    lone.pause()
    lone.look = None

    lone.page.locator("#pause").click()
    lone.page.wait_for_timeout(1000)

    assert lone.shown("feed-state") == "Connecting"


def test_how_many_are_at_high_is_told_with_its_age_where_it_is_old(lone: LonePage) -> None:
    lone.look = look_with(count_of(seconds_ago=1))
    lone.open()
    assert lone.shown("sub-high") == "customer"

    lone.look = look_with(count_of(seconds_ago=20))

    wait_until(lambda: lone.shown("sub-high"), lambda words: words == "customer, counted 20 s ago")


def test_where_the_customers_are_not_counted_no_earlier_count_is_left(lone: LonePage) -> None:
    lone.look = look_with(count_of(seconds_ago=20))
    lone.open()
    assert lone.page.locator("#high-rows tr").count() == 1

    lone.look = look_with(None)

    wait_until(lambda: lone.shown("sub-high"), lambda words: words == UNCOUNTED)
    assert lone.shown("high-total") == "\N{EN DASH}"
    assert lone.page.locator("#high-rows tr").count() == 0
    assert lone.page.locator("#high-empty").is_visible()
    assert UNCOUNTED in lone.shown("high-empty")
    assert "counted" not in lone.shown("high-note")
    figures = lone.page.locator("#risk-rows td").all_text_contents()
    assert set(figures) == {"\N{EN DASH}"}
    assert "none" in str(lone.page.locator("#risk-bar").get_attribute("class"))
    lone.look = look_with(count_of(seconds_ago=1))
    wait_until(lambda: lone.page.locator("#high-rows tr").count(), lambda count: count == 1)
    assert lone.page.locator("#high-empty").is_hidden()


@pytest.mark.parametrize("edge", ["first", "last"])
def test_a_steady_flow_is_drawn_as_one_up_to_both_ends(lone: LonePage, edge: str) -> None:
    until = closed_until(NOW)
    seconds = int(FLOW_WINDOW.total_seconds())
    rows = [Second(until - timedelta(seconds=ago), 15, 0, 0, 20.0, 40.0) for ago in range(seconds, 0, -1)]
    lone.look = look_with(seconds=tuple(rows))
    lone.open()
    plot = lone.page.locator("#flow-chart .u-over")
    place = plot.bounding_box()
    assert place is not None

    x = place["width"] - 1 if edge == "last" else 1
    plot.hover(position={"x": x, "y": place["height"] / 2})

    row = rows[0 if edge == "first" else -1]
    assert plot.locator(".tip").inner_text().splitlines()[:2] == [f"{row.second:%H:%M:%S}", "Accepted 15 /s"]
