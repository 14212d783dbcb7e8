"""Who was left out of a campaign, on its page in a real browser."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.api.ui.conftest import Visit, await_connection

pytestmark = pytest.mark.browser


def left_out(page: Page, campaign: str) -> Locator:
    page.goto("/campaigns")
    await_connection(page)
    page.get_by_role("link", name=campaign).first.click()
    await_connection(page)
    return page.get_by_role("region", name="Who was left out, and why")


def test_operations_narrow_the_members_to_a_reason_and_take_them_away(visit: Visit) -> None:
    page = visit("mia")
    panel = left_out(page, "Summer Skincare")
    expect(panel.get_by_role("cell", name="Kept back as holdout").first).to_be_visible()
    panel.get_by_label("Reason").click()
    page.get_by_role("option", name="On the blacklist").click()
    members = panel.locator("table").last
    expect(members.get_by_role("cell", name="On the blacklist").first).to_be_visible()
    expect(members.get_by_role("cell", name="Kept back as holdout")).to_have_count(0)
    panel.get_by_role("button", name="Next").click()
    expect(panel.get_by_text("13 to")).to_be_visible()
    with page.expect_download() as download:
        panel.get_by_role("button", name="Download CSV").click()
    assert download.value.suggested_filename.endswith(".csv")


def test_a_csm_reads_of_his_own_members_and_takes_nothing_away(visit: Visit) -> None:
    everybody = left_out(visit("mia"), "Summer Skincare").get_by_text("1 to 12 of")
    own = left_out(visit("kevin"), "Summer Skincare")
    expect(own.get_by_text("1 to 12 of")).to_be_visible()
    assert own.get_by_text("1 to 12 of").inner_text() != everybody.inner_text()
    expect(own.get_by_role("button", name="Download CSV")).to_have_count(0)


def test_the_messages_of_a_campaign_are_turned_over_page_by_page(visit: Visit) -> None:
    page = visit("grace")
    page.goto("/campaigns")
    await_connection(page)
    page.get_by_role("link", name="Weekend Flash").first.click()
    await_connection(page)
    panel = page.get_by_role("region", name="Messages")
    names = panel.locator(".message-row .strong")
    expect(panel.get_by_text("1 to 12 of")).to_be_visible()
    first = names.all_inner_texts()
    panel.get_by_role("button", name="Next").click()
    expect(panel.get_by_text("13 to 24 of")).to_be_visible()
    assert names.all_inner_texts() != first
    panel.get_by_role("button", name="Previous").click()
    expect(panel.get_by_text("1 to 12 of")).to_be_visible()
    assert names.all_inner_texts() == first
    expect(panel.get_by_role("button", name="Previous")).to_be_disabled()
