"""A click on a page that shows something else by now decides nothing, and says what changed."""

import re

import pytest
from playwright.sync_api import expect

from tests.api.ui.conftest import Visit

pytestmark = pytest.mark.browser

BRIEF = {
    "name": "Stale click",
    "audience": {"field": "tier", "op": "in", "value": ["gold"]},
    "channels": ["email"],
    "start": "2026-06-20T10:00",
}


def test_a_click_on_what_was_changed_since_says_what_changed_and_shows_it(visit: Visit) -> None:
    grace, mia = visit("grace"), visit("mia")
    made = mia.request.post("/api/campaigns", data=BRIEF)
    assert made.ok, made.text()
    one = f"/api/campaigns/{made.json()['id']}"
    assert mia.request.post(f"{one}/submit", data={}).ok
    grace.get_by_role("link", name="Approvals").click()
    grace.get_by_role("link", name=re.compile("Stale click")).click()
    expect(grace.get_by_role("button", name="Approve")).to_be_visible()

    changed = mia.request.patch(one, data={"changes": {"start": "2026-06-21T10:00"}, "confirm": True})
    assert changed.ok, changed.text()
    assert mia.request.post(f"{one}/submit", data={}).ok

    grace.get_by_role("button", name="Approve").click()
    grace.get_by_role("dialog").get_by_role("button", name="Approve").click()
    expect(grace.get_by_text("This was not decided")).to_be_visible()
    difference = "the start: 2026-06-21T10:00:00 instead of 2026-06-20T10:00:00"
    expect(grace.get_by_text(re.compile(difference))).to_be_visible()
    grace.get_by_role("button", name="Show it as it is now").click()
    grace.get_by_role("button", name="Approve").click()
    grace.get_by_role("dialog").get_by_role("button", name="Approve").click()
    expect(grace.get_by_text("Scheduled", exact=True)).to_be_visible()
    assert mia.request.post(f"{one}/cancel").ok
