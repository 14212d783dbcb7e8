"""The offers a request names: 20% off, 8折, ¥50 coupon, 50 off 300, 满300减40, free shipping, double points, a gift."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from agent.planner.slots.numbers import ANY_NUMBER, NUMBER, plain, read_number
from agent.planner.slots.span import Span
from crm.segments.language.numbers import CHINESE_NUMBER
from crm.segments.language.text import Taken, just_before

Offer = dict[str, Any]
"""An offer as the tools take it: kind, value, and where they apply currency, min_spend, item."""


@dataclass(frozen=True)
class OfferFound:
    offer: Offer
    span: Span


_SYMBOLS = {"¥": "CNY", "￥": "CNY", "$": "USD", "€": "EUR", "£": "GBP"}
_MONEY = (
    rf"(?:(?:rmb|cny|[¥￥$€£])\s?{NUMBER}(?:\s?(?:元|块|yuan|rmb|cny))?"
    rf"|{ANY_NUMBER}\s?(?:元|块钱?|yuan|rmb|cny|kuai|bucks)?)"
)
_SPEND = (
    r"(?:\s*(?:for|on|with|when|if|off|of|over|above|from|min(?:imum)?|orders?|purchases?|baskets?|spend(?:ing|s)?"
    r"|at least|a|an|the|you|they|any|everything)\b)+\s*"
)
_COUPON = r"(?:coupons?|vouchers?|cash\s?back|cash coupons?|gift vouchers?|discounts?)"
_COUPON_ZH = r"(?:的?(?:优惠券|代金券|抵用券|现金券|券|红包))"

_COUNTED_AUDIENCE = re.compile(
    r"(?:more than|over|above|at least|under|below|less than|fewer than|have|having|balance|redeem(?:ed)?|used?"
    r"|between|with(?: over| more than| at least)?|超过|大于|至少|不足|低于|有|余额|满)\s*$"
)
"""Words before a number of points that make it a condition on the member, not a gift to him."""


def find_offers(text: str, currency: str) -> tuple[OfferFound, ...]:
    """Every offer in the text, in its order; longer readings win over shorter ones inside them."""
    lowered = text.lower()
    found: list[OfferFound] = []
    taken = Taken(len(lowered))
    for pattern, build in _RULES:
        for match in pattern.finditer(lowered):
            offer = build(match, currency)
            if offer is not None and taken.take(*match.span()):
                found.append(OfferFound(offer, Span(*match.span())))
    return tuple(sorted(found, key=lambda each: each.span.start))


def names_an_offer(text: str) -> bool:
    """Whether the text speaks of a benefit without saying which ('send them the coupon')."""
    return bool(_UNNAMED.search(text.lower()))


def _currency_of(text: str, default: str) -> str:
    for symbol, code in _SYMBOLS.items():
        if symbol in text:
            return code
    return "CNY" if re.search(r"元|块|rmb|cny|yuan|kuai", text) else default


def _money(text: str) -> int | float:
    return plain(read_number(re.findall(ANY_NUMBER, text)[0]))


def _amount_off(match: re.Match[str], currency: str) -> Offer | None:
    amount = match.group("amount")
    offer: Offer = {"kind": "amount_off", "value": _money(amount), "currency": _currency_of(match.group(), currency)}
    spend = match.groupdict().get("spend")
    if spend:
        offer["min_spend"] = _money(spend)
    return offer


def _percent_off(match: re.Match[str], _currency: str) -> Offer | None:
    value = read_number(match.group("percent"))
    return {"kind": "percent_off", "value": plain(value)} if 0 < value <= 100 else None


def _half_off(_match: re.Match[str], _currency: str) -> Offer:
    return {"kind": "percent_off", "value": 50}


def _zhe(match: re.Match[str], _currency: str) -> Offer | None:
    """8折 pays 80%, 85折 and 八五折 pay 85%."""
    text = match.group("zhe")
    if re.fullmatch(CHINESE_NUMBER, text) and len(text) > 1 and "十" not in text:
        paid = float("".join(str(int(read_number(digit))) for digit in text))
    else:
        paid = read_number(text)
    paid = paid * 10 if paid < 10 else paid
    return {"kind": "percent_off", "value": plain(round(100 - paid, 2))} if 0 < paid < 100 else None


def _free_shipping(_match: re.Match[str], _currency: str) -> Offer:
    return {"kind": "free_shipping"}


_MULTIPLES = {"double": 2, "twice": 2, "双": 2, "triple": 3, "quadruple": 4}


def _points_multiplier(match: re.Match[str], _currency: str) -> Offer:
    word = match.group("times")
    return {"kind": "points_multiplier", "value": _MULTIPLES.get(word) or plain(read_number(word))}


def _points_bonus(match: re.Match[str], _currency: str) -> Offer | None:
    lead = just_before(match.string, match.start("points"))
    if _COUNTED_AUDIENCE.search(lead) and not match.groupdict().get("bonus"):
        return None
    return {"kind": "points_bonus", "value": plain(read_number(match.group("points")))}


_NOT_ITEMS = frozenset(
    {"a", "an", "the", "free", "our", "some", "any", "this", "that", "birthday", "as", "with", "offer"}
)


def _gift(match: re.Match[str], _currency: str) -> Offer | None:
    words = [word for word in (match.groupdict().get("item") or "").split() if word not in _NOT_ITEMS]
    offer: Offer = {"kind": "gift"}
    if words:
        offer["item"] = " ".join(words)
    return offer


_WORD = r"(?!(?:shipping|delivery|postage|for|to|with|by|via|on|and|or|if|when|from)\b)[a-z][a-z'-]{0,30}"
_ITEM = rf"(?P<item>{_WORD}(?:\s{_WORD}){{0,2}})"
_GIFT = r"gifts?(?:\s(?:set|box|pack(?:age)?|bag))?\b(?!-)"
_POINTS = r"(?:loyalty\s|member\s|reward\s)?(?:points|pts)"

_AMOUNT_RULES = (
    rf"(?:每)?满\s?(?P<spend>{ANY_NUMBER})\s?元?\s?(?:立?减|省|返|减免)\s?(?P<amount>{ANY_NUMBER})元?{_COUPON_ZH}?",
    rf"spend\s(?:over\s|at least\s)?(?P<spend>{_MONEY})\s?,?\s?(?:and\s)?(?:get|save|take)\s(?P<amount>{_MONEY})"
    rf"(?:\s?off|\s{_COUPON})?",
    rf"(?P<amount>{_MONEY})\s?(?:off|discount|{_COUPON})(?:\s\(?{_COUPON})?{_SPEND}(?P<spend>{_MONEY})",
    rf"(?P<amount>{_MONEY})\s?off\s(?P<spend>{_MONEY})",
    rf"(?P<amount>{_MONEY})\s?-?(?:off\b|{_COUPON})(?:\s{_COUPON})?",
    rf"{_COUPON}\s(?:of|worth|for)\s(?P<amount>{_MONEY})(?!\s?(?:%|percent))",
    rf"(?:立减|直减|减免|优惠)\s?(?P<amount>{ANY_NUMBER})\s?[元块]?{_COUPON_ZH}?",
    rf"(?P<amount>[¥￥]?\s?{ANY_NUMBER})\s?[元块]?(?:无门槛)?{_COUPON_ZH}",
)
_PERCENT_RULES = (
    rf"(?P<percent>{NUMBER})\s?(?:%|percent|pct|per cent)\s?-?(?:off|discounts?|reduction|rebate|{_COUPON})"
    rf"(?:\s{_COUPON})?",
    rf"(?:discount|coupon|voucher|reduction)\sof\s(?P<percent>{NUMBER})\s?(?:%|percent)",
)
_ZHE_RULES = (rf"[打享]?(?P<zhe>\d+(?:\.\d)?|{CHINESE_NUMBER})\s?折(?:{_COUPON_ZH}|优惠|扣)?",)
_HALF_RULES = (r"half[\s-](?:off|price)", "半价")
_SHIPPING_RULES = (
    r"free\s(?:shipping|delivery|postage)|(?:shipping|delivery)\s(?:is\s)?(?:free|on us)|no shipping fees?",
    "包邮|免运费|免邮费?",
)
_MULTIPLIER_RULES = (
    rf"(?P<times>double|triple|quadruple|twice)\s(?:the\s)?{_POINTS}",
    rf"(?P<times>{NUMBER})(?:\s?x|\stimes|-fold)\s(?:the\s)?{_POINTS}",
    rf"(?P<times>双|{ANY_NUMBER})\s?倍积分",
)
_BONUS_RULES = (
    rf"(?P<points>{NUMBER})\s(?P<bonus>bonus|extra|gift|free|welcome|additional)\s{_POINTS}",
    rf"(?P<points>{NUMBER})[\s-]{_POINTS}\s(?P<bonus>gift|bonus|reward|present)",
    rf"(?P<bonus>送|赠送?|奖励|加赠)\s?(?P<points>{ANY_NUMBER})\s?个?积分",
    rf"(?<![\w>=<])(?P<points>{NUMBER})[\s-]{_POINTS}\b(?!\s?(?:balance|or more|and above|\+))",
)
_GIFT_RULES = (
    rf"(?:free|complimentary)\s{_ITEM}(?:\s{_GIFT})?",
    rf"\bgift\s?(?:of|:)\s(?:an?\s)?{_ITEM}",
    rf"(?:an?|with|plus|offer:?|\+|,|:)\s(?P<item>(?:{_WORD}\s){{0,2}}{_WORD})\s{_GIFT}",
    rf"\b(?P<item>{_WORD})\s{_GIFT}",
    r"(?:附赠|赠送|送|赠|附)(?:一?[份个])?(?P<item>[\u4e00-\u9fff]{0,6}?(?:小样|礼盒|礼品|赠品|礼包|样品|试用装))",
)

Build = Callable[[re.Match[str], str], Offer | None]

# The order decides: a threshold before a bare amount, a percentage before a number that merely stands beside "coupon".
_RULES: tuple[tuple[re.Pattern[str], Build], ...] = tuple(
    (re.compile(pattern), build)
    for patterns, build in (
        (_PERCENT_RULES, _percent_off),
        (_AMOUNT_RULES, _amount_off),
        (_ZHE_RULES, _zhe),
        (_HALF_RULES, _half_off),
        (_SHIPPING_RULES, _free_shipping),
        (_MULTIPLIER_RULES, _points_multiplier),
        (_BONUS_RULES, _points_bonus),
        (_GIFT_RULES, _gift),
    )
    for pattern in patterns
)

_UNNAMED = re.compile(r"\b(?:coupons?|vouchers?|discounts?|gifts?|offers?|benefits?)\b|优惠券?|券|礼品|礼物|赠品|折扣")
