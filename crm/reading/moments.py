"""Reads moments and days as other systems write them. Nothing is guessed: what can be two moments is asked about."""

import re
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from crm.clock import day_start
from crm.errors import InvalidRequest
from crm.reading.texts import plain_text

FIRST_YEAR, LAST_YEAR = 1900, 2200
_UTC = ZoneInfo("UTC")
LONGEST = 60
LARGEST_NUMBER = 10**18
_MONTHS = {
    name: number
    for number, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), start=1)  # noqa: SIM905
}


class DateOrder(StrEnum):
    """Which of two numbers before a year is the day."""

    DAY_FIRST = "dmy"
    MONTH_FIRST = "mdy"


_YEAR_FIRST = r"(?P<y>\d{4})(?P<by>[-/.])(?P<m>\d{1,2})(?P=by)(?P<d>\d{1,2})"
_CHINESE = r"(?P<zy>\d{4})\s?年\s?(?P<zm>\d{1,2})\s?月\s?(?P<zd>\d{1,2})\s?[日号]"
_YEAR_LAST = r"(?P<a>\d{1,2})(?P<sep>[-/.])(?P<b>\d{1,2})(?P=sep)(?P<last>\d{4}|\d{2})"
_DAY_MONTH = r"(?:[A-Za-z]{3,9},? )?(?P<wd>\d{1,2})[ -](?P<wm>[A-Za-z]{3,9})\.?,?[ -](?P<wy>\d{4})"
_MONTH_DAY = r"(?P<nm>[A-Za-z]{3,9})\.? (?P<nd>\d{1,2})(?:st|nd|rd|th)?,? (?P<ny>\d{4})"
_TIME = (
    r"(?:[T ,]\s?(?P<zh_half>上午|下午)?\s?(?P<hour>\d{1,2})\s?[:时点]\s?(?P<minute>\d{2})分?"
    r"(?:[:]?(?P<second>\d{2})秒?(?:[.,]\d{1,12})?)?(?: ?(?P<half>[AaPp])\.?[Mm]\.?)?)"
)
_OFFSET = r"(?: ?(?P<utc>Z|z|UTC|GMT)| ?(?P<sign>[+-])(?P<off_h>\d{2}):?(?P<off_m>\d{2})?)"
_MOMENT = re.compile(
    rf"(?:{_YEAR_FIRST}|{_CHINESE}|{_YEAR_LAST}|{_DAY_MONTH}|{_MONTH_DAY})(?:{_TIME}(?P<zone>{_OFFSET})?)?"
)
_COMPACT = re.compile(r"(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})(?:(?P<hour>\d{2})(?P<minute>\d{2})(?P<second>\d{2})?)?")
_NUMBER = re.compile(r"\d{1,20}(?:\.\d{1,12})?")

_SERIALS = (36_526, 73_051)
"""Days since 30 December 1899, as spreadsheets count them: 2000 to 2099."""
_SECONDS = (946_684_800, 4_102_444_800)
"""The same years as seconds since 1970."""


def read_moment(raw: Any, zone: ZoneInfo, order: DateOrder | None = None) -> datetime:
    """A moment in UTC. Without an offset it is local time of `zone`; a day without a time is its first moment.

    `order` says how 10/2/2026 is meant; without it only what has one meaning is read. Whole numbers are days
    (20260520), seconds or milliseconds since 1970, or days as spreadsheets count them, whatever lies between 2000
    and 2099. Raises InvalidRequest with a sentence.
    """
    text = _as_text(raw)
    if _NUMBER.fullmatch(text):
        return _counted(text, zone)
    found = _MOMENT.fullmatch(text)
    if found is None:
        raise _unreadable(text)
    day = _day(found, order, text)
    if found["hour"] is None:
        return day_start(day, zone)
    at = _time(found, text)
    if found["zone"]:
        return datetime.combine(day, at, _offset(found, text)).astimezone(UTC)
    return local_moment(datetime.combine(day, at), zone)


def read_day(raw: Any, order: DateOrder | None = None) -> date:
    """A day without a time, from the same forms. Raises InvalidRequest with a sentence."""
    moment = read_moment(raw, _UTC, order)
    if moment.time() != time.min:
        raise InvalidRequest(f"{str(raw)[:40]!r} is no day; write it as 2026-05-01")
    return moment.date()


