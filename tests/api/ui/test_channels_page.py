"""Holding a channel back by hand, in a real browser."""

import pytest
from playwright.sync_api import Page, expect

from tests.api.ui.conftest import Visit, await_connection

pytestmark = pytest.mark.browser


def open_channels(page: Page) -> None:
    page.goto("/channels")
    await_connection(page)


def test_operations_pause_a_channel_and_a_manager_resumes_it(visit: Visit) -> None:
    mia = visit("mia")
    open_channels(mia)
    sms = mia.get_by_role("region", name="SMS")
    sms.get_by_role("button", name="Pause").click()
    question = mia.get_by_role("dialog")
    question.get_by_role("button", name="Pause").click()
    expect(question.get_by_text("Please say why.")).to_be_visible()
    question.get_by_role("textbox").fill("the gateway sends twice")
    question.get_by_role("button", name="Pause").click()
    expect(sms.get_by_text("the gateway sends twice")).to_be_visible()
    grace = visit("grace")
    open_channels(grace)
    sms = grace.get_by_role("region", name="SMS")
    expect(sms.get_by_text("Paused by Mia")).to_be_visible()
    sms.get_by_role("button", name="Resume").click()
    grace.get_by_role("dialog").get_by_role("button", name="Resume").click()
    expect(sms.get_by_role("button", name="Pause")).to_be_visible()
    expect(mia.get_by_role("region", name="SMS").get_by_role("button", name="Pause")).to_be_visible()


def test_who_may_not_pause_sees_no_button(visit: Visit) -> None:
    page = visit("leo")
    open_channels(page)
    expect(page.get_by_role("region", name="E-mail")).to_be_visible()
    expect(page.get_by_role("button", name="Pause")).to_have_count(0)
