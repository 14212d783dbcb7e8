"""A walk through a demo's time ends when the person stops it, or leaves."""

import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from crm.datasets.people import DEMO_PASSWORD
from tests.api.conftest import CopyHome, Server, serving
from tests.api.ui.conftest import PATIENCE_MS, await_connection

pytestmark = pytest.mark.browser
STANDS_S = 4.0
"""A walk of a day takes less."""


@pytest.fixture(scope="module")
def own_site(loaded_home: Path, copy_home: CopyHome, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(copy_home(loaded_home, tmp_path_factory.mktemp("walk") / "home")) as running:
        yield running


@pytest.fixture
def walking(browser: Browser, own_site: Server) -> Iterator[Page]:
    """A page on which a walk of a year has begun."""
    page = browser.new_context(base_url=own_site.url).new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.goto("/login")
    page.get_by_label("Username").fill("mia")
    page.get_by_label("Password").fill(DEMO_PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    await_connection(page)
    before = clock(own_site)
    page.get_by_role("button", name="Walk to another moment").click()
    page.get_by_label("Day").fill(f"{before.year + 1}-{before:%m-%d}")
    page.get_by_role("button", name="Walk there").click()
    expect(page.get_by_role("button", name="Stop here")).to_be_visible()
    while clock(own_site) <= before:
        time.sleep(0.1)
    yield page
    page.context.close()


def clock(site: Server) -> datetime:
    with httpx.Client(base_url=site.url) as client:
        client.post("/api/session", json={"username": "leo", "password": DEMO_PASSWORD}).raise_for_status()
        return datetime.fromisoformat(client.get("/api/workspace").json()["now"])


def stands(site: Server) -> bool:
    """Whether the clock comes to stand, but for the seconds that pass by themselves."""
    for _ in range(20):
        first = clock(site)
        time.sleep(STANDS_S)
        if (clock(site) - first).total_seconds() < 10 * STANDS_S:
            return True
    return False


def test_a_closed_page_walks_no_further(walking: Page, own_site: Server) -> None:
    walking.close()
    assert stands(own_site)


def test_stop_here_ends_the_walk_where_it_stands(walking: Page, own_site: Server) -> None:
    walking.get_by_role("button", name="Stop here").click()
    expect(walking.get_by_role("button", name="Stop here")).to_have_count(0)
    assert stands(own_site)
