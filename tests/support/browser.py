"""What the tests of the live page do with the browser, and what a person would see of the page."""

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tools.browser import PATIENCE_MS

if TYPE_CHECKING:  # the tests that need no browser run without its packages
    from playwright.sync_api import Browser, BrowserContext, Page

DESK = {"width": 1440, "height": 900}
PHONE = {"width": 360, "height": 780}
# What the page shows for a figure that is not known.
NOTHING = "\u2013"


def new_context(browser: "Browser", **options: Any) -> "BrowserContext":
    """Open a window of its own, patient enough for a busy machine."""
    context = browser.new_context(**{"viewport": DESK, **options})
    context.set_default_timeout(PATIENCE_MS)
    return context


def wait_feed(page: "Page", state: str) -> None:
    """Wait until the page says that its feed is in this state."""
    page.wait_for_selector(f"body[data-feed={state}]", timeout=PATIENCE_MS)


def number(page: Any, name: str) -> float:
    """Return a figure of the page."""
    text = page.locator(f"#{name}").inner_text().replace(",", "")
    return float(text) if text != NOTHING else float("nan")


def hosts(addresses: list[str]) -> set[str]:
    """Return the machines that were asked for something."""
    return {str(urlsplit(address).hostname) for address in addresses if address.startswith(("http", "ws"))}


def scrolls_sideways(page: "Page") -> bool:
    """Tell whether the page is wider than the window."""
    return bool(page.evaluate("document.documentElement.scrollWidth > window.innerWidth"))


def findings(page: "Page") -> list[str]:
    """Return what axe-core holds to be a serious or critical barrier."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [
        f"{rule['id']}: {rule['nodes'][0]['html'][:200]} ({rule['nodes'][0]['failureSummary'][:300]})"
        for rule in found
        if rule["impact"] in ("serious", "critical")
    ]
