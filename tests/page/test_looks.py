"""The page tells how old its figures are, and shows none as fresh that are not."""

import pytest

from tests.support.lone_page import LonePage

pytestmark = pytest.mark.integration


def test_a_page_that_goes_on_is_live_again_only_with_its_next_look(lone: LonePage) -> None:
    lone.open()
    lone.pause()
    lone.look = None

    lone.page.locator("#pause").click()
    lone.page.wait_for_timeout(1000)

    assert lone.shown("feed-state") == "Connecting"
