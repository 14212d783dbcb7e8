"""What texts promise: read the way a reader would, in English and Chinese, however it is written."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import product
from unicodedata import category, normalize

from crm.loyalty.models import OfferKind
from crm.outreach.template import fields_of, render

_ONES = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_NAMES_OF_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_TENS = {word: 10 * number for number, word in enumerate(_NAMES_OF_TENS, start=2)}
_WORDS = {word: number for number, word in enumerate(_ONES)} | _TENS | {"hundred": 100, "thousand": 1000}
_WORD = "|".join(sorted(_WORDS, key=len, reverse=True))
_DIGITS = {sign: number for number, sign in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_UNITS = {"十": 10, "百": 100, "千": 1000}
_HAN = "[零〇一二两三四五六七八九十百千万点]{1,12}"
# Every repetition is bounded, so that the time to read a text grows with its length alone.
_N = rf"(\d[\d,]{{0,11}}(?:\.\d{{1,6}})?|\b(?:a\s)?(?:{_WORD})(?:[\s-]{{1,2}}(?:and\s)?(?:{_WORD})){{0,6}}\b|{_HAN})"
_MONEY = r"(?:us\$|[¥$€£]|\b(?:rmb|cny|usd|eur|gbp)\b)"
_UNIT = r"(?:元|块钱|块|圆|人民币|(?:rmb|cny|usd|eur|gbp|yuan|dollars?|bucks?|euros?|pounds?)\b)"
_PERCENT = r"(?:%|per\s?cent\b|pct\b|percentage points?\b)"
_LESS = (
    r"(?:off\b|discount|reduction|reduced|less\b|cheaper|savings?\b|rebate|cash\s?back|markdown|"
    r"优惠|折扣|减免|返现|off)"
)
_COUPON = (
    r"(?:coupons?|vouchers?|gift\s?cards?|store credit|credit|cash\s?back|rebate|"
    r"优惠券|代金券|抵用券|现金券|红包|券)"
)
_FREE_NOUN = (
    r"(?:gifts?|samples?|products?|items?|drinks?|coffees?|teas?|desserts?|cakes?|totes?|bags?|mugs?|bottles?|trials?|"
    r"upgrades?|months?|bonus|treats?|tickets?|meals?|sets?|box(?:es)?|goodies)"
)
_VALUED: tuple[tuple[OfferKind, str], ...] = (
    (OfferKind.PERCENT_OFF, rf"{_N}\s*{_PERCENT}\s*(?:\w{{1,20}}\s)?{_LESS}"),
    (
        OfferKind.PERCENT_OFF,
        rf"(?:sav(?:e|ing)|discounts?|reduc(?:e|es|ed|ing|tion)|slash(?:ed|es|ing)?|cut|knock(?:s|ed|ing)?|take|off|extra)\s*"
        rf"(?:of|by|:|up to|as much as|an extra|a further|an additional|prices by)?\s*{_N}\s*{_PERCENT}",
    ),
    (OfferKind.PERCENT_OFF, rf"(?<![\w%.])[-−–]\s?{_N}\s*%"),
    (OfferKind.PERCENT_OFF, rf"(?:优惠|降价|直降|立减|立省|减免|减|省|返)\s*{_N}\s*%"),
    (OfferKind.PERCENT_OFF, rf"(?:优惠|降价|直降|立减|立省|减免|减|省|返)\s*百分之\s*({_HAN})"),
    (OfferKind.PERCENT_OFF, rf"百分之\s*({_HAN})\s*的?\s*(?:优惠|折扣|减免)"),
    (OfferKind.AMOUNT_OFF, rf"{_MONEY}\s*{_N}\s*(?:\w{{1,20}}\s)?(?:{_LESS}|{_COUPON})"),
    (OfferKind.AMOUNT_OFF, rf"{_N}\s*{_UNIT}\s*(?:\w{{1,20}}\s)?(?:{_LESS}|{_COUPON})"),
    (OfferKind.AMOUNT_OFF, rf"(?:sav(?:e|ing)|take|knock)\s*(?:up to|an extra|a further)?\s*{_MONEY}\s*{_N}"),
    (OfferKind.AMOUNT_OFF, rf"(?:sav(?:e|ing)|take|knock)\s*(?:up to|an extra|a further)?\s*{_N}\s*{_UNIT}"),
    (OfferKind.AMOUNT_OFF, rf"(?:立减|直降|立省|减免|返现|抵扣|抵|减|省|优惠)\s*[¥]?\s*{_N}(?!\s*[%折\d])"),
    (OfferKind.AMOUNT_OFF, rf"(?:红包|代金券|优惠券|现金券)\s*[¥]?\s*{_N}\s*元"),
    (OfferKind.POINTS_BONUS, rf"{_N}\s*(?:bonus\s+|extra\s+|free\s+|reward\s+)?(?:points?\b|积分)"),
    (OfferKind.POINTS_MULTIPLIER, rf"{_N}\s*(?:x|×|-?fold|times(?:\s+the)?|倍)\s*(?:the\s+)?(?:points?\b|积分)"),
)
_FIXED: tuple[tuple[OfferKind, Decimal | None, str], ...] = (
    (OfferKind.PERCENT_OFF, Decimal(50), r"half[\s-]*(?:the\s+)?(?:price|off)|半价|对折|半折|\b1/2\s*(?:the\s+)?price"),
    (OfferKind.PERCENT_OFF, Decimal(25), r"(?:a|one)[\s-]+quarter\s+off"),
    (OfferKind.PERCENT_OFF, Decimal("33.33"), r"(?:a|one)[\s-]+third\s+off"),
    (OfferKind.PERCENT_OFF, Decimal(20), r"(?:a|one)[\s-]+fifth\s+off"),
    (OfferKind.PERCENT_OFF, Decimal(10), r"(?:a|one)[\s-]+tenth\s+off"),
    (OfferKind.PERCENT_OFF, Decimal(100), r"免单|[0零]\s*元(?:购|领|抢)|everything\s+(?:is\s+)?free\b|100\s*% free\b"),
    (OfferKind.POINTS_MULTIPLIER, Decimal(2), r"double\s+(?:the\s+|your\s+)?points|双倍积分|积分(?:翻倍|双倍)"),
    (OfferKind.POINTS_MULTIPLIER, Decimal(3), r"triple\s+(?:the\s+|your\s+)?points|三倍积分"),
    (OfferKind.FREE_SHIPPING, None, r"(?<![-\w])free\s+(?:\w{1,20}\s)?(?:shipping|delivery|postage)|"
     r"(?:shipping|delivery|postage)\s+"
     r"(?:is\s+)?(?:free\b|on us)|ships?\s+(?:for\s+)?free\b|no\s+(?:shipping|delivery)\s+(?:fees?|costs?|charges?)|"
     r"包邮|免运费|免邮|免费(?:配送|送货|快递)|运费(?:全免|我们出)"),
    (OfferKind.GIFT, None, rf"(?<![-\w])free\s+(?:\w{{1,20}}\s){{0,2}}{_FREE_NOUN}\b|"
     r"gifts?\s+(?:for\s+free|with\s+(?:every\s+)?purchase)"
     r"|buy\s+(?:one|two|three|\d)[\s,]+get\s+(?:one|two|another|\d)|\bbogo\b|\b(?:2|two|3|three)[\s-]*for[\s-]*"
     r"(?:1|one|2|two)\b|complimentary\s+\w|\bon the house\b|"
     r"\b(?:for free|free of charge)(?=\s*(?:[.,;:!?]|$|with|when|today|now|on))"
     r"|买[一二两三\d]\s*[送赠]\s*[一二两三\d]|赠品|附赠|送礼|好礼|白送|(?<!退订)免费(?!退订|热线|电话|咨询|客服|取消|配送|送货|快递)"
     r"|赠送?[^，。！,.!]{0,6}礼[品物盒包]|[送领][取您你]{0,2}(?:精美|精选|神秘|豪华|限量|专属|大|小)礼[品物盒包]?"
     r"|[送赠]送?(?:您|你)?(?:一|1)[份个件瓶盒杯包套]"),
)  # fmt: skip
_A_COUPON = re.compile(
    r"(?<!不再)(?<!停止)(?:送|赠|发|派|领|抢|得|享)(?:送|取|放|您|你|给|一|几|两|张|份|大额|专属|神|优惠|代金|抵用|现金|满减|无门槛){0,4}券(?!通知|商|部)"
    r"|(?:神|优惠|代金|大额|满减)券[^，。！,.!]{0,6}(?:抢|领|送|等你|等您|到账|已发)"
    r"|\b(?:get|grab|claim|collect|take|pick up|enjoy|redeem|use)\s+(?:a|an|your|our|this|the)\s+(?:\w{1,20}\s)?"
    r"(?:coupon|voucher|promo code|discount code)"
    r"|\b(?:coupon|voucher|promo code|discount code)s?\s+"
    r"(?:awaits?|inside|enclosed|attached|for you|is waiting|is yours)"
    r"|\bhere(?:'s|\s+is|\s+are)\s+(?:a|an|your|two|some)\s+(?:\w{1,20}\s)?(?:coupon|voucher|promo code|discount code)"
    r"|\b(?:put|added|placed|sent|credited)\s+(?:you\s+)?(?:a|an|your|two|some)\s+(?:\w{1,20}\s)?(?:coupon|voucher)",
    re.IGNORECASE,
)
_ZHE = re.compile(r"(\d(?:\.\d)?|\d{2}|[一二两三四五六七八九](?:点?[一二三四五六七八九])?)\s*折(?!叠|扣|腾|断)")
_CLAIMS = [(kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in _VALUED]
_FIXED_CLAIMS = [(kind, value, re.compile(pattern, re.IGNORECASE)) for kind, value, pattern in _FIXED]
_CURRENCIES: tuple[tuple[str, str], ...] = (
    ("USD", r"us\$|\$|usd|dollar|buck|美元|美金"),
    ("EUR", r"€|eur|欧元"),
    ("GBP", r"£|gbp|pound|英镑"),
    ("CNY", r"rmb|cny|yuan|人民币"),
)
_LOOK_ALIKES = str.maketrans("аеорсухіАЕОРСУХІοΟ￥", "aeopcyxiAEOPCYXIoO¥")
_SPACED_OUT = re.compile(r"(?<![\w'])(?:\w(?P<by>[ ._*-]))(?:[\w%](?P=by)){1,30}\w(?![\w'])", re.ASCII)
"""At least three single letters or figures with the same sign between them; two spaces divide words."""
_BETWEEN_HAN = re.compile(r"(?<=[\u4e00-\u9fff])\s{1,3}(?=[\u4e00-\u9fff])")
_FIGURES = re.compile(r"(?<!\w)(?=[OolI]{0,3}\d|[OolI]{1,3}\d?[OolI]?)[\dOolI]{1,4}(?=\s?%)")
_LETTERS_FOR_FIGURES = str.maketrans("OolI", "0011")
_DEPENDS = ("goods", "offer", "code", "unsubscribe")
"""Fields that stay empty for some members or campaigns; name and tier always become a word."""
_FALLBACK = {"name": "·", "tier": "·"}


@dataclass(frozen=True)
class Claim:
    """Something that a text promises."""

    kind: OfferKind | None
    """None: a coupon, without a word on what it gives."""
    value: Decimal | None
    words: str
    currency: str | None = None
    """Where the text names one that cannot be another."""


def claims_in(text: str) -> list[Claim]:
    """The promises that a text makes in so many words, spaced out or not."""
    shown = _without_unseen(text)
    readings = dict.fromkeys((_closed_up(shown), shown))
    found = [claim for reading in readings for claim in _claims(_on_one_line(reading))]
    return list({(claim.kind, claim.value, claim.currency): claim for claim in reversed(found)}.values())[::-1]


def plain(text: str) -> str:
    """As it is read: one width, no marks that nobody sees, digits as digits, one space between words."""
    return _on_one_line(_without_unseen(text))


def _without_unseen(text: str) -> str:
    shown = "".join(sign for sign in normalize("NFKC", text) if category(sign) not in ("Cf", "Me", "Mn"))
    return "".join(_digit(sign) for sign in shown.translate(_LOOK_ALIKES))


def _on_one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def _closed_up(text: str) -> str:
    """With letters together that were spaced out, `o f f`, and figures where letters stand for them, `2O%`."""
    joined = _BETWEEN_HAN.sub("", _SPACED_OUT.sub(lambda found: re.sub(r"[ ._*-]", "", found[0]), text))
    return _FIGURES.sub(lambda found: found[0].translate(_LETTERS_FOR_FIGURES), joined)


def _digit(sign: str) -> str:
    return str(int(sign)) if category(sign) == "Nd" else sign


def readings(template: str, language: str, *, offer: str = "", code: str = "") -> Iterator[str]:
    """Every way in which a text can turn out, with each of its fields filled or empty.

    Raises InvalidRequest for what is no template.
    """
    used = fields_of(template)
    filled = {"offer": offer or "·", "code": code or "·", "goods": "·", "unsubscribe": "·"}
    asked = [field for field in _DEPENDS if field in used]
    for chosen in product((True, False), repeat=len(asked)):
        values = {field: filled[field] for field, is_filled in zip(asked, chosen, strict=True) if is_filled}
        yield render(template, _FALLBACK | values, language)


def _claims(text: str) -> Iterator[Claim]:
    for kind, pattern in _CLAIMS:
        for match in pattern.finditer(text):
            value = number(match[1])
            if value is not None:
                yield Claim(kind, value, match[0].strip(), _currency(match[0]) if kind in _IN_MONEY else None)
    for match in _ZHE.finditer(text):
        kept = number(match[1]) or Decimal(0)
        yield Claim(OfferKind.PERCENT_OFF, 100 - (kept * 10 if kept < 10 else kept), match[0])
    for kind, fixed, pattern in _FIXED_CLAIMS:
        for match in pattern.finditer(text):
            yield Claim(kind, fixed, match[0].strip())
    for match in _A_COUPON.finditer(text):
        yield Claim(None, None, match[0].strip())


_IN_MONEY = frozenset({OfferKind.AMOUNT_OFF})


def _currency(words: str) -> str | None:
    return next((code for code, signs in _CURRENCIES if re.search(signs, words, re.IGNORECASE)), None)


def number(words: str) -> Decimal | None:
    """A number in digits, English or Chinese words; None for what only looks like one."""
    readers: tuple[Callable[[str], Decimal | None], ...] = (_in_digits, _in_english, _in_chinese)
    return next((value for reader in readers if (value := reader(words.strip().casefold())) is not None), None)


def _in_digits(words: str) -> Decimal | None:
    try:
        return Decimal(words.replace(",", ""))
    except InvalidOperation:
        return None


def _in_english(words: str) -> Decimal | None:
    parts = [part for part in re.split(r"[\s-]+", words) if part not in ("a", "and")]
    if not parts or any(part not in _WORDS for part in parts):
        return None
    total = part_sum = 0
    for value in (_WORDS[part] for part in parts):
        if value == 1000:
            total, part_sum = total + max(part_sum, 1) * value, 0
        else:
            part_sum = max(part_sum, 1) * value if value == 100 else part_sum + value
    return Decimal(total + part_sum)


def _in_chinese(words: str) -> Decimal | None:
    whole, point, rest = words.partition("点")
    if not whole or any(sign not in _DIGITS and sign not in _UNITS and sign != "万" for sign in whole + rest):
        return None
    if not set(whole) & {*_UNITS, "万"}:
        digits = "".join(str(_DIGITS[sign]) for sign in whole)
    else:
        big, ten_thousands, small = whole.rpartition("万")
        digits = str((_below_ten_thousand(big) * 10_000 if ten_thousands else 0) + _below_ten_thousand(small))
    fraction = "".join(str(_DIGITS.get(sign, 0)) for sign in rest)
    return Decimal(f"{digits}.{fraction}" if point and fraction else digits)


def _below_ten_thousand(words: str) -> int:
    total, digit = 0, 0
    for sign in words:
        if sign in _UNITS:
            total, digit = total + (digit or 1) * _UNITS[sign], 0
        else:
            digit = _DIGITS.get(sign, 0)
    return total + digit
