from decimal import Decimal
from typing import Any

import pytest

from crm.campaigns.brief import CampaignBrief, Copy, Offer, parse_brief
from crm.campaigns.copywriting import complete_copy, offer_in_words, offers_in_words
from crm.campaigns.promises import check_copy, claims_in
from crm.errors import InvalidRequest
from crm.loyalty.models import OfferKind


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("Get 20% off today", OfferKind.PERCENT_OFF, 20),
        ("save up to 30 percent", OfferKind.PERCENT_OFF, 30),
        ("全场8折", OfferKind.PERCENT_OFF, 20),
        ("享8.5折", OfferKind.PERCENT_OFF, 15),
        ("享85折", OfferKind.PERCENT_OFF, 15),
        ("¥50 off your next order", OfferKind.AMOUNT_OFF, 50),
        ("a 50 yuan voucher", OfferKind.AMOUNT_OFF, 50),
        ("满300减40", OfferKind.AMOUNT_OFF, 40),
        ("立减30元", OfferKind.AMOUNT_OFF, 30),
        ("500 bonus points", OfferKind.POINTS_BONUS, 500),
        ("赠送500积分", OfferKind.POINTS_BONUS, 500),
        ("double points all week", OfferKind.POINTS_MULTIPLIER, 2),
        ("3倍积分", OfferKind.POINTS_MULTIPLIER, 3),
        ("双倍积分", OfferKind.POINTS_MULTIPLIER, 2),
        ("free shipping", OfferKind.FREE_SHIPPING, None),
        ("全场包邮", OfferKind.FREE_SHIPPING, None),
        ("a free gift awaits", OfferKind.GIFT, None),
    ],
)
def test_promises_are_read_in_both_languages(text: str, kind: OfferKind, value: int | None) -> None:
    assert (kind, None if value is None else Decimal(value)) in [(claim.kind, claim.value) for claim in claims_in(text)]


@pytest.mark.parametrize("text", ["100% cotton", "See you at 618", "Our new tea is here", "新品上市，欢迎品鉴"])
def test_plain_words_promise_nothing(text: str) -> None:
    assert claims_in(text) == []


def test_a_promise_needs_its_offer() -> None:
    copy = Copy(channel="sms", body="20% off and free shipping")
    percent = Offer(kind=OfferKind.PERCENT_OFF, value=Decimal(20))
    with pytest.raises(InvalidRequest, match="promises “free shipping”"):
        check_copy([copy], [percent])
    check_copy([copy], [percent, Offer(kind=OfferKind.FREE_SHIPPING)])


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
    check_copy(copies, drawn.offers)
    rendered = offers_in_words(drawn.offers, drawn.language, "CNY")
    check_copy([Copy(channel="sms", body=rendered or "-")], drawn.offers)


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
