"""What one member would read, and how long a plan's text messages are."""

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy.orm import Session

from crm.access.actor import Actor
from crm.access.models import Role
from crm.access.service import actor_for
from crm.campaigns.brief import CampaignBrief, Copy, Step
from crm.campaigns.plan import CampaignPlan, compute_plan
from crm.campaigns.preview import preview_message
from crm.catalog import CATALOG
from crm.channels import Channel
from crm.errors import InvalidRequest, NotFound
from crm.journeys.preview import MessagePreview
from crm.outreach.links import Links, Purpose
from crm.outreach.sms import Encoding
from crm.segments.approved import author_scope
from tests.builders import make_account, make_member
from tests.crm.outreach.test_tracked_links import Page

LINKS = Links((b"a key of tests, 32 characters.....",), "https://n.example")
TEXT = "{{ name }}: https://shop.example/a-long-address-of-a-page Opt out: {{ unsubscribe }}"


def brief_with(**changes: Any) -> CampaignBrief:
    values: dict[str, Any] = {
        "name": "Tea",
        "audience": {"all": []},
        "channels": ("email", "sms"),
        "copy_texts": (Copy(channel="sms", body=TEXT), Copy(channel="email", subject="Tea", body="Hi {{ name }}")),
        "holdout_pct": 0,
        "holdout_waiver": "a test",
    }
    return CampaignBrief(**values | changes)


@pytest.fixture
def mia(session: Session) -> Actor:
    return actor_for(make_account(session, display_name="Mia"))


def preview(session: Session, actor: Actor, now: datetime, **changes: Any) -> MessagePreview:
    wanted: dict[str, Any] = {"member": "Ann", "channel": Channel.SMS}
    brief = changes.pop("brief", brief_with())
    return preview_message(session, brief, **wanted | changes, actor=actor, links=LINKS, now=now)


def test_a_text_is_as_long_as_it_will_be_and_its_links_lead_nowhere(
    session: Session, mia: Actor, now: datetime
) -> None:
    make_member(session, name="Ann")
    seen = preview(session, mia, now)
    assert seen.body.startswith("Ann: https://n.example/t/c/")
    real = len("Ann: ") + len(LINKS.click(7, 9)) + len(" Opt out: ") + len(LINKS.unsubscribe(7))
    assert seen.sms is not None
    assert (len(seen.body), seen.sms.units, seen.sms.encoding, seen.sms.parts) == (real, real, Encoding.GSM_7, 1)
    token = LINKS.read(seen.body.rpartition("/u/")[2], Purpose.UNSUBSCRIBE)
    assert token is not None
    assert token.message_id == 0
    assert seen.cost_millicents == 5000


def test_a_name_in_another_alphabet_makes_a_text_longer_and_dearer(session: Session, mia: Actor, now: datetime) -> None:
    make_member(session, name="Zoë")
    seen = preview(session, mia, now, member="Zoë")
    assert seen.sms is not None
    assert (seen.sms.encoding, seen.sms.odd_characters, seen.sms.parts) == (Encoding.UCS_2, ("ë",), 2)
    assert seen.cost_millicents == 10_000


def test_an_e_mail_comes_with_its_page_and_a_masked_address(session: Session, mia: Actor, now: datetime) -> None:
    make_member(session, name="Ann", consents={})
    seen = preview(session, mia, now, channel=None)
    assert (seen.channel, seen.subject, seen.agrees) == (Channel.EMAIL, "Tea", False)
    words, _, way_out = seen.body.partition("\n\n")
    assert words == "Hi Ann"
    assert "Opt out here: https://n.example/u/" in way_out
    assert seen.html is not None
    assert "/u/" in seen.html
    assert seen.address is not None
    assert "***@" in seen.address


