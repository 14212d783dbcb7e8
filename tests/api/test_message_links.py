"""From a launched campaign's message to a click, an open and an opt-out, over HTTP, without a login."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from api.app import create_app
from api.bootstrap import Nurture, bootstrap
from crm.access.service import find_actor
from crm.campaigns import service
from crm.campaigns.brief import CampaignBrief, Copy
from crm.catalog import CATALOG
from crm.channels import Channel
from crm.clock import FixedClock, SystemClock
from crm.database import Sessions, read_only, unit_of_work
from crm.datasets.simulation_clock import advance_clock
from crm.members.models import Consent
from crm.outreach.links import SAMPLE_ID, Links
from crm.outreach.models import Message, MessageEvent, MessageEventKind, OutboxItem
from tests.api.conftest import CopyHome, settings_of
from tests.crm.outreach.test_machine_signs import BROWSER
from tests.decisions import asked_of

TEN = datetime.fromisoformat("2026-06-04T10:00:00+08:00")
SHOP = "https://bücher.example/tea|milk?q=红色#color=grün"
SHOP_IN_ASCII = "https://xn--bcher-kva.example/tea%7Cmilk?q=%E7%BA%A2%E8%89%B2#color=gr%C3%BCn"


@dataclass
class Delivered:
    """A campaign whose messages have arrived, and a browser that nobody is signed in with."""

    nurture: Nurture
    browser: TestClient

    @property
    def sessions(self) -> Sessions:
        return self.nurture.sessions

    def item(self, channel: Channel) -> OutboxItem:
        with read_only(self.sessions) as session:
            query = select(OutboxItem).where(OutboxItem.channel == channel).order_by(OutboxItem.id)
            found = session.scalars(query).first()
        assert found is not None
        return found

    def events(self) -> list[tuple[str, bool]]:
        with read_only(self.sessions) as session:
            query = (
                select(MessageEvent)
                .join(Message, Message.id == MessageEvent.message_id)
                .where(Message.provider_ref.startswith("outbox:"), MessageEvent.occurred_at >= TEN)
            )
            return [(event.kind.value, event.by_machine) for event in session.scalars(query.order_by(MessageEvent.id))]

    def granted(self, member_id: int) -> set[Channel]:
        with read_only(self.sessions) as session:
            query = select(Consent.channel).where(Consent.member_id == member_id, Consent.granted.is_(True))
            return set(session.scalars(query))


def launched(nurture: Nurture, name: str, start: str) -> None:
    """A campaign to everybody in Shanghai, approved."""
    copies = (
        Copy(channel="email", subject="Tea", body=f"Hi {{{{ name }}}}, see {SHOP}.\n\nOpt out: {{{{ unsubscribe }}}}"),
        Copy(channel="sms", body=f"{{{{ name }}}}: {SHOP} Opt out: {{{{ unsubscribe }}}}"),
    )
    brief = CampaignBrief(
        name=name,
        audience={"all": [{"field": "city", "op": "in", "value": ["Shanghai"]}]},
        channels=("email", "sms"),
        start=datetime.fromisoformat(start),
        copy_texts=copies,
        holdout_pct=0,
        holdout_waiver="a test",
    )
    with unit_of_work(nurture.sessions) as session:
        now = nurture.clock.now()
        mia, grace = find_actor(session, "mia"), find_actor(session, "grace")
        campaign = service.create_draft(
            session, brief=brief, actor=mia, request_id=f"test:{name}", now=now, catalog=CATALOG
        )
        service.submit(session, campaign.id, actor=mia, now=now, catalog=CATALOG)
        service.approve(session, campaign.id, fingerprint=asked_of(session, campaign.id), actor=grace, now=now)


def walk(nurture: Nurture, to: datetime) -> None:
    advance_clock(nurture.sessions, to, nurture.adapters, machine=SystemClock(), links=nurture.links, catalog=CATALOG)


@pytest.fixture(scope="module")
def delivered_home(loaded_home: Path, copy_home: CopyHome, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder in which a campaign has just been delivered; tests copy it."""
    home = copy_home(loaded_home, tmp_path_factory.mktemp("delivered") / "home")
    nurture = bootstrap(settings_of(home))
    launched(nurture, "Tea", "2026-06-04T10:00")
    walk(nurture, TEN)
    nurture.close()
    return home


@pytest.fixture
def delivered(delivered_home: Path, copy_home: CopyHome, tmp_path: Path) -> Iterator[Delivered]:
    nurture = bootstrap(settings_of(copy_home(delivered_home, tmp_path / "home")))
    # Ten minutes after the delivery, and members of the demo do not answer on their own meanwhile.
    still = nurture.at(FixedClock(TEN + timedelta(minutes=10)))
    app = create_app(still, internal_token="x", with_pages=False)
    browser = TestClient(app, headers={"user-agent": BROWSER}, follow_redirects=False)
    yield Delivered(still, browser)
    browser.close()
    nurture.close()


def link(text: str, path: str) -> str:
    found = re.search(rf"{path}[\w-]+", text)
    assert found is not None, text
    return found[0]


def test_a_click_goes_to_the_stored_page_and_counts(delivered: Delivered) -> None:
    item = delivered.item(Channel.EMAIL)
    assert item.html is not None
    answer = delivered.browser.get(link(item.html, "/t/c/"))
    assert (answer.status_code, answer.headers["location"]) == (302, SHOP_IN_ASCII)
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert delivered.events() == [("clicked", False)]
    assert delivered.browser.head(link(delivered.item(Channel.SMS).body, "/t/c/")).status_code == 302
    assert delivered.events()[-1] == ("clicked", True)


