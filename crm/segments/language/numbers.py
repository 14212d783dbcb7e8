"""Numbers as people write them, with their unit, and lengths of time."""

import re
from collections.abc import Iterator

from crm.segments.language.kinds import Comparison, Duration, Entity, Kind, Quantity

ENGLISH_NUMBERS = {
    word: number
    for number, word in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
            "twenty",
        ]
    )
} | {"thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "ninety": 90, "hundred": 100, "dozen": 12}
TIMES = {"once": 1, "twice": 2, "thrice": 3}
_CHINESE_DIGITS = {digit: number for number, digit in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0, "几": 3}
_CHINESE_UNITS = {"十": 10, "百": 100, "千": 1000, "万": 10_000, "亿": 100_000_000}
_SCALES = {"k": 1000, "m": 1_000_000, "w": 10_000, "万": 10_000, "千": 1000, "百": 100, "": 1, "thousand": 1000}
_SCALES |= {"hundred": 100, "million": 1_000_000, "grand": 1000}

CHINESE_NUMBER = "[零〇一二两三四五六七八九十百千万]{1,16}"
DIGITS = r"\d{1,3}(?:,\d{3}){1,6}(?:\.\d{1,9})?|\d{1,18}(?:\.\d{1,9})?"
"""No longer than numbers are: a pattern without an end tries each digit of a long row as another beginning."""
_ENGLISH_NUMBER = "|".join(sorted(ENGLISH_NUMBERS, key=len, reverse=True))
ANY_NUMBER = rf"(?:{DIGITS}|\b(?:{_ENGLISH_NUMBER})\b|{CHINESE_NUMBER})"

_MONEY_BEFORE = r"(?:¥|rmb|cny|us\$|\$|usd|eur|€|£)"
_MONEY_AFTER = r"(?:元|块钱|块|圆|rmb\b|cny\b|yuan\b|bucks?\b|usd\b|dollars?\b|eur\b|euros?\b|renminbi\b|quid\b)"
_NUMBER = re.compile(
    rf"(?:(?P<money>{_MONEY_BEFORE})\s*)?"
    rf"(?P<number>(?<![a-z0-9.])(?:{DIGITS})|\b(?:{_ENGLISH_NUMBER})\b|{CHINESE_NUMBER})"
    r"(?:\s*(?P<scale>(?:k|m|w|thousand|hundred|million|grand)\b|[万千百]))?"
    rf"(?:\s*(?P<unit>{_MONEY_AFTER}|%|percent\b|pct\b|折|积分|点积分|分(?![别布组类成开享之])|次|笔|单(?!独)|回|张|条|封|岁"
    r"|周岁|times?\b|pts?\b|points?\b|orders?\b|x\b|years? old\b|year-olds?\b|yo\b|y/o\b|yrs? old\b))?"
)
_UNIT_OF = {
    "%": "percent",
    "percent": "percent",
    "pct": "percent",
    "折": "percent_off",
    "次": "times",
    "笔": "times",
    "单": "times",
    "张": "times",
    "条": "times",
    "封": "times",
    "回": "times",
    "time": "times",
    "times": "times",
    "x": "times",
    "岁": "age",
    "周岁": "age",
    "years old": "age",
    "year old": "age",
    "year-old": "age",
    "year-olds": "age",
    "yo": "age",
    "y/o": "age",
    "yr old": "age",
    "yrs old": "age",
    "积分": "points",
    "点积分": "points",
    "分": "points",
    "pt": "points",
    "pts": "points",
    "point": "points",
    "points": "points",
}
_COUNTERS = {"order", "orders", "point", "points", "pts", "pt", "积分", "点积分"}
"""Words after a number that say what is counted; they stay in the text for the anchor to be read from."""

_LENGTHS: dict[str, tuple[str, int]] = {
    "day": ("day", 1),
    "d": ("day", 1),
    "天": ("day", 1),
    "日": ("day", 1),
    "week": ("day", 7),
    "wk": ("day", 7),
    "w": ("day", 7),
    "周": ("day", 7),
    "星期": ("day", 7),
    "礼拜": ("day", 7),
    "fortnight": ("day", 14),
    "month": ("month", 1),
    "mo": ("month", 1),
    "mth": ("month", 1),
    "个月": ("month", 1),
    "月": ("month", 1),
    "quarter": ("month", 3),
    "个季度": ("month", 3),
    "季度": ("month", 3),
    "year": ("year", 1),
    "yr": ("year", 1),
    "y": ("year", 1),
    "年": ("year", 1),
    "hour": ("hour", 1),
    "hr": ("hour", 1),
    "h": ("hour", 1),
    "小时": ("hour", 1),
}
_LATIN_UNITS = "|".join(sorted((u for u in _LENGTHS if u.isascii()), key=len, reverse=True))
UNIT = rf"(?:(?:{_LATIN_UNITS})s?\b|(?:整)?(?:个(?=星期|礼拜|季度|小时))?(?:天|日|周|星期|礼拜|个月|季度|年|小时))"
_FIXED_LENGTHS = {
    "half a year": Duration(6, "month"),
    "half year": Duration(6, "month"),
    "半年": Duration(6, "month"),
    "半个月": Duration(15, "day"),
    "a year and a half": Duration(18, "month"),
    "一年半": Duration(18, "month"),
}
_DURATION = re.compile(
    rf"(?P<fixed>{'|'.join(sorted(_FIXED_LENGTHS, key=len, reverse=True))})"
    rf"|(?P<number>(?<![a-z0-9.])(?:{ANY_NUMBER})|\b(?:a couple of|couple of|a few|few|an?|one|full|whole)\b)"
    rf"\s*-?\s*(?:full |calendar |consecutive |straight |more )?(?P<unit>{UNIT})"
)
_LOOSE_COUNTS = {
    "a couple of": 2,
    "couple of": 2,
    "a few": 3,
    "few": 3,
    "a": 1,
    "an": 1,
    "one": 1,
    "full": 1,
    "whole": 1,
}
_DECADE = re.compile(
    r"\b(?:in (?:their|his|her) )?(?P<en>[2-9]0)[- ]?(?:somethings?|s)\b|(?P<zh>[2-9]0|[二三四五六七八九]十)(?:多|几)岁"
)
"""30-somethings, in their 30s, 三十多岁."""
_UNITLESS_WINDOW = re.compile(
    rf"(?:\b(?:in |over |within |for )?(?:the )?(?:last|past)|最近|过去|近)"
    rf"\s*(?P<number>{DIGITS})(?=\s*(?:[?.!,]|$|呢|instead))"
)
_OFFER_AFTER = re.compile(r"\s*(?:off\b|discount|折扣|优惠)")


def to_number(written: str) -> float:
    """The number that a match of ANY_NUMBER stands for."""
    if written in ENGLISH_NUMBERS:
        return ENGLISH_NUMBERS[written]
    if written[0].isdigit():
        return float(written.replace(",", ""))
    return chinese_number(written)


def chinese_number(written: str) -> int:
    """五千 is 5000, 两万五 is 25000, 三十 is 30."""
    total = section = digit = 0
    last_unit = 1
    for character in written:
        if character in _CHINESE_DIGITS:
            digit = _CHINESE_DIGITS[character]
            continue
        unit = _CHINESE_UNITS[character]
        if unit >= _CHINESE_UNITS["万"]:
            total, section = total + (section + digit or 1) * unit, 0
        else:
            section += (digit or 1) * unit
        digit, last_unit = 0, unit
    if digit and last_unit >= _CHINESE_UNITS["百"] and not written.endswith("零" + written[-1]) and "零" not in written:
        digit *= last_unit // 10
    return total + section + digit


def _whole(number: float) -> int | float:
    return int(number) if float(number).is_integer() else round(number, 6)


def find_numbers(working: str) -> Iterator[Entity]:
    for match in _NUMBER.finditer(working):
        written = match["number"]
        scale, unit = match["scale"] or "", match["unit"] or ""
        end = match.end()
        if unit in _COUNTERS:
            end = match.end("scale" if scale else "number")
            unit = unit if unit in _UNIT_OF else ""
        amount = to_number(written) * _SCALES[scale]
        money = bool(match["money"]) or bool(unit and re.fullmatch(_MONEY_AFTER, unit))
        name = "money" if money else _UNIT_OF.get(unit, "")
        if unit == "折":
            amount = 100 - (amount * 10 if amount < 10 else amount)
        if name == "percent" and _OFFER_AFTER.match(working, end):
            name = "percent_off"
        start = match.start("money") if match["money"] else match.start("number")
        yield Entity(Kind.NUMBER, Quantity(_whole(amount), name), start, end, working[start:end])  # type: ignore[arg-type]
    for match in _DECADE.finditer(working):
        low = int(to_number(match["en"] or match["zh"]))
        decade = Comparison("between", Quantity(low, "age"), Quantity(low + 9, "age"))
        yield Entity(Kind.COMPARISON, decade, match.start(), match.end(), match.group())
    for match in _UNITLESS_WINDOW.finditer(working):
        number = Quantity(_whole(to_number(match["number"])), "window")
        yield Entity(Kind.NUMBER, number, match.start(), match.end(), match.group())
    for match in re.finditer(rf"\b(?:{'|'.join(TIMES)})\b", working):
        yield Entity(Kind.NUMBER, Quantity(TIMES[match.group()], "times"), match.start(), match.end(), match.group())


def read_duration(number: float, unit: str) -> Duration:
    """`number` of a unit as UNIT matches it."""
    name, size = _LENGTHS[unit if unit in _LENGTHS else unit.removeprefix("整").removeprefix("个").removesuffix("s")]
    if name == "hour":
        return Duration(max(1, round(number / 24)), "day")
    if name != "day" and not float(number * size).is_integer():
        return Duration(round(number * size * (30 if name == "month" else 365)), "day")
    return Duration(round(number * size), name, round(number) if size == 7 else None)  # type: ignore[arg-type]


def find_durations(working: str) -> Iterator[Entity]:
    for match in _DURATION.finditer(working):
        text = match.group()
        if match["fixed"]:
            yield Entity(Kind.DURATION, _FIXED_LENGTHS[text], match.start(), match.end(), text)
            continue
        written = match["number"]
        if match["unit"].removeprefix("整") == "年" and len(written) == len("2025") and written.isdigit():
            continue
        number = _LOOSE_COUNTS[written] if written in _LOOSE_COUNTS else to_number(written)
        yield Entity(Kind.DURATION, read_duration(number, match["unit"]), match.start(), match.end(), text)
