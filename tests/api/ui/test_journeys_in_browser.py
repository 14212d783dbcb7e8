"""Writing, approving and watching a journey, and doing its tasks, in a real browser."""

import pytest
from playwright.sync_api import Page, expect

from tests.api.ui.conftest import Visit, await_connection

pytestmark = pytest.mark.browser


def open_page(page: Page, path: str) -> None:
    page.goto(path)
    await_connection(page)


def confirm(page: Page, button: str) -> None:
    page.get_by_role("button", name=button).first.click()
    page.get_by_role("dialog").get_by_role("button", name=button).click()


def test_a_journey_is_written_as_forms_checked_while_typing_and_started_by_somebody_else(visit: Visit) -> None:
    mia = visit("mia")
    open_page(mia, "/journeys")
    mia.get_by_role("link", name="Reactivation of dormant members").click()
    await_connection(mia)
    mia.get_by_label("Name", exact=True).fill("Win back by hand")
    expect(mia.get_by_text("It can be saved and submitted.")).to_be_visible()
    wait = mia.get_by_role("region", name="Step 2: Wait")
    wait.get_by_label("At most, days").fill("0")
    expect(wait.get_by_role("alert")).to_contain_text("waits without end")
    wait.get_by_label("At most, days").fill("5")
    expect(mia.get_by_text("at most 5 days")).to_be_visible()
    mia.get_by_label("Only members who (optional)").fill("gold members in Shanghai")
    expect(mia.get_by_text("only members where")).to_be_visible()
    mia.get_by_role("button", name="Remove step 3").click()
    expect(mia.get_by_role("region", name="Give a task")).to_have_count(0)
    mia.get_by_role("button", name="Put it back").click()
    expect(mia.get_by_role("region", name="Step 3: Give a task")).to_be_visible()
    mia.get_by_label("Member", exact=True).fill("Zhang Min")
    mia.get_by_role("button", name="Preview").click()
    expect(mia.locator(".message-preview").last).to_contain_text("to Zhang Min")
    mia.get_by_label("Name", exact=True).press("Control+s")
    expect(mia.get_by_role("heading", name="Win back by hand")).to_be_visible()
    await_connection(mia)
    confirm(mia, "Submit for approval")
    expect(mia.get_by_text("Approving needs another role")).to_be_visible()
    grace = visit("grace")
    open_page(grace, "/approvals")
    grace.get_by_role("link", name="Win back by hand").click()
    await_connection(grace)
    expect(grace.get_by_text("You no longer want these e-mails? Opt out here: {{ unsubscribe }}")).to_be_visible()
    confirm(grace, "Approve")
    confirm(grace, "Start")
    expect(grace.get_by_role("button", name="Pause")).to_be_visible()
    expect(grace.get_by_text("Nobody was left out")).to_be_visible()
    open_page(mia, "/journeys")
    expect(mia.get_by_role("link", name="Win back by hand")).to_contain_text("Running")


def test_who_may_not_draft_sees_no_designer_and_an_empty_list_of_tasks(visit: Visit) -> None:
    page = visit("leo")
    open_page(page, "/journeys/new")
    expect(page.get_by_text("Not for your role")).to_be_visible()
    open_page(page, "/tasks")
    expect(page.get_by_text("Nothing to do")).to_be_visible()