def test_the_pixel_is_a_picture_whatever_the_token(delivered: Delivered) -> None:
    item = delivered.item(Channel.EMAIL)
    assert item.html is not None
    for address in (f"{link(item.html, '/t/o/')}.gif", "/t/o/nonsense.gif"):
        answer = delivered.browser.get(address)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/gif")
        assert answer.content.startswith(b"GIF89a")
    assert delivered.events() == [("opened", False)]


def test_looking_changes_nothing_and_shows_no_more_than_a_masked_address(delivered: Delivered) -> None:
    item = delivered.item(Channel.SMS)
    before = delivered.granted(item.member_id)
    address = link(item.body, "/u/")
    page = delivered.browser.get(address)
    assert page.status_code == 200
    assert item.address not in page.text
    assert f"{item.address[:3]}***{item.address[-4:]}" in page.text
    assert "Stop messages by text message" in page.text
    assert "<script" not in page.text
    assert delivered.browser.head(address).status_code == 200
    assert delivered.granted(item.member_id) == before
    assert delivered.events() == []


@pytest.mark.parametrize(
    ("form", "stops"),
    [
        ({"data": {"List-Unsubscribe": "One-Click"}}, "channel"),
        ({"files": {"List-Unsubscribe": (None, "One-Click")}}, "channel"),
        ({"data": {"stop": "channel"}}, "channel"),
        ({"data": {"stop": "all"}}, "all"),
    ],
)
def test_a_post_withdraws_the_consent_once_and_for_good(delivered: Delivered, form: dict[str, Any], stops: str) -> None:
    item = delivered.item(Channel.SMS)
    before, address = delivered.granted(item.member_id), link(item.body, "/u/")
    for _ in range(3):
        assert delivered.browser.post(address, **form).status_code == 200
        assert delivered.granted(item.member_id) == (set() if stops == "all" else before - {Channel.SMS})
    assert delivered.events() == [(MessageEventKind.UNSUBSCRIBED, False)]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"stop=everybody",
        b"List-Unsubscribe=Maybe",
        b"stop=all&x=" + b"x" * 10_000,
        b"\xff\xfe\x00",
        b"--b\r\nrubbish",
    ],
)
def test_a_post_that_says_nothing_clear_changes_nothing(delivered: Delivered, body: bytes) -> None:
    item = delivered.item(Channel.SMS)
    before = delivered.granted(item.member_id)
    for encoding in ("application/x-www-form-urlencoded", "multipart/form-data; boundary=b", "multipart/form-data"):
        answer = delivered.browser.post(link(item.body, "/u/"), content=body, headers={"content-type": encoding})
        assert answer.status_code == 400
        assert "nothing was changed" in answer.text
    assert delivered.granted(item.member_id) == before


def test_wrong_and_old_links_say_nothing(delivered: Delivered) -> None:
    gone = delivered.nurture.links
    body = delivered.item(Channel.SMS).body
    wrong = [
        "/u/nonsense",
        link(body, "/u/")[:-1],
        link(body, "/t/c/").replace("/t/c/", "/u/"),
        gone.unsubscribe(2_000_000_000),
        gone.click(2_000_000_000, 1),
        gone.click(1, 2_000_000_000),
        "/t/c/nonsense",
    ]
    answers = [delivered.browser.get(address) for address in wrong]
    answers += [delivered.browser.post(address, data={"stop": "all"}) for address in wrong if address.startswith("/u/")]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.text for answer in answers}) == 1
    assert "does not work" in answers[0].text


def test_who_opts_out_of_one_campaign_is_left_out_of_the_next_as_without_consent(delivered: Delivered) -> None:
    item = delivered.item(Channel.SMS)
    delivered.browser.post(link(item.body, "/u/"), data={"List-Unsubscribe": "One-Click"}).raise_for_status()
    nurture = bootstrap(delivered.nurture.settings)
    launched(nurture, "More tea", "2026-06-12T10:00")
    walk(nurture, TEN + timedelta(days=8))
    with read_only(nurture.sessions) as session:
        journey = service.find_campaign(session, "More tea").journey_id
        query = select(Message).where(Message.journey_id == journey, Message.member_id == item.member_id)
        texts = session.scalars(query.where(Message.channel == Channel.SMS)).all()
    assert [(message.state.value, message.reason) for message in texts] == [("excluded", "no_consent")]
    nurture.close()


def test_a_signed_in_person_previews_a_message_and_nothing_is_noted(delivered: Delivered) -> None:
    body = {"member": str(delivered.item(Channel.SMS).member_id), "channel": "sms"}
    assert delivered.browser.post("/api/campaigns/Tea/preview", json=body).status_code == 401
    signed_in = {"username": "mia", "password": "nurture-demo"}
    delivered.browser.post("/api/session", json=signed_in).raise_for_status()
    seen = delivered.browser.post("/api/campaigns/Tea/preview", json=body).raise_for_status().json()
    assert seen["sms"]["parts"] == 1
    assert "This is a preview." in delivered.browser.get(link(seen["body"], "/u/")).text
    assert delivered.events() == []


def test_the_opt_out_of_a_preview_says_so_and_does_nothing(delivered: Delivered) -> None:
    before = delivered.granted(delivered.item(Channel.EMAIL).member_id)
    path = f"{Links(delivered.nurture.links.keys).unsubscribe(SAMPLE_ID)}?preview"
    for answer in (delivered.browser.get(path), delivered.browser.post(path, data={"stop": "all"})):
        assert answer.status_code == 200
        assert "This is a preview." in answer.text
        assert "<button" not in answer.text
    assert delivered.granted(delivered.item(Channel.EMAIL).member_id) == before
