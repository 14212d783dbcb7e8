"""Days, months and years as people write them, resolved against today, and the periods they make.

Weeks start on Monday. What is named without a year lies in the past when the words tell of what members did, and in
the future when they tell of what to do: `Toward` says which.
"""

import calendar
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from crm.clock import months_before
from crm.segments.language.numbers import CHINESE_NUMBER, chinese_number

Toward = Literal["past", "future"]

MONTHS = {
    name: number
    for number, names in enumerate(
        [
            "january jan",
            "february feb",
            "march mar",
            "april apr",
            "may",
            "june jun",
            "july jul",
            "august aug",
            "september sept sep",
            "october oct",
            "november nov",
            "december dec",
        ],
        start=1,
    )
    for name in names.split()
}
WEEKDAYS = {
    name: number
    for number, names in enumerate(
        [
            "monday mon",
            "tuesday tues tue",
            "wednesday weds wed",
            "thursday thurs thur thu",
            "friday fri",
            "saturday sat",
            "sunday sun",
        ]
    )
    for name in names.split()
} | {"一": 0, "二": 1, "三": 2, "四": 3, "五": 4, "六": 5, "日": 6, "天": 6}

MONTH = rf"(?:{'|'.join(sorted(MONTHS, key=len, reverse=True))})\b(?:\.(?= ?\d))?"
_WEEKDAY_EN = "|".join(sorted((name for name in WEEKDAYS if name.isascii()), key=len, reverse=True))
ZH_NUMBER = rf"(?:\d{{1,2}}|{CHINESE_NUMBER.replace('百千万', '')})"
_RELATIVE_DAYS = {
    "today": 0,
    "tonight": 0,
    "this evening": 0,
    "this morning": 0,
    "this afternoon": 0,
    "yesterday": -1,
    "tomorrow": 1,
    "tmrw": 1,
    "tmr": 1,
    "tomorow": 1,
    "the day after tomorrow": 2,
    "day after tomorrow": 2,
    "the day before yesterday": -2,
    "day before yesterday": -2,
    "今天": 0,
    "今日": 0,
    "今晚": 0,
    "昨天": -1,
    "昨日": -1,
    "前天": -2,
    "大前天": -3,
    "明天": 1,
    "明日": 1,
    "明晚": 1,
    "明早": 1,
    "后天": 2,
    "大后天": 3,
}
DAY_PATTERN = re.compile(
    r"(?P<iso>\b(?P<iso_y>\d{4})[-/.](?P<iso_m>\d{1,2})[-/.](?P<iso_d>\d{1,2})\b)"
    rf"|(?P<dm>\b(?:the )?(?P<dm_d>\d{{1,2}})(?:st|nd|rd|th)?(?: of)? ?(?P<dm_m>{MONTH})(?:,? ?(?P<dm_y>20\d\d)\b)?)"
    rf"|(?P<md>\b(?P<md_m>{MONTH}) ?(?:the )?(?P<md_d>\d{{1,2}})(?:st|nd|rd|th)?"
    r"(?![\d:])(?!\s*(?:am|pm)\b)(?:,? ?(?P<md_y>20\d\d)\b)?)"
    rf"|(?P<zh>(?:(?P<zh_y>\d{{4}}年|今年|去年|明年))?(?P<zh_m>{ZH_NUMBER})月(?P<zh_d>{ZH_NUMBER})(?:日|号))"
    rf"|(?P<relative>\b(?:{'|'.join(k for k in sorted(_RELATIVE_DAYS, key=len, reverse=True) if k.isascii())})\b"
    rf"|(?:{'|'.join(k for k in sorted(_RELATIVE_DAYS, key=len, reverse=True) if not k.isascii())}))"
    rf"|(?P<weekday>\b(?:(?P<w_which>this coming|this|next|last|coming|the coming|past)\s+)?(?P<w_day>{_WEEKDAY_EN})\b"
    r"(?:\s+(?P<w_after>next week|this week|last week))?)"
    r"|(?P<zh_weekday>(?P<zw_which>下下|下个|这个|上个|下|本|这|上)?(?:周|星期|礼拜)(?P<zw_day>[一二三四五六日天]))"
    r"|(?P<nth>\bthe (?P<nth_d>\d{1,2})(?:st|nd|rd|th)\b(?!\s*(?:order|purchase|time|month|week|year|quarter)))"
    r"|(?P<slash>(?<![\d/.])(?P<s_m>\d{1,2})/(?P<s_d>\d{1,2})(?![\d/]))"
    r"|(?P<zh_nth>(?<![月\d])(?P<zn_d>\d{1,2})号)"
)
MONTH_PATTERN = re.compile(
    rf"(?P<en>\b(?:(?P<which>this|last|next|previous|early|late|mid)[ -]+)?(?P<en_m>{MONTH})(?:,? ?(?P<en_y>20\d\d)\b"
    r"|,? (?P<en_rel>this year|last year|next year))?)"
    rf"|(?P<zh>(?P<zh_y>\d{{4}}年|今年|去年|明年)?(?P<zh_m>{ZH_NUMBER})月(?:份)?(?!\d|个))"
    r"|(?P<iso>\b(?P<iso_y>20\d\d)[-/](?P<iso_m>0[1-9]|1[0-2])\b(?![-/]))"
)


