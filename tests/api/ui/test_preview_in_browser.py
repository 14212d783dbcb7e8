"""A campaign's message previewed for one member, seen from a browser."""

import pytest
from playwright.sync_api import expect

from tests.api.ui.conftest import Visit, await_connection

pytestmark = pytest.mark.browser


def test_a_message_is_previewed_for_a_chosen_member(visit: Visit) -> None:
    page = visit("mia")
    page.goto("/campaigns")
    await_connection(page)
    page.get_by_label("Search by name").fill("Weekend Flash")
    page.get_by_text("Weekend Flash").first.click()
    expect(page.get_by_role("heading", name="Weekend Flash")).to_be_visible()
    await_connection(page)
    page.get_by_label("Member", exact=True).fill("Zhang Min")
    form = page.locator(".line", has=page.get_by_role("button", name="Preview")).last
    form.get_by_label("Channel").click()
    page.get_by_role("option", name="SMS").click()
    page.get_by_role("button", name="Preview").click()
    shown = page.locator(".message-preview").last
    expect(shown).to_contain_text("SMS to Zhang Min")
    expect(shown).to_contain_text("in the GSM alphabet")
    expect(shown.locator("a[href^='/u/']")).to_be_visible()
    page.get_by_label("Member", exact=True).fill("Zhang Mim")
    expect(page.get_by_text("SMS to Zhang Min")).to_have_count(0)
    page.get_by_role("button", name="Preview").click()
    refused = page.get_by_role("alert").filter(has_text="There is no member 'Zhang Mim'")
    expect(refused).to_contain_text("Did you mean: Zhang Min")
    expect(page.get_by_text("SMS to Zhang Min")).to_have_count(0)
