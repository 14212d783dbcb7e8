"""Points in time that plans speak of: Thursday 10:30, tomorrow at 9, 8-14 June, "8pm on the 16th", 6月6日上午10点."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time, timedelta

from crm.segments.language.dates import DAY_PATTERN, MONTH_PATTERN, ZH_NUMBER, read_day, read_month
from crm.segments.language.kinds import Moment
from crm.segments.language.numbers import ANY_NUMBER, UNIT, chinese_number, read_duration, to_number
from crm.segments.language.period_patterns import ALSO_OTHER_WORDS, any_of
from crm.segments.language.periods import find_named, shifted, short_ranges
from crm.segments.language.text import Taken, fold, just_before

_HALF = r"am|pm|a\.m\.|p\.m\."
_NOT_AN_HOUR = r"[\d:.%]|\s*(?:%|percent|am|pm|days?|weeks?|months?|off|points?|yuan|rmb|st\b|nd\b|rd\b|th\b)"
_ZH_PART = "凌晨|清晨|早上|早晨|上午|中午|下午|傍晚|晚上"
_ZH_PARTS = f"{_ZH_PART}|今晚|明晚|明早"
_TIME = any_of(
    rf"(?P<clock>\b(?P<c_h>\d{{1,2}})[:.](?P<c_m>[0-5]\d)(?!\d|[./-]\d)(?:\s*(?P<c_half>{_HALF}))?)",
    rf"(?P<hour>\b(?P<h_h>\d{{1,2}})\s*(?P<h_half>{_HALF})(?![a-z]))",
    r"(?P<oclock>\b(?P<o_h>\d{1,2}) ?o'?clock\b)",
    rf"(?P<at>\b(?:at|@)\s*(?P<a_h>\d{{1,2}})(?!{_NOT_AN_HOUR}))",
    r"(?P<word>\b(?:noon|midday|midnight)\b)",
    rf"(?P<zh>(?P<z_part>{_ZH_PARTS})?(?P<z_h>{ZH_NUMBER})(?:点钟?|时)(?:(?P<z_half>半)|(?P<z_m>{ZH_NUMBER})分?)?)",
    rf"(?P<zh_clock>(?P<zc_part>{_ZH_PARTS})(?P<zc_h>\d{{1,2}}):(?P<zc_m>[0-5]\d))",
)
_PART_OF_DAY = any_of(
    r"\b(?:(?:in the|this)\s+)?(?P<part>morning|afternoon|evening|night|tonight)\b", f"(?P<zh>{_ZH_PART})"
)
_AFTERNOONS = {"afternoon", "evening", "night", "tonight", "下午", "傍晚", "晚上", "今晚", "明晚"}
_IN_SOME_TIME = any_of(
    rf"\bin (?P<count>{ANY_NUMBER}|an?) (?P<unit>{UNIT})(?:'s? time)?\b",
    rf"\b(?P<count2>{ANY_NUMBER}|an?) (?P<unit2>{UNIT}) from (?:now|today)\b",
    rf"(?P<count3>{ANY_NUMBER})(?P<unit3>{UNIT})(?:后|以后|之后)",
)
_GAP = re.compile(
    r"[\s,]*(?:(?:at|on|of|around|about|from|@|the|in the|morning|afternoon|evening|tonight|night|sharp|that)[\s,]*)*"
    r"|\s*(?:的|上午|下午|晚上|早上|,)?\s*"
)
_RANGE = re.compile(r"\s*(?:-|to|until|till|through|thru|~|至|到|and)\s*(?:the )?")
_FAR = 12
"""Words further apart than this many characters do not name one moment."""


@dataclass(frozen=True)
class _Day:
    first: date
    last: date | None
    start: int
    end: int


@dataclass(frozen=True)
class _Clock:
    hour: int
    minute: int
    is_explicit: bool
    """Whether morning or afternoon was said."""
    start: int
    end: int


_OF_ONE_DAY = re.compile(r"\s?[,，(（]?\s?(?:the |a )?")
"""Between a weekday and the date that it falls on: 'Wednesday, 10 June', '6月10日（周三）'."""


def read_moment(text: str, today: date) -> Moment | None:
    """The first moment that `text` names, looking ahead from `today`; positions are those of `text`."""
    return next(iter(read_moments(text, today)), None)


def read_moments(text: str, today: date) -> tuple[Moment, ...]:
    """Every moment named, in order: days with their times, and times alone."""
    folded = fold(text)
    days = list(_days(folded, today))
    taken = Taken(len(folded))
    for day in days:
        taken.take(day.start, day.end)
    clocks = [clock for clock in _clocks(folded) if taken.take(clock.start, clock.end)]
    moments = []
    for day in days:
        clock = min(
            (clock for clock in clocks if _belongs(folded, day, clock)),
            key=lambda clock: abs(clock.start - day.end),
            default=None,
        )
        if clock is not None:
            clocks.remove(clock)
        moments.append(_moment(folded, day, clock))
    moments.extend(Moment(None, _time(folded, clock), clock.start, clock.end) for clock in clocks)
    return tuple(sorted(moments, key=lambda moment: moment.start))


def _belongs(folded: str, day: _Day, clock: _Clock) -> bool:
    between = folded[day.end : clock.start] if day.end <= clock.start else folded[clock.end : day.start]
    return len(between) <= _FAR and _GAP.fullmatch(between) is not None


def _moment(folded: str, day: _Day, clock: _Clock | None) -> Moment:
    if clock is None:
        return Moment(day.first, None, day.start, day.end, day.last)
    start, end = min(day.start, clock.start), max(day.end, clock.end)
    return Moment(day.first, _time(folded, clock, start, end), start, end, day.last)


def _time(folded: str, clock: _Clock, start: int | None = None, end: int | None = None) -> time:
    """The time of day; "tomorrow evening at 8" is 20:00, and a bare hour from 1 to 6 is in the afternoon."""
    around = folded[start if start is not None else clock.start : (end if end is not None else clock.end) + 16]
    part = _PART_OF_DAY.search(around)
    hour = clock.hour
    if not clock.is_explicit and part is not None and hour < 12 and (part["part"] or part["zh"]) in _AFTERNOONS:
        hour += 12
    return time(hour % 24, clock.minute)


def _clocks(folded: str) -> Iterator[_Clock]:
    for match in _TIME.finditer(folded):
        clock = _read_clock(match)
        if clock is not None and 0 <= clock.hour <= 24 and clock.minute < 60:
            yield clock


def _read_clock(match: re.Match[str]) -> _Clock | None:
    start, end = match.span()
    if match["word"]:
        return _Clock(0 if match["word"] == "midnight" else 12, 0, True, start, end)
    if match["zh"] or match["zh_clock"]:
        part, written = match["z_part"] or match["zc_part"], match["z_h"] or match["zc_h"]
        hour = _half_day(_zh(written), is_late=part in _AFTERNOONS)
        minute = 30 if match["z_half"] else _zh(match["z_m"] or match["zc_m"] or "0")
        return _Clock(hour, minute, part is not None, start, end)
    written = match["c_h"] or match["h_h"] or match["o_h"] or match["a_h"]
    half = (match["c_half"] or match["h_half"] or "").replace(".", "")
    hour = int(written)
    if half:
        hour = hour % 12 + (12 if half == "pm" else 0)
    return _Clock(hour, int(match["c_m"] or 0), bool(half) or match["clock"] is not None, start, end)


def _half_day(hour: int, *, is_late: bool) -> int:
    return hour + 12 if is_late and hour < 12 else hour


def _zh(written: str) -> int:
    return int(written) if written.isdigit() else chinese_number(written)


def _days(folded: str, today: date) -> Iterator[_Day]:
    found: list[_Day] = []
    taken = Taken(len(folded))
    for source in (_short, _ahead, _single, _named):
        found.extend(day for day in source(folded, today) if taken.take(day.start, day.end))
    found.sort(key=lambda day: day.start)
    position = 0
    for index, day in enumerate(found):
        if day.start < position:
            continue
        whole = day
        later = found[index + 1] if index + 1 < len(found) else None
        if later is not None and day.last is None and _RANGE.fullmatch(folded[day.end : later.start]):
            whole = _Day(day.first, later.last or later.first, day.start, later.end)
        position = whole.end
        yield whole


def _short(folded: str, today: date) -> Iterator[_Day]:
    for first, last, start, end in short_ranges(folded, today):
        years = 1 if last < today else 0
        yield _Day(shifted(first, years), shifted(last, years), start, end)


def _ahead(folded: str, today: date) -> Iterator[_Day]:
    for match in _IN_SOME_TIME.finditer(folded):
        written, unit = next(
            (match[f"count{n}"], match[f"unit{n}"]) for n in ("", "2", "3") if match[f"count{n}"] is not None
        )
        length = read_duration(1 if written in ("a", "an") else to_number(written), unit)
        days = length.count if length.unit == "day" else 0
        months = {"day": 0, "month": 1, "year": 12}[length.unit] * length.count
        yield _Day(shifted(today, 0, months=months) + timedelta(days=days), None, *match.span())


def _single(folded: str, today: date) -> Iterator[_Day]:
    """Days one by one; a weekday beside its date is one day with it, and the date says which."""
    waiting: _Day | None = None
    was_weekday = False
    for match in DAY_PATTERN.finditer(folded):
        first = read_day(match, today, "future")
        if first is None:
            continue
        day, is_weekday = _Day(first, None, *match.span()), _is_weekday(match)
        if waiting is None:
            waiting, was_weekday = day, is_weekday
            continue
        if is_weekday != was_weekday and _OF_ONE_DAY.fullmatch(folded[waiting.end : day.start]):
            yield _Day(waiting.first if is_weekday else day.first, None, waiting.start, day.end)
            waiting = None
            continue
        yield waiting
        waiting, was_weekday = day, is_weekday
    if waiting is not None:
        yield waiting


def _is_weekday(match: re.Match[str]) -> bool:
    return match["weekday"] is not None or match["zh_weekday"] is not None


def _named(folded: str, today: date) -> Iterator[_Day]:
    """Months, weeks and quarters as the ranges they are."""
    for match in MONTH_PATTERN.finditer(folded):
        month = read_month(match, today, "future")
        is_word = match.group() in ALSO_OTHER_WORDS
        if month is not None and not (
            is_word and not re.search(r"\b(?:in|of|from|until|by|during)\s$", just_before(folded, match.start()))
        ):
            yield _Day(*month, *match.span())
    for first, last, start, end in find_named(folded, today):
        yield _Day(first, last, start, end)
