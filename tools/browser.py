"""The machine's own Chromium, for pictures and for tests of the live page; and the way through Airflow's login."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from include.errors import MissingPartError
from include.settings import Settings
from stack.airflow.configuration import base_url

if TYPE_CHECKING:  # a package of the developers' alone
    from playwright.sync_api import Browser, BrowserContext, Page

CHROMIUM = Path("/usr/bin/chromium")
# The sandbox needs rights that a container seldom has; the rest keeps the browser from calling home.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# A busy machine is slow.
PATIENCE_MS = 60_000


@contextmanager
def chromium() -> Iterator["Browser"]:
    """Run Chromium, headless; raise MissingPartError if there is none."""
    from playwright.sync_api import sync_playwright

    if not CHROMIUM.exists():
        raise MissingPartError(f"{CHROMIUM} is missing: install it with 'apt-get install chromium'")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


def log_in(page: "Page", settings: Settings) -> None:
    """Log in through Airflow's own page."""
    page.goto(f"{base_url(settings)}/")
    page.fill("input[name=username]", settings.airflow.user)
    page.fill("input[name=password]", settings.airflow.password.get_secret_value())
    page.click("button[type=submit]")
    page.get_by_role("link", name="Heartbeats").wait_for()


def open_live_page(context: "BrowserContext", settings: Settings) -> "Page":
    """Open the live page by itself and wait for its first look."""
    page = context.new_page()
    page.goto(f"{base_url(settings)}/heartbeats/")
    page.wait_for_selector("body[data-feed=live]", timeout=PATIENCE_MS)
    return page
