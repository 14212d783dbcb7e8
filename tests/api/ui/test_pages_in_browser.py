"""Signing in, rights and harmless text, seen from a browser."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import select, update

from api.bootstrap import bootstrap
from crm.database import unit_of_work
from crm.members.models import Member
from tests.api.conftest import Server, settings_of
from tests.api.ui.conftest import Visit, await_connection, say

pytestmark = pytest.mark.browser

HOSTILE_NAME = (
    '<img src=x onerror="window.wasFooled=1"> ![p](http://evil.example/pixel.png) [c](javascript:window.wasFooled=1)'
)


def test_a_demo_person_fills_the_form_with_one_click(browser: Browser, site: Server) -> None:
    page = browser.new_page(base_url=site.url)
    page.goto("/campaigns")
    expect(page).to_have_url(re.compile("/login$"))
    page.get_by_role("button", name=re.compile("Grace Lin")).click()
    expect(page.get_by_label("Username")).to_have_value("grace")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("Hello Grace Lin")).to_be_visible()
    page.get_by_role("button", name="Manager menu").click()
    page.get_by_text("Sign out").click()
    expect(page).to_have_url(re.compile("/login$"))
    page.goto("/reviews")
    expect(page).to_have_url(re.compile("/login$"))
    page.close()


def test_a_wrong_password_is_refused_in_words(browser: Browser, site: Server) -> None:
    page = browser.new_page(base_url=site.url)
    page.goto("/login")
    page.get_by_label("Username").fill("mia")
    page.get_by_label("Password").fill("not the password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("Username or password is wrong.")).to_be_visible()
    page.close()


def test_an_open_page_of_a_person_who_signed_out_can_do_nothing(visit: Visit) -> None:
    page = visit("mia")
    page.context.request.post("/sign-out")
    page.get_by_role("textbox", name="Message").fill("how many members are there?")
    page.get_by_role("textbox", name="Message").press("Enter")
    expect(page).to_have_url(re.compile("/login$"))


def test_campaigns_are_filtered_by_state_and_name(visit: Visit) -> None:
    page = visit("grace")
    page.goto("/campaigns")
    await_connection(page)
    rows = page.locator(".list-row")
    everything = rows.count()
    page.get_by_role("button", name=re.compile("^Completed")).click()
    expect(page.get_by_role("button", name=re.compile("^Completed"))).to_have_attribute("aria-pressed", "true")
    assert 0 < rows.count() < everything
    page.get_by_label("Search by name").fill("no campaign is called that")
    expect(page.get_by_text("No campaign fits")).to_be_visible()


def test_an_analyst_sees_a_campaign_without_its_buttons(visit: Visit) -> None:
    page = visit("leo")
    page.goto("/campaigns")
    page.locator(".list-row").first.click()
    expect(page.get_by_role("heading", name="Brief")).to_be_visible()
    for words in ("Submit for approval", "Pause", "Resume", "Cancel campaign", "Approve"):
        expect(page.get_by_role("button", name=words)).to_have_count(0)
    expect(page.get_by_role("button", name="Walk to another moment")).to_have_count(0)


@pytest.fixture
def hostile_names(site_home: Path) -> Iterator[None]:
    """Platinum members bear a name that is markup, as long as the test runs."""
    nurture = bootstrap(settings_of(site_home))
    with unit_of_work(nurture.sessions) as session:
        platinum = select(Member.id, Member.name, Member.name_local).where(Member.tier == "platinum")
        before = [dict(row) for row in session.execute(platinum).mappings()]
        session.execute(update(Member).where(Member.tier == "platinum").values(name=HOSTILE_NAME, name_local=None))
    yield
    with unit_of_work(nurture.sessions) as session:
        session.execute(update(Member), before)
    nurture.close()


@pytest.mark.usefixtures("hostile_names")
def test_markup_in_a_members_name_stays_text(visit: Visit) -> None:
    page = visit("mia")
    outside: list[str] = []
    page.on("request", lambda request: outside.append(request.url) if "evil.example" in request.url else None)
    say(page, "show me 5 platinum members")
    expect(page.get_by_role("cell", name=re.compile("<img src=x")).first).to_be_visible()
    for link in page.locator(".answer a").all():
        assert not (link.get_attribute("href") or "").startswith("javascript:")
    assert page.evaluate("window.wasFooled === undefined")
    assert outside == []
    expect(page.locator(".answer .nicegui-markdown")).to_contain_text("<img src=x onerror=")
