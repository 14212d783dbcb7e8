from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest

from crm.campaigns.brief import CampaignBrief, Copy, Offer, parse_brief
from crm.campaigns.copywriting import complete_copy, offer_in_words, offers_in_words
from crm.journeys.house_rules import Outgoing, OutgoingText, Promise, findings
from crm.loyalty.models import OfferKind


def broken(copies: Sequence[Copy], offers: Sequence[Offer], language: str = "en") -> list[str]:
    """What the rules of the house say of some words beside some offers."""
    promises = tuple(Promise(offer.kind, offer.value, offer.min_spend, offer.currency) for offer in offers)
    words = offers_in_words(offers, "zh" if language == "zh" else "en", "CNY")
    texts = tuple(
        OutgoingText(copy.channel, "the text", template, language, words, "CODE", promises)
        for copy in copies
        for template in (copy.subject, copy.body)
        if template
    )
    return [finding.sentence for finding in findings(Outgoing(texts, (), (), "CNY"), 50)]


def test_a_promise_needs_its_offer() -> None:
    copy = Copy(channel="sms", body="20% off and free shipping")
    percent = Offer(kind=OfferKind.PERCENT_OFF, value=Decimal(20))
    assert broken([copy], [percent]) == [
        "the text promises “free shipping”, but no such offer is attached; attach the offer or change the text"
    ]
    assert broken([copy], [percent, Offer(kind=OfferKind.FREE_SHIPPING)]) == []


OFFERS: list[dict[str, Any]] = [
    {"kind": "percent_off", "value": 15},
    {"kind": "amount_off", "value": 40, "min_spend": 300},
    {"kind": "amount_off", "value": 50, "currency": "USD"},
    {"kind": "free_shipping"},
    {"kind": "points_bonus", "value": 500},
    {"kind": "points_multiplier", "value": 2},
    {"kind": "gift", "item": "sample"},
]


def brief(**changes: Any) -> CampaignBrief:
    return parse_brief({"name": "Spring", "audience": {"all": []}, "channels": ["email", "sms", "push"]} | changes)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("offer", [*OFFERS, None])
@pytest.mark.parametrize("goal", ["", "win-back", "thank you"])
def test_the_words_we_write_promise_only_what_is_attached(
    language: str, offer: dict[str, Any] | None, goal: str
) -> None:
    drawn = brief(language=language, offers=[offer] if offer else [], goal=goal)
    copies = complete_copy(drawn)
    assert [copy.channel for copy in copies] == ["email", "sms", "push"]
    assert broken(copies, drawn.offers, language) == []
    rendered = offers_in_words(drawn.offers, drawn.language, "CNY")
    assert broken([Copy(channel="sms", body=rendered or "-")], drawn.offers, language) == []


@pytest.mark.parametrize(
    ("offer", "english", "chinese"),
    list(
        zip(
            OFFERS,
            [
                "15% off",
                "¥40 off on orders of ¥300 or more",
                "$50 off",
                "free shipping",
                "500 bonus points",
                "2x points",
                "a free gift: sample",
            ],
            ["8.5折", "满300元减40元", "立减50元", "包邮", "赠送500积分", "2倍积分", "赠品sample"],
            strict=True,
        )
    ),
)
def test_an_offer_in_words(offer: dict[str, Any], english: str, chinese: str) -> None:
    parsed = Offer.model_validate(offer)
    assert offer_in_words(parsed, "en", "CNY") == english
    assert offer_in_words(parsed, "zh", "CNY") == chinese


def test_peoples_own_words_come_first_for_their_step_and_channel() -> None:
    own = [
        {"channel": "email", "body": "for every step"},
        {"channel": "email", "body": "for the second", "step": "second"},
        {"channel": "preferred", "body": "for any channel"},
    ]
    steps = [{"key": "first"}, {"key": "second", "offset_days": 2}]
    copies = complete_copy(brief(copy_texts=own, steps=steps, channels=["email", "push"]))
    assert [(copy.step, copy.channel, copy.body) for copy in copies] == [
        ("first", "email", "for every step"),
        ("first", "push", "for any channel"),
        ("second", "email", "for the second"),
        ("second", "push", "for any channel"),
    ]
