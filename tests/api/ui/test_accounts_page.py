"""An administrator adds a person, who signs in once with what they were told and chooses a password."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.api.conftest import Server
from tests.api.ui.conftest import PATIENCE_MS, Visit, await_connection

pytestmark = pytest.mark.browser
NAME, NEW = "欧阳娜娜 Wolfeschlegelsteinhausenbergerdorff", "风 stapler 月 umbrella"


def told(page: Page) -> str:
    secret = page.locator(".secret").inner_text()
    page.get_by_role("button", name="I have it").click()
    return secret


def test_a_person_is_added_chooses_a_password_makes_a_token_and_is_disabled(
    visit: Visit, browser: Browser, site: Server
) -> None:
    admin = visit("admin")
    admin.goto("/people")
    await_connection(admin)
    admin.get_by_role("button", name="Add a person").click()
    admin.get_by_label("Username").fill("ouyang.nana")
    admin.get_by_label("Name, as others see it").fill(NAME)
    admin.get_by_role("button", name="Add", exact=True).click()
    one_time = told(admin)
    expect(admin.get_by_text("One-time password")).to_be_visible()

    new = browser.new_context(base_url=site.url, viewport={"width": 390, "height": 800}).new_page()
    new.set_default_timeout(PATIENCE_MS)
    new.goto("/login")
    new.get_by_label("Username").fill("ouyang.nana")
    new.get_by_label("Password").fill(one_time)
    new.get_by_role("button", name="Sign in").click()
    expect(new.get_by_text("Choose one of your own")).to_be_visible()
    new.goto("/campaigns")
    expect(new.get_by_text("Choose one of your own")).to_be_visible()
    for again, words in (("else", "differ"), ("123456789012", "simple pattern")):
        new.get_by_label("New password", exact=True).fill("123456789012")
        new.get_by_label("New password again").fill(again)
        new.get_by_role("button", name="Change password").click()
        expect(new.get_by_role("alert")).to_contain_text(words)
    for label in ("New password", "New password again"):
        new.get_by_label(label, exact=True).fill(NEW)
    new.get_by_role("button", name="Change password").click()
    expect(new.get_by_text("Your password is changed")).to_be_visible()
    await_connection(new)
    new.get_by_role("button", name="New token").click()
    new.get_by_label("What is it for?").fill("每日报表")
    new.get_by_role("button", name="Make token").click()
    assert told(new).startswith("nurture_")
    expect(new.get_by_text("每日报表")).to_be_visible()
    assert new.evaluate("document.documentElement.scrollWidth") == 390

    admin.goto("/people/ouyang.nana")
    await_connection(admin)
    expect(admin.get_by_text("每日报表")).to_be_visible()
    admin.get_by_role("button", name="Disable").click()
    admin.get_by_role("dialog").get_by_role("button", name="Disable").click()
    expect(admin.get_by_text("Signed in nowhere")).to_be_visible()
    new.get_by_role("button", name="New token").click()
    new.get_by_label("What is it for?").fill("too late")
    new.get_by_role("button", name="Make token").click()
    expect(new.get_by_role("heading", name="Sign in")).to_be_visible()
    new.context.close()


def test_people_are_for_administrators(visit: Visit) -> None:
    mia = visit("mia")
    expect(mia.get_by_role("link", name="People")).to_have_count(0)
    mia.goto("/people")
    expect(mia.get_by_role("alert")).to_contain_text("may not administer")