@pytest.mark.parametrize(
    ("links", "base"),
    [
        (LINKS, "https://n.example"),
        (Links(LINKS.keys), "http://127.0.0.1:8000"),
        (Links(LINKS.keys, "", "http://127.0.0.1:8123"), "http://127.0.0.1:8123"),
        (Links(LINKS.keys, "https://post.example/club"), "https://post.example/club"),
    ],
)
@pytest.mark.parametrize(
    "body", ["Hi {{ name }}", "退订：{{ unsubscribe }}", "{{ unsubscribe }}\n\nhttps://shop.example/tea"]
)
def test_the_opt_out_of_a_previewed_e_mail_is_absolute_and_says_what_it_is(
    session: Session, mia: Actor, now: datetime, links: Links, base: str, body: str
) -> None:
    make_member(session, name="Ann")
    brief = brief_with(copy_texts=(Copy(channel="email", subject="Tea", body=body), Copy(channel="sms", body=TEXT)))
    seen = preview_message(session, brief, member="Ann", channel=Channel.EMAIL, actor=mia, links=links, now=now)
    assert seen.html is not None
    ways_out = [link for link in Page(seen.html).links if link and "/u/" in link]
    assert ways_out
    for link in ways_out:
        assert link.startswith(f"{base}/u/")
        assert link.endswith("?preview")
    if "unsubscribe" in body:
        assert ways_out[0] in seen.body


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"step": "second"}, "there is no step 'second'; there are: main"),
        ({"channel": Channel.PUSH}, "does not send by push; it sends by email, sms"),
        ({"variant": "B"}, "there is no variant 'B' by sms; there are: A"),
    ],
)
def test_what_the_campaign_does_not_have_is_refused(
    session: Session, mia: Actor, now: datetime, changes: dict[str, Any], words: str
) -> None:
    make_member(session, name="Ann")
    with pytest.raises(InvalidRequest, match=words):
        preview(session, mia, now, **changes)


def test_a_csm_previews_for_his_own_members_only(session: Session, now: datetime) -> None:
    mine = make_account(session, role=Role.CSM)
    make_member(session, name="Ann", owner_id=make_account(session, role=Role.CSM).id)
    make_member(session, name="Ben", owner_id=mine.id)
    actor = actor_for(mine)
    with pytest.raises(NotFound):
        preview(session, actor, now)
    seen = preview(session, actor, now, member="Ben")
    assert seen.address is not None
    assert "***" not in seen.address


def plan(session: Session, brief: CampaignBrief, now: datetime) -> CampaignPlan:
    author = make_account(session)
    return compute_plan(session, brief, author_scope(session, author.id, CATALOG, now), now)


def test_a_plan_tells_the_parts_of_its_texts_and_what_they_cost(session: Session, now: datetime) -> None:
    for name in ("Ann", "Ben", "Zoë"):
        make_member(session, name=name)
    (texts,) = plan(session, brief_with(), now).sms_texts
    assert (texts.step, texts.variant, texts.messages) == ("main", "A", 3)
    assert (texts.least_parts, texts.most_parts, texts.odd_characters) == (1, 2, ("ë",))
    assert texts.cost_by_part_cents == 20


def test_a_plan_warns_of_a_text_of_several_parts_and_names_the_slip(session: Session, now: datetime) -> None:
    make_member(session, name="Ann")
    copies = (Copy(channel="sms", body="It’s here, {{ name }}! " * 6),)
    planned = plan(session, brief_with(channels=("sms",), copy_texts=copies), now)
    assert any("takes up to 3 parts because of ’;" in warning for warning in planned.warnings)
    # The way to opt out is added, and counts.
    assert planned.sms_texts[0].most_parts == 3
    short = plan(session, brief_with(channels=("sms",), copy_texts=(Copy(channel="sms", body="Hi"),)), now)
    assert not any("parts" in warning for warning in short.warnings)


def test_each_step_and_variant_is_measured_apart(session: Session, now: datetime) -> None:
    for _ in range(12):
        make_member(session)
    copies = (
        Copy(channel="sms", body="Short", step="main"),
        Copy(channel="sms", body="你好" * 50, step="later", variant="A"),
        Copy(channel="sms", body="Short", step="later", variant="B"),
    )
    steps = (Step(key="main"), Step(key="later", offset_days=1))
    texts = plan(session, brief_with(channels=("sms",), copy_texts=copies, steps=steps), now).sms_texts
    assert {(row.step, row.variant): row.most_parts for row in texts} == {
        ("later", "A"): 3,  # 100 characters of its own, and the way to opt out
        ("later", "B"): 1,
        ("main", "A"): 1,
    }
    assert sum(row.messages for row in texts) == 24
