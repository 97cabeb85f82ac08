"""The page of a day in a real browser: in light and dark, on a phone, on paper; whole without a network."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest

from include.daily.page import render_list, render_page
from tests.support.browser import DESK, PHONE, findings, hosts, new_context, scrolls_sideways
from tests.support.daily import DAY, empty_report, sample_report
from tools.browser import chromium

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.integration

PAGES = {
    "day": lambda: render_page(sample_report()),
    "empty": lambda: render_page(empty_report()),
    "list": lambda: render_list([DAY.date]),
}


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    """Give a browser."""
    with chromium() as opened:
        yield opened


def shown(browser: "Browser", folder: Path, name: str, **options: Any) -> "Page":
    """Open a page of that name from a file."""
    file = folder / f"{name}.html"
    file.write_text(PAGES[name]())
    page = new_context(browser, **options).new_page()
    page.goto(file.as_uri())
    return page


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_there_is_no_barrier_and_nobody_else_is_asked(
    browser: "Browser", tmp_path: Path, name: str, scheme: Literal["light", "dark"]
) -> None:
    page = shown(browser, tmp_path, name, color_scheme=scheme, viewport=DESK)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.reload()

    assert findings(page) == []
    assert hosts(asked) == set()
    assert len(asked) == 1
    is_dark = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(14, 19, 26)"
    assert is_dark == (scheme == "dark")
    page.context.close()


@pytest.mark.parametrize("name", PAGES)
def test_it_fits_a_phone(browser: "Browser", tmp_path: Path, name: str) -> None:
    page = shown(browser, tmp_path, name, viewport=PHONE)

    assert not scrolls_sideways(page)
    page.context.close()


def test_on_paper_it_is_light_whatever_the_screen_is(browser: "Browser", tmp_path: Path) -> None:
    page = shown(browser, tmp_path, "day", color_scheme="dark")

    page.emulate_media(media="print", color_scheme="dark")

    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(24, 32, 44)"
    assert page.pdf().startswith(b"%PDF")
    page.context.close()
