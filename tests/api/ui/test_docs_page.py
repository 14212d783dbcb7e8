"""The page that shows the API works on a machine without a network, under its own policy."""

import pytest
from playwright.sync_api import expect

from tests.api.ui.conftest import Visit

pytestmark = pytest.mark.browser


def test_the_api_can_be_read_and_tried_without_a_network(visit: Visit) -> None:
    page = visit("mia")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/api/docs")
    expect(page.get_by_role("heading", name="Nurture")).to_be_visible()
    page.get_by_role("button", name="GET /api/me", exact=False).first.click()
    page.get_by_role("button", name="Execute").first.click()
    expect(page.get_by_text("display_name").first).to_be_visible()
    home = page.url.partition("/api")[0]
    assert {url for url in asked if not url.startswith((home, "data:"))} == set()
