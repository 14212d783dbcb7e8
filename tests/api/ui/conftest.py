"""A real browser on a real server: people of the demo in pages of their own."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from crm.datasets.people import DEMO_PASSWORD
from tests.api.conftest import CopyHome, Server, serving
from tests.browser import find_chromium

ARGUMENTS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
]
PATIENCE_MS = 60_000
"""How long a page may take on a busy machine before a test gives up."""

Visit = Callable[[str], Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One for each file: while it is open an event loop runs, beside which no other file could run its own."""
    chromium = find_chromium()
    if chromium is None:
        pytest.skip("no Chromium on this machine")
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def site_home(loaded_home: Path, copy_home: CopyHome, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_home(loaded_home, tmp_path_factory.mktemp("site") / "home")


@pytest.fixture(scope="session")
def site(site_home: Path) -> Iterator[Server]:
    """One server for all tests of pages: starting one costs more than any test, and each test makes what it needs."""
    with serving(site_home) as running:
        yield running


@pytest.fixture
def visit(browser: Browser, site: Server) -> Iterator[Visit]:
    """Opens a page that a person of the demo is signed in to; fails the test when a page raised an error."""
    pages: list[Page] = []
    errors: list[str] = []

    def open_page(username: str) -> Page:
        context = browser.new_context(viewport={"width": 1440, "height": 900}, base_url=site.url)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: errors.append(str(error)))
        pages.append(page)
        page.goto("/login")
        page.get_by_label("Username").fill(username)
        page.get_by_label("Password").fill(DEMO_PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        await_connection(page)
        return page

    yield open_page
    for page in pages:
        page.context.close()
    assert errors == []


def await_connection(page: Page) -> None:
    """A page is drawn before its socket is open; words typed earlier would not arrive."""
    expect(page.locator("body.connected")).to_be_attached()


def say(page: Page, words: str) -> None:
    """Send a message and wait until the answer is complete."""
    page.get_by_role("textbox", name="Message").fill(words)
    page.get_by_role("textbox", name="Message").press("Enter")
    expect(page.locator(".request", has_text=words[:40]).last).to_be_visible()
    await_answer(page)


def await_answer(page: Page) -> None:
    expect(page.get_by_role("button", name="Send").locator(".q-spinner")).to_have_count(0)
    expect(page.locator(".working:visible")).to_have_count(0)
