"""Campaigns and journeys obey one set of rules, when drafted, submitted, started and walked."""

from datetime import date, datetime
from typing import Any

import pytest

from crm.access.policy import set_policy
from crm.campaigns import service as campaigns
from crm.campaigns.brief import parse_brief
from crm.catalog import CATALOG
from crm.database import Sessions, unit_of_work
from crm.errors import CrmError, InvalidRequest
from crm.journeys import service as journeys
from crm.journeys.engine import advance, start_due
from crm.loyalty.models import OfferKind
from crm.outreach.models import Journey, JourneyState, Message
from tests.builders import make_member
from tests.journeys import LINKS, make_coupon
from tests.walks import Json, Walker, journey, send


@pytest.fixture
def walker(sessions: Sessions, now: datetime) -> Walker:
    return Walker(sessions, now)


def texting(body: str, **changes: Any) -> Json:
    return send("hello", "sms", wordings=[{"channel": "sms", "body": body}], **changes)


def percent(code: str, value: int, **changes: Any) -> dict[str, Any]:
    return {"code": code, "kind": OfferKind.PERCENT_OFF, "value": value} | changes


BROKEN: dict[str, tuple[str, dict[str, Any], dict[str, Any] | None, str]] = {
    "a promise without an offer": ("Take 90% off everything today", {}, None, "promises"),
    "the same in Chinese": ("全场一折", {}, None, "promises"),
    "a promise in one branch": ("Hi{% if goods %}{% else %}, half price{% endif %}", {}, None, "promises"),
    "another coupon than promised": ("20% off", {"coupon_codes": ["C10"]}, percent("C10", 10), "promises"),
    "a coupon above the ceiling": (
        "Hi, {{ code }}",
        {"coupon_codes": ["C90"]},
        percent("C90", 90),
        "above the ceiling",
    ),
    "an amount above the ceiling": (
        "Hi, {{ code }}",
        {"coupon_codes": ["A"]},
        {"code": "A", "value": 9_000, "min_spend_cents": 10_000},
        "above the ceiling",
    ),
    "an offer in words with nothing behind it": ("Enjoy {{ offer }}", {"words": "15% off"}, None, "promises"),
    "another currency": ("$50 off with {{ code }}", {"coupon_codes": ["D"]}, {"code": "D", "value": 5_000}, "promises"),
}


@pytest.mark.parametrize("kind", BROKEN)
@pytest.mark.parametrize("trigger", ["by_hand", "audience_at_launch"])
def test_a_journey_that_breaks_a_rule_is_refused_whatever_starts_it(walker: Walker, kind: str, trigger: str) -> None:
    body, benefits, coupon, words = BROKEN[kind]
    more = {"audience_at_launch": {"definition": {"all": []}}, "key_date": {"date": "birthday"}}
    data = journey(
        texting(body),
        {"kind": "task", "key": "call", "title": "Call"},
        trigger={"kind": trigger} | more.get(trigger, {}),
        benefits=benefits,
    )
    with unit_of_work(walker.sessions) as session:
        if coupon is not None:
            make_coupon(session, **coupon)
    with pytest.raises(InvalidRequest, match=words):
        walker.start(data)


@pytest.mark.parametrize("coupon", [{"stock_total": 0}, {"valid_until": date(2026, 5, 31)}])
def test_a_coupon_that_is_gone_cannot_be_submitted(walker: Walker, coupon: dict[str, Any]) -> None:
    with unit_of_work(walker.sessions) as session:
        make_coupon(session, **percent("C10", 10), **coupon)
    with pytest.raises(InvalidRequest, match="C10"):
        walker.start(journey(texting("10% off: {{ code }}"), benefits={"coupon_codes": ["C10"]}))


def test_what_keeps_the_rules_starts(walker: Walker) -> None:
    with unit_of_work(walker.sessions) as session:
        make_coupon(session, **percent("C10", 10))
    walker.start(journey(texting("{{ offer }}: {{ code }}"), benefits={"words": "10% off", "coupon_codes": ["C10"]}))
    walker.start(journey(texting("Enjoy {{ offer }}"), name="Points", benefits={"words": "500 bonus points"}))


def test_a_journey_that_was_started_before_the_rule_is_held_with_the_reason(walker: Walker) -> None:
    with unit_of_work(walker.sessions) as session:
        member_id = make_member(session).id
    journey_id = walker.start(journey(texting("Hello {{ name }}")))
    with unit_of_work(walker.sessions) as session:
        stored = session.get_one(Journey, journey_id)
        stored.spec = {**stored.spec, "steps": [texting("Take 90% off everything today")]}
    walker.enter(journey_id, member_id)
    walker.advance()
    assert "promises “90% off”" in (walker.journey(journey_id).note or "")
    assert walker.rows(Message) == []