@dataclass(frozen=True)
class Days:
    """A first and a last day, and where the words for them end."""

    first: date
    last: date
    end: int


def month_days(year: int, month: int) -> tuple[date, date]:
    return date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1])


def months_later(day: date, months: int) -> date:
    return months_before(day, -months)


def week_of(day: date) -> date:
    """The Monday of its week."""
    return day - timedelta(days=day.weekday())


def quarter_of(day: date) -> date:
    """The first day of its quarter."""
    return date(day.year, (day.month - 1) // 3 * 3 + 1, 1)


def _zh_number(written: str) -> int:
    return int(written) if written.isdigit() else chinese_number(written)


def _year(written: str | None, today: date) -> int | None:
    if not written:
        return None
    relative = {"今年": 0, "去年": -1, "明年": 1, "this year": 0, "last year": -1, "next year": 1}
    if written in relative:
        return today.year + relative[written]
    return int(written.removesuffix("年"))


def day_near(year: int | None, month: int, day: int, today: date, toward: Toward) -> date | None:
    """That day of the year given, or the nearest one in the direction asked for; None when there is none.

    The nearest 29 February may lie years back.
    """
    if year is None and (month, day) == (2, 29) and toward == "past":
        return next(filter(None, (_leap_day(today.year - back, today) for back in range(9))), None)
    try:
        if year is not None:
            return date(year, month, day)
        found = date(today.year, month, day)
        if toward == "past" and found > today:
            found = date(today.year - 1, month, day)
        if toward == "future" and found < today:
            found = date(today.year + 1, month, day)
    except ValueError:
        return None
    return found


def _leap_day(year: int, latest: date) -> date | None:
    return date(year, 2, 29) if calendar.isleap(year) and date(year, 2, 29) <= latest else None


def _weekday(day: int, which: str, after: str, today: date, toward: Toward) -> date:
    this_week = week_of(today) + timedelta(days=day)
    shift = {"next": 7, "last": -7, "下": 7, "下个": 7, "上": -7, "上个": -7, "下下": 14}.get(which)
    shift = {"next week": 7, "this week": 0, "last week": -7}.get(after, shift)
    if shift is not None:
        return this_week + timedelta(days=shift)
    if which in ("this", "本", "这", "这个"):
        return this_week
    if toward == "past" or which == "past":
        return this_week if this_week <= today else this_week - timedelta(days=7)
    return this_week if this_week > today else this_week + timedelta(days=7)


def _day_of_month(day: int, today: date, toward: Toward) -> date | None:
    for months in range(13):
        start = months_before(today.replace(day=1), months if toward == "past" else -months)
        try:
            found = start.replace(day=day)
        except ValueError:
            continue
        if (found <= today) if toward == "past" else (found >= today):
            return found
    return None


def read_day(match: re.Match[str], today: date, toward: Toward) -> date | None:
    """The day that a match of DAY_PATTERN names; None when there is no such day."""
    reader = _DAY_READERS[next(name for name in _DAY_READERS if match[name])]
    try:
        return reader(match, today, toward)
    except (ValueError, OverflowError):
        return None


_LONGEST_MONTH = 31
_DAYS_AND_MONTHS = ("iso", "dm", "md", "zh")


def names_no_day(match: re.Match[str], today: date) -> bool:
    """Whether a match of DAY_PATTERN names a day that no calendar has, as 31 June or 29 February 2026."""
    name = next((name for name in _DAYS_AND_MONTHS if match[name]), None)
    if name is None or read_day(match, today, "past") is not None:
        return False
    day = match["iso_d" if name == "iso" else f"{name}_d"]
    return _zh_number(day) <= _LONGEST_MONTH


def _read_iso(match: re.Match[str], _today: date, _toward: Toward) -> date | None:
    return date(int(match["iso_y"]), int(match["iso_m"]), int(match["iso_d"]))


def _read_day_month(match: re.Match[str], today: date, toward: Toward) -> date | None:
    return day_near(_year(match["dm_y"], today), MONTHS[match["dm_m"].rstrip(".")], int(match["dm_d"]), today, toward)


def _read_month_day(match: re.Match[str], today: date, toward: Toward) -> date | None:
    return day_near(_year(match["md_y"], today), MONTHS[match["md_m"].rstrip(".")], int(match["md_d"]), today, toward)


def _read_zh(match: re.Match[str], today: date, toward: Toward) -> date | None:
    return day_near(_year(match["zh_y"], today), _zh_number(match["zh_m"]), _zh_number(match["zh_d"]), today, toward)


def _read_relative(match: re.Match[str], today: date, _toward: Toward) -> date | None:
    return today + timedelta(days=_RELATIVE_DAYS[match["relative"]])


def _read_weekday(match: re.Match[str], today: date, toward: Toward) -> date | None:
    which, after = (match["w_which"] or "").split()[-1:], match["w_after"] or ""
    return _weekday(WEEKDAYS[match["w_day"]], "".join(which), after, today, toward)


def _read_zh_weekday(match: re.Match[str], today: date, toward: Toward) -> date | None:
    return _weekday(WEEKDAYS[match["zw_day"]], match["zw_which"] or "", "", today, toward)


def _read_nth(match: re.Match[str], today: date, toward: Toward) -> date | None:
    return _day_of_month(int(match["nth_d"]), today, toward)


def _read_zh_nth(match: re.Match[str], today: date, toward: Toward) -> date | None:
    return _day_of_month(int(match["zn_d"]), today, toward)


def _read_slash(match: re.Match[str], today: date, toward: Toward) -> date | None:
    first, second = int(match["s_m"]), int(match["s_d"])
    month, day = (second, first) if first > 12 else (first, second)
    return day_near(None, month, day, today, toward)


_DAY_READERS: dict[str, Callable[[re.Match[str], date, Toward], date | None]] = {
    "iso": _read_iso,
    "dm": _read_day_month,
    "md": _read_month_day,
    "zh": _read_zh,
    "relative": _read_relative,
    "weekday": _read_weekday,
    "zh_weekday": _read_zh_weekday,
    "nth": _read_nth,
    "slash": _read_slash,
    "zh_nth": _read_zh_nth,
}


def read_month(match: re.Match[str], today: date, toward: Toward) -> tuple[date, date] | None:
    """First and last day of the month that a match of MONTH_PATTERN names."""
    if match["iso"]:
        return month_days(int(match["iso_y"]), int(match["iso_m"]))
    if match["en"]:
        month, year = MONTHS[match["en_m"].rstrip(".")], _year(match["en_y"] or match["en_rel"], today)
        which = match["which"]
    else:
        month, year, which = _zh_number(match["zh_m"]), _year(match["zh_y"], today), None
    if not 1 <= month <= 12:
        return None
    if year is None:
        year = _nearest_year(month, which, today, toward)
    first, last = month_days(year, month)
    if which == "early":
        return first, first.replace(day=10)
    if which == "mid":
        return first.replace(day=11), first.replace(day=20)
    return (first.replace(day=21), last) if which == "late" else (first, last)


def _nearest_year(month: int, which: str | None, today: date, toward: Toward) -> int:
    if which in ("last", "previous"):
        return today.year if month < today.month else today.year - 1
    if which == "next":
        return today.year if month > today.month else today.year + 1
    if which == "this":
        return today.year
    if toward == "past":
        return today.year if month <= today.month else today.year - 1
    return today.year if month >= today.month else today.year + 1
