"""The Segments page in a browser: words and rows in step, a live count that can be cancelled, saving and undoing."""

import re
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import delete

from api.bootstrap import bootstrap
from crm.database import unit_of_work
from crm.segments.models import Segment
from tests.api.conftest import Server, settings_of
from tests.api.test_unwanted_queries import ENDED_POINTS, ENDLESS_POINTS, run_behind_its_back
from tests.api.ui.conftest import Visit, await_connection

pytestmark = pytest.mark.browser

QUIET_GOLD = "gold members in Shanghai who have not ordered for 60 days"
QUIET_GOLD_ZH = "最近60天没有下单的上海金卡会员"
RICH_IN_POINTS = "members with more than 5000 points"


@pytest.fixture
def no_segments(site_home: Path) -> None:
    nurture = bootstrap(settings_of(site_home))
    with unit_of_work(nurture.sessions) as session:
        session.execute(delete(Segment))
    nurture.close()


@pytest.fixture
def endless_points(site_home: Path) -> Iterator[None]:
    """Points accounts become a view that never ends: whoever asks for points waits, really."""
    run_behind_its_back(site_home, *ENDLESS_POINTS)
    yield
    run_behind_its_back(site_home, *ENDED_POINTS)


def open_editor(page: Page, path: str = "/segments/new") -> None:
    page.goto(path)
    await_connection(page)
    await_count(page)


def counter(page: Page) -> Locator:
    return page.get_by_role("status", name="Count")


def await_count(page: Page) -> int:
    """The number on the page when it stands for what was written."""
    expect(counter(page)).to_have_attribute("data-count", "done")
    return int(counter(page).locator(".headline").inner_text().replace(",", ""))


def write(page: Page, words: str) -> None:
    page.get_by_label("In words").fill(words)
    expect(counter(page)).to_have_attribute("data-count", "counting")


def counted_by_api(page: Page, definition: dict[str, Any]) -> int:
    answer = page.context.request.post("/api/segments/query", data={"definition": definition, "sample": 0})
    count: int = answer.json()["count"]
    return count


def save(page: Page, name: str) -> None:
    page.get_by_role("button", name="Save …").click()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Name", exact=True).press("Enter")
    expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()
    await_connection(page)
    await_count(page)


