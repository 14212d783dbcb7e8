"""Who opened a message: a person or a machine."""

from datetime import UTC, datetime, timedelta

import pytest

from crm.outreach.rules import SCAN_WINDOW, MachineSign, Visit, is_burst, machine_sign

DELIVERED = datetime(2026, 6, 1, 2, tzinfo=UTC)
BROWSER = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18 Safari"
GMAIL = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
LATER = DELIVERED + timedelta(minutes=3)


@pytest.mark.parametrize(
    ("visit", "sign"),
    [
        (Visit(LATER, BROWSER), None),
        (Visit(LATER, GMAIL), None),
        (Visit(LATER, BROWSER, is_head=True), MachineSign.HEAD),
        (Visit(LATER, BROWSER, is_prefetch=True), MachineSign.PREFETCH),
        (Visit(LATER, "Mozilla/5.0"), MachineSign.AGENT),
        (Visit(LATER, ""), MachineSign.AGENT),
        (Visit(LATER, "BarracudaCentral/1.0"), MachineSign.AGENT),
        (Visit(LATER, "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)"), MachineSign.AGENT),
        (Visit(DELIVERED, BROWSER), MachineSign.TOO_SOON),
        (Visit(DELIVERED - timedelta(seconds=1), BROWSER), MachineSign.TOO_SOON),
        (Visit(DELIVERED + SCAN_WINDOW - timedelta(seconds=1), BROWSER), MachineSign.TOO_SOON),
        (Visit(DELIVERED + SCAN_WINDOW, BROWSER), None),
    ],
)
def test_signs_of_machines(visit: Visit, sign: MachineSign | None) -> None:
    assert machine_sign(visit, DELIVERED) is sign


def test_without_a_moment_of_delivery_the_distance_says_nothing() -> None:
    assert machine_sign(Visit(DELIVERED, BROWSER), None) is None


@pytest.mark.parametrize(("link_ids", "verdict"), [([1, 2, 3], True), ([1, 1, 1, 2], False), ([None, 1, 2], False)])
def test_many_different_links_at_once_are_no_hands_work(link_ids: list[int | None], verdict: bool) -> None:
    assert is_burst(link_ids) is verdict
