"""What pages must not do: click, load, hide, repeat or mix up what somebody typed. Seen from a browser."""

import pytest
from playwright.sync_api import expect

from tests.api.ui.conftest import Visit, await_answer, await_connection, say

pytestmark = pytest.mark.browser

EVIL = "[sign in](https://evil.example) ![p](https://evil.example/p) <img src=x> **b**"
CONTRAST = """element => {
  const channels = colour => colour.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => {
    const part = c => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  };
  let behind = element;
  const ground = e => channels(getComputedStyle(e).backgroundColor);
  while (behind.parentElement && ground(behind)[3] === 0) behind = behind.parentElement;
  const [one, other] = [light(channels(getComputedStyle(element).color)), light(ground(behind))];
  return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
}"""
LEAST_CONTRAST = 4.5
"""WCAG 2.2, 1.4.3."""


def test_a_name_in_an_answer_is_neither_link_nor_picture(visit: Visit) -> None:
    page = visit("mia")
    say(page, "how many gold members live in Shanghai?")
    say(page, f'save this segment as "{EVIL}"')
    page.get_by_role("button", name="Confirm", exact=True).click()
    await_answer(page)
    expect(page.locator(".nicegui-markdown").filter(has_text="[sign in](https://evil.example)").first).to_be_visible()
    page.reload()
    await_connection(page)
    expect(page.locator(".nicegui-markdown").filter(has_text="<img src=x> **b**").first).to_be_visible()
    assert page.locator(".nicegui-markdown a, .nicegui-markdown img").count() == 0
    assert page.locator("a[href*='evil'], img[src*='evil'], img[src='x']").count() == 0


def test_a_double_click_on_confirm_is_one_confirmation(visit: Visit) -> None:
    page = visit("mia")
    say(page, "how many gold members live in Shanghai?")
    say(page, 'save this segment as "Clicked twice"')
    button = page.get_by_role("button", name="Confirm", exact=True)
    button.evaluate("button => { button.click(); button.click(); }")
    await_answer(page)
    expect(page.get_by_text("Confirmed", exact=True)).to_have_count(1)
    expect(page.get_by_role("button", name="Confirm", exact=True)).to_have_count(0)
    expect(page.get_by_role("button", name="Cancel", exact=True)).to_have_count(0)
    expect(page.get_by_text("was answered or withdrawn already")).to_have_count(0)


def test_our_names_of_classes_leave_the_frameworks_alone(visit: Visit) -> None:
    page = visit("mia")
    page.goto("/segments/new")
    await_connection(page)
    framed = page.locator(".q-drawer .scroll, .q-drawer.scroll, .q-panel.scroll, .scroll.q-tab-panel")
    assert framed.count() > 0
    assert set(framed.evaluate_all("all => all.map(each => getComputedStyle(each).maxHeight)")) == {"none"}
    drawer = page.locator(".app-drawer").first.bounding_box()
    assert drawer is not None
    assert drawer["height"] >= 900 - 60 - 2  # the window without the header


def test_what_is_small_can_be_read(visit: Visit) -> None:
    page = visit("grace")
    page.goto("/campaigns")
    await_connection(page)
    page.get_by_label("Search by name").fill("Weekend Flash")
    page.get_by_text("Weekend Flash").first.click()
    expect(page.locator(".figure .faint").first).to_be_visible()
    for label in page.locator(".figure .faint").all()[:3]:
        assert label.evaluate(CONTRAST) >= LEAST_CONTRAST


def test_a_member_that_there_is_not_is_said_with_near_names(visit: Visit) -> None:
    page = visit("mia")
    page.goto("/segments/new")
    await_connection(page)
    page.get_by_label("In words").fill("gold members")
    page.get_by_label("In words").press("Tab")
    expect(page.get_by_role("status", name="Count")).to_have_attribute("data-count", "done")
    page.get_by_role("tab", name="Why in or out").click()
    for name, near in (("Zhang Mim", "Zhang Min"), ("qqqq", None), (EVIL[:70], None)):
        page.get_by_label("Member", exact=True).fill(name)
        page.get_by_role("button", name="Why in or out?").click()
        expect(page.get_by_role("alert").filter(has_text=f"There is no member '{name}'")).to_be_visible()
        if near:
            expect(page.locator("button.choice", has_text=near).first).to_be_visible()