def cpu_seconds(site: Server) -> float:
    fields = Path(f"/proc/{site.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def comes_to_rest(site: Server) -> bool:
    """Whether the server stops computing soon; an endless query would keep one processor busy."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        before = cpu_seconds(site)
        time.sleep(0.4)
        if cpu_seconds(site) - before < 0.2:
            return True
    return False


@pytest.mark.usefixtures("no_segments")
def test_without_segments_the_page_says_what_to_do(visit: Visit) -> None:
    page = visit("mia")
    page.get_by_role("link", name="Segments").click()
    expect(page.get_by_text("No saved segment yet")).to_be_visible()
    page.get_by_role("link", name="Make the first one").click()
    expect(page.get_by_role("heading", name="New segment")).to_be_visible()


@pytest.mark.parametrize("words", [QUIET_GOLD, QUIET_GOLD_ZH])
def test_words_become_rows_a_definition_and_a_count(visit: Visit, words: str) -> None:
    page = visit("mia")
    open_editor(page)
    write(page, words)
    conditions = [
        {"field": "tier", "op": "in", "value": ["gold"]},
        {"field": "city", "op": "in", "value": ["Shanghai"]},
        {"field": "orders.count", "op": "=", "value": 0, "window_days": 60},
    ]
    assert await_count(page) == counted_by_api(page, {"all": conditions}) > 0
    for name in ("tier", "city", "number of orders"):
        expect(page.get_by_role("group", name=f"Condition on {name}")).to_be_visible()
    # Other pages' tests may have walked the demo's clock on: both ends are stated, sixty days apart.
    expect(page.locator(".read-back")).to_contain_text(re.compile(r"\d{4}-\d\d-\d\d"))
    first, last = map(date.fromisoformat, re.findall(r"\d{4}-\d\d-\d\d", page.locator(".read-back").inner_text()))
    assert (last - first).days == 60


def test_rows_are_edited_by_keyboard_and_the_words_follow(visit: Visit) -> None:
    page = visit("mia")
    open_editor(page, "/segments/new?words=members with more than 3000 points")
    more = await_count(page)
    value = page.get_by_label("Value", exact=True)
    value.fill("100")
    expect(page.get_by_label("In words")).to_have_value(re.compile("points balance is more than 100"))
    assert await_count(page) > more
    value.press("Enter")
    expect(page.get_by_role("group", name="Condition on tier")).to_be_visible()
    expect(page.get_by_role("alert").filter(has_text="Choose a value.")).to_be_visible()
    expect(counter(page)).to_have_attribute("data-count", "none")
    page.get_by_role("button", name="Remove the condition on tier").click()
    assert await_count(page) > more


def test_an_ambiguous_request_is_asked_about_instead_of_counted(visit: Visit) -> None:
    page = visit("mia")
    open_editor(page)
    write(page, "our best customers")
    expect(page.get_by_text("What makes a member")).to_be_visible()
    expect(counter(page)).to_have_attribute("data-count", "none")
    expect(page.get_by_role("button", name="Save …")).to_be_disabled()


@pytest.mark.usefixtures("endless_points")
def test_a_newer_keystroke_a_stop_and_a_closed_page_each_cancel_the_count(visit: Visit, site: Server) -> None:
    page = visit("mia")
    open_editor(page)
    write(page, RICH_IN_POINTS)
    expect(page.get_by_role("progressbar", name="Counting")).to_be_visible()
    write(page, "gold members")
    definition = {"all": [{"field": "tier", "op": "in", "value": ["gold"]}]}
    assert await_count(page) == counted_by_api(page, definition)
    assert comes_to_rest(site)

    write(page, RICH_IN_POINTS)
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("The count was stopped.")).to_be_visible()
    assert comes_to_rest(site)

    page.get_by_role("button", name="Count again").click()
    expect(page.get_by_role("progressbar", name="Counting")).to_be_visible()
    page.goto("/reviews")
    assert comes_to_rest(site)


@pytest.mark.usefixtures("no_segments")
def test_a_saved_segment_is_listed_changed_restored_deleted_and_saved_again(visit: Visit) -> None:
    page = visit("mia")
    name = "沉睡金卡 of Shanghai"
    open_editor(page, f"/segments/new?words={QUIET_GOLD}")
    count = await_count(page)
    save(page, name)
    page.goto("/segments")
    row = page.locator(".list-row", has_text=name)
    expect(row.locator(".row-fact").first).to_contain_text(str(count))
    expect(row).to_contain_text("Fresh")
    row.click()
    await_connection(page)
    await_count(page)

    page.get_by_label("Value", exact=True).fill("1")
    expect(page.get_by_text("Not saved yet")).to_be_visible()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved as version 2.")).to_be_visible()
    page.get_by_role("tab", name="Versions").click()
    page.get_by_role("button", name="Restore version 1").click()
    expect(page.get_by_text("Version 1 is in force again, as version 3.")).to_be_visible()
    expect(page.get_by_label("Value", exact=True)).to_have_value("0")

    page.get_by_role("button", name="More").click()
    page.get_by_text("Delete …").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("button", name="Save it again").click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()


def test_a_name_that_is_taken_keeps_the_dialog_open_and_escape_closes_it(visit: Visit) -> None:
    page = visit("mia")
    open_editor(page, "/segments/new?words=platinum members")
    save(page, "All platinum")
    page.get_by_role("button", name="Save as …").click()
    page.get_by_label("Name", exact=True).fill("all PLATINUM")
    page.get_by_label("Name", exact=True).press("Enter")
    expect(page.get_by_text("choose another name")).to_be_visible()
    page.get_by_label("Name", exact=True).press("Escape")
    expect(page.get_by_label("Name", exact=True)).to_be_hidden()


def test_it_says_why_a_member_is_not_in_it(visit: Visit) -> None:
    page = visit("mia")
    open_editor(page, "/segments/new?words=gold members in Shanghai")
    page.get_by_role("tab", name="Why in or out").click()
    page.get_by_label("Member", exact=True).fill("Li Lei")
    page.get_by_label("Member", exact=True).press("Enter")
    expect(page.get_by_text("Not in the segment")).to_be_visible()
    verdicts = page.locator(".verdict")
    expect(verdicts.filter(has_text="tier is gold").get_by_role("img", name="does not hold")).to_be_visible()
    expect(verdicts.filter(has_text="tier is gold")).to_contain_text("platinum")
    expect(verdicts.filter(has_text="city is Shanghai").get_by_role("img", name="holds", exact=True)).to_be_visible()
    page.get_by_role("tab", name="Each condition").click()
    expect(page.get_by_text("without “city is Shanghai”")).to_be_visible()


def test_an_analyst_asks_but_saves_nothing_and_a_csm_sees_his_own(visit: Visit) -> None:
    analyst = visit("leo")
    open_editor(analyst)
    everyone = await_count(analyst)
    expect(analyst.get_by_role("button", name="Save …")).to_have_count(0)
    csm = visit("helen")
    open_editor(csm)
    assert 0 < await_count(csm) < everyone


def test_a_broken_link_says_what_to_do(visit: Visit) -> None:
    page = visit("mia")
    page.goto("/segments/new?definition=%7Bnot")
    expect(page.get_by_role("alert")).to_contain_text("follow the link anew")
    page.goto("/segments/999999")
    expect(page.get_by_text("Not found")).to_be_visible()