def test_an_approved_journey_is_not_started_when_the_ceiling_was_lowered(walker: Walker) -> None:
    with unit_of_work(walker.sessions) as session:
        make_coupon(session, **percent("C40", 40))
    data = journey(texting("{{ code }}"), benefits={"coupon_codes": ["C40"]})
    with unit_of_work(walker.sessions) as session:
        written = journeys.save_draft(
            session, data=data, actor=walker.author, request_id="x", now=walker.now, catalog=CATALOG
        )
        asked = journeys.submit(session, written.id, actor=walker.author, now=walker.now, catalog=CATALOG)
        fingerprint = asked.fingerprint
        journeys.approve(session, written.id, fingerprint=fingerprint, actor=walker.approver, now=walker.now)
        set_policy(session, "max_discount_percent", 30)
        with pytest.raises(CrmError, match="above the ceiling of 30%"):
            journeys.activate(session, written.id, actor=walker.author, now=walker.now, catalog=CATALOG)


def test_a_campaign_obeys_the_same_rules_up_to_its_launch(walker: Walker) -> None:
    with unit_of_work(walker.sessions) as session:
        make_member(session, name="Ann")
        make_coupon(session, **percent("C40", 40))
        make_coupon(session, **percent("C90", 90))
    brief = {"name": "Spring", "audience": {"all": []}, "channels": ["sms"], "holdout_pct": 0}
    offer = {"kind": "percent_off", "value": 40, "coupon_code": "C40"}

    def draft(request: str, **changes: Any) -> int:
        with unit_of_work(walker.sessions) as session:
            drafted = parse_brief(brief | changes)
            made = campaigns.create_draft(
                session, brief=drafted, actor=walker.author, request_id=request, now=walker.now, catalog=CATALOG
            )
            return made.id

    for number, (changes, words) in enumerate(
        [
            ({"copy_texts": [{"channel": "sms", "body": "今天全场半价"}]}, "promises"),
            ({"offers": [offer | {"coupon_code": "C90"}]}, "ceiling"),
            ({"offers": [offer | {"value": 10}]}, "does not give what the offer says"),
            ({"offers": [offer | {"currency": "USD"}]}, "the offer is in USD"),
        ]
    ):
        with pytest.raises(InvalidRequest, match=words):
            draft(f"broken {number}", **changes)
    campaign_id = draft("good", offers=[offer])
    with unit_of_work(walker.sessions) as session:
        asked = campaigns.submit(session, campaign_id, actor=walker.author, now=walker.now, catalog=CATALOG)
        campaigns.approve(session, campaign_id, fingerprint=asked.fingerprint, actor=walker.approver, now=walker.now)
        set_policy(session, "max_discount_percent", 30)
    with unit_of_work(walker.sessions) as session:
        start_due(session, walker.now, CATALOG)
        held = campaigns.get_campaign(session, campaign_id)
        assert held.state is not JourneyState.RUNNING
        assert "above the ceiling of 30%" in (held.state_note or "")


def test_a_way_out_that_depends_on_a_field_is_none(walker: Walker) -> None:
    with unit_of_work(walker.sessions) as session:
        member_id = make_member(session).id
    body = "Hello{% if goods %} {{ unsubscribe }}{% endif %}"
    journey_id = walker.start(journey(send("hello", "sms", wordings=[{"channel": "sms", "body": body}])))
    walker.enter(journey_id, member_id)
    advance(walker.sessions, walker.now, walker.provider.on_all_channels(), catalog=CATALOG, links=LINKS)
    (sent,) = walker.provider.taken
    assert "Opt out: /u/" in sent.body
    assert sent.body.count("/u/") == 1


@pytest.mark.parametrize(
    ("channel", "body", "language", "words"),
    [
        ("sms", "Hello {{ name }}", "en", "Opt out: /u/"),
        ("sms", "您好 {{ name }}", "zh", "退订：/u/"),
        ("email", "Hello {{ name }}", "en", "Opt out here: /u/"),
        ("email", "您好 {{ name }}", "zh", "点此退订：/u/"),
        ("sms", "Hello {{ unsubscribe }}", "en", "Hello /u/"),
    ],
)
@pytest.mark.parametrize("priority", ["campaign", "care", "service"])
def test_texts_carry_a_way_out_unless_members_need_to_know(
    walker: Walker, channel: str, body: str, language: str, words: str, priority: str
) -> None:
    with unit_of_work(walker.sessions) as session:
        member_id = make_member(session).id
    step = send("hello", channel, wordings=[{"channel": channel, "body": body}])
    journey_id = walker.start(journey(step, language=language, priority=priority))
    walker.enter(journey_id, member_id)
    advance(walker.sessions, walker.now, walker.provider.on_all_channels(), catalog=CATALOG, links=LINKS)
    (sent,) = walker.provider.taken
    has_own = "{{ unsubscribe }}" in body
    assert (words in sent.body) is (priority != "service" or has_own)
    assert sent.body.count("/u/") == (1 if priority != "service" or has_own else 0)