def local_moment(wall: datetime, zone: ZoneInfo) -> datetime:
    """What a clock on the wall shows, in UTC. Raises where it never shows that, or twice."""
    first, second = (wall.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if first.utcoffset() == second.utcoffset():
        return first.astimezone(UTC)
    if first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != wall:
        raise InvalidRequest(f"there is no {wall} in {zone.key}: clocks go forward over it; write it with its offset")
    raise InvalidRequest(
        f"{wall} comes twice in {zone.key}: clocks go back over it; write it with its offset, {first:%z} or {second:%z}"
    )


def _as_text(raw: Any) -> str:
    if isinstance(raw, bool) or not isinstance(raw, str | int | float | Decimal):
        raise InvalidRequest('a moment is written "2026-05-01 09:59" or "2026-05-01T09:59:00+08:00"')
    if isinstance(raw, Decimal) and not raw.is_finite():
        raw = float("nan")
    if not isinstance(raw, str) and not 0 <= raw < LARGEST_NUMBER:
        raise InvalidRequest("this number is no moment; write it as 2026-05-01T09:59:00+08:00")
    if isinstance(raw, str):
        text = plain_text(raw[: LONGEST + 1])
    else:
        text = f"{raw:.9f}".rstrip("0").rstrip(".") if not isinstance(raw, int) else str(raw)
    if len(text) > LONGEST:
        raise _unreadable(text)
    return text


def _counted(text: str, zone: ZoneInfo) -> datetime:
    """A moment that is one number."""
    compact = _COMPACT.fullmatch(text)
    if compact and FIRST_YEAR <= int(compact["y"]) <= LAST_YEAR:
        day = _date(int(compact["y"]), int(compact["m"]), int(compact["d"]), text)
        if compact["hour"] is None:
            return day_start(day, zone)
        at = _clock(int(compact["hour"]), int(compact["minute"]), int(compact["second"] or 0), text)
        return local_moment(datetime.combine(day, at), zone)
    number = Decimal(text)
    if _SERIALS[0] <= number < _SERIALS[1]:
        seconds = round(number * 86_400)
        wall = datetime(1899, 12, 30) + timedelta(seconds=seconds)  # noqa: DTZ001 - what the wall shows
        return day_start(wall.date(), zone) if seconds % 86_400 == 0 else local_moment(wall, zone)
    for per_second in (1, 1_000, 1_000_000):
        if _SECONDS[0] <= number / per_second < _SECONDS[1]:
            return datetime.fromtimestamp(int(number / per_second), UTC)
    raise InvalidRequest(f"the number {text} is no moment between 2000 and 2099; write it as 2026-05-01T09:59:00+08:00")


def _day(found: re.Match[str], order: DateOrder | None, text: str) -> date:
    for year, month, day in (("y", "m", "d"), ("zy", "zm", "zd")):
        if found[year]:
            return _date(int(found[year]), int(found[month]), int(found[day]), text)
    for year, name, day in (("wy", "wm", "wd"), ("ny", "nm", "nd")):
        if found[year]:
            number = _MONTHS.get(found[name][:3].lower())
            if number is None:
                raise _unreadable(text)
            return _date(int(found[year]), number, int(found[day]), text)
    return _ordered(int(found["a"]), int(found["b"]), found["last"], order, text)


def _ordered(first: int, second: int, year: str, order: DateOrder | None, text: str) -> date:
    if len(year) != len("2026"):
        raise InvalidRequest(f"{text!r} has a year of two digits; write all four")
    if order is None:
        if first <= 12 and second <= 12 and first != second:
            raise InvalidRequest(
                f"{text!r} can be two days; write the year first, or say in an import --date-order dmy or mdy"
            )
        order = DateOrder.DAY_FIRST if first > second else DateOrder.MONTH_FIRST
    day, month = (first, second) if order is DateOrder.DAY_FIRST else (second, first)
    return _date(int(year), month, day, text)


def _date(year: int, month: int, day: int, text: str) -> date:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise InvalidRequest(f"{text!r} lies outside the years {FIRST_YEAR} to {LAST_YEAR}")
    try:
        return date(year, month, day)
    except ValueError:
        raise InvalidRequest(f"{text!r} is a day that no calendar has") from None


def _time(found: re.Match[str], text: str) -> time:
    hour, half = (
        int(found["hour"]),
        (found["half"] or "").lower() or {"上午": "a", "下午": "p"}.get(found["zh_half"] or ""),
    )
    if half and not 1 <= hour <= 12:
        raise InvalidRequest(f"{text!r} has an hour that no clock of twelve hours shows")
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    return _clock(hour, int(found["minute"]), int(found["second"] or 0), text)


def _clock(hour: int, minute: int, second: int, text: str) -> time:
    try:
        return time(hour, minute, second)
    except ValueError:
        raise InvalidRequest(f"{text!r} has a time that no clock shows") from None


def _offset(found: re.Match[str], text: str) -> timezone:
    if found["utc"]:
        return UTC
    length = timedelta(hours=int(found["off_h"]), minutes=int(found["off_m"] or 0))
    if length > timedelta(hours=14):
        raise InvalidRequest(f"{text!r} has an offset that no place has")
    return timezone(length if found["sign"] == "+" else -length)


def _unreadable(text: str) -> InvalidRequest:
    return InvalidRequest(f"{text[:40]!r} is no moment; write it as 2026-05-01 09:59 or 2026-05-01T09:59:00+08:00")
