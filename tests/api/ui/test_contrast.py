"""Words can be told from what is behind them: at least 4.5 to 1 (WCAG 2.1, success criterion 1.4.3)."""

import pytest
from playwright.sync_api import Page, expect

from tests.api.ui.conftest import Visit, await_connection

pytestmark = pytest.mark.browser
LEAST = 4.5
CONTRAST = """
element => {
    const parse = words => words.match(/[\\d.]+/g).map(Number);
    const over = (top, below) => [0, 1, 2].map(i => top[i] * (top[3] ?? 1) + below[i] * (1 - (top[3] ?? 1)));
    const behind = node => {
        if (!node) return [255, 255, 255];
        const own = parse(getComputedStyle(node).backgroundColor);
        return (own[3] ?? 1) === 1 ? own : over(own, behind(node.parentElement));
    };
    const light = colour => {
        const [r, g, b] = colour.map(v => v / 255).map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ground = behind(element);
    const [a, b] = [light(over(parse(getComputedStyle(element).color), ground)), light(ground)].sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05);
}
"""


def contrasts(page: Page, selector: str) -> list[float]:
    found = page.locator(selector)
    expect(found.first).to_be_visible()
    return [float(each.evaluate(CONTRAST)) for each in found.all() if each.is_visible() and each.inner_text().strip()]


@pytest.mark.parametrize("kind", ["negative", "warning", "positive", "info"])
def test_the_words_and_the_close_of_a_toast_can_be_read(visit: Visit, kind: str) -> None:
    page = visit("mia")
    page.evaluate(
        "kind => Quasar.Notify.create({type: kind, message: 'A word', actions: [{label: 'Close'}], timeout: 0})", kind
    )
    assert min(contrasts(page, ".q-notification__message")) >= LEAST
    assert min(contrasts(page, ".q-notification__actions .q-btn")) >= LEAST


@pytest.mark.parametrize("path", ["/campaigns", "/segments", "/reviews", "/channels", "/tasks"])
def test_small_words_on_pages_can_be_read(visit: Visit, path: str) -> None:
    page = visit("grace")
    page.goto(path)
    await_connection(page)
    for selector in (".small", ".faint", ".muted", ".chip"):
        if page.locator(selector).count():
            assert min(contrasts(page, selector)) >= LEAST, selector


def test_the_tiles_of_a_campaign_can_be_read(visit: Visit) -> None:
    page = visit("grace")
    page.goto("/campaigns")
    await_connection(page)
    page.get_by_role("link", name="Weekend Flash").first.click()
    await_connection(page)
    assert min(contrasts(page, ".figure .small")) >= LEAST
    assert min(contrasts(page, ".figure .value")) >= LEAST
