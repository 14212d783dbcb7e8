"""The main job in the pages: ask, draft, submit, confirm, approve, walk through time, watch, review, export."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.api.ui.conftest import Visit, await_answer, await_connection, say

pytestmark = pytest.mark.browser

DRAFT = "draft a win-back for them: 15% off by SMS and email, start Thursday 10:00, keep 10% as holdout"


def drafted_name(page: Page) -> str:
    card = page.get_by_role("article", name=re.compile("^Campaign:")).last
    return card.locator("h3").inner_text()


def test_a_win_back_from_the_question_to_the_exported_review(visit: Visit, tmp_path: Path) -> None:
    mia = visit("mia")
    say(mia, "how many platinum members have not bought anything in the last 30 days?")
    expect(mia.get_by_role("article", name="Segment").locator(".headline")).to_have_text(re.compile(r"^\d+$"))
    say(mia, DRAFT)
    name = drafted_name(mia)
    say(mia, "submit it for approval")
    mia.get_by_role("button", name="Confirm", exact=True).click()
    await_answer(mia)
    expect(mia.get_by_role("article", name=re.compile("Approval requested"))).to_be_visible()

    mia.get_by_role("link", name="See the request").click()
    expect(mia.get_by_text("Approving needs another role")).to_be_visible()
    expect(mia.get_by_role("button", name="Approve")).to_have_count(0)

    grace = visit("grace")
    approve(grace, name)
    walk_a_week(grace)
    expect(grace.get_by_text("adds up", exact=True)).to_be_visible()
    expect(grace.locator(".message-row").first).to_be_visible()

    grace.get_by_role("link", name="Review", exact=True).click()
    expect(grace.get_by_role("heading", name=name)).to_be_visible()
    with grace.expect_download() as download:
        grace.get_by_role("link", name="Export PDF").click()
    exported = tmp_path / "review.pdf"
    download.value.save_as(exported)
    assert exported.read_bytes().startswith(b"%PDF-")


def approve(page: Page, name: str) -> None:
    page.get_by_role("link", name="Approvals").click()
    page.get_by_role("link", name=re.compile(re.escape(name))).click()
    page.get_by_role("button", name="Approve").click()
    page.get_by_role("dialog").get_by_label("Note (optional)").fill("Go ahead.")
    page.get_by_role("dialog").get_by_role("button", name="Approve").click()
    expect(page.get_by_text("Scheduled", exact=True)).to_be_visible()
    expect(page.get_by_text("“Go ahead.”").first).to_be_visible()


def walk_a_week(page: Page) -> None:
    page.get_by_role("button", name="Walk to another moment").click()
    page.get_by_role("button", name="+1 week").click()
    page.get_by_role("button", name="Walk there").click()
    expect(page.get_by_text(re.compile("Demo time: Mon 8 Jun 2026"))).to_be_visible(timeout=180_000)


def test_a_reload_keeps_the_conversation_and_its_open_question(visit: Visit) -> None:
    page = visit("mia")
    say(page, "which gold members live in Shanghai?")
    say(page, DRAFT)
    say(page, "submit it for approval")
    page.reload()
    await_connection(page)
    expect(page.locator(".request")).to_have_count(3)
    expect(page.get_by_role("article", name="Segment")).to_be_visible()
    page.get_by_role("button", name="Cancel", exact=True).click()
    await_answer(page)
    expect(page.get_by_text("Cancelled", exact=True)).to_be_visible()
    page.reload()
    expect(page.get_by_text("Cancelled", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Confirm", exact=True)).to_have_count(0)


def test_enter_sends_and_shift_enter_makes_a_new_line(visit: Visit) -> None:
    page = visit("mia")
    box = page.get_by_role("textbox", name="Message")
    box.fill("how many gold members")
    box.press("Shift+Enter")
    box.press_sequentially("live in Beijing?")
    box.press("Enter")
    expect(page.locator(".request")).to_have_text("how many gold members\nlive in Beijing?")
    await_answer(page)


def test_somebody_elses_conversation_is_not_shown(visit: Visit) -> None:
    mia, grace = visit("mia"), visit("grace")
    say(mia, "how many members are there?")
    grace.goto(mia.url)
    expect(grace.get_by_role("heading", name="Not found")).to_be_visible()
    expect(grace.locator(".request")).to_have_count(0)
