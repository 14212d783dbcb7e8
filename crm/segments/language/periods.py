"""Stretches of time in a sentence: last 30 days, in May, since January, 8-14 June, 近90天, 上周, 今年以来."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

from crm.clock import months_before
from crm.segments.language.dates import (
    DAY_PATTERN,
    MONTH_PATTERN,
    MONTHS,
    Toward,
    day_near,
    month_days,
    months_later,
    names_no_day,
    quarter_of,
    read_day,
    read_month,
    week_of,
)
from crm.segments.language.kinds import Entity, Kind, Period, Relation
from crm.segments.language.numbers import read_duration, to_number
from crm.segments.language.period_patterns import (
    AFTERWARDS,
    ALSO_OTHER_WORDS,
    AND_WORDS,
    BEFORE,
    JOIN,
    LEADING_UP,
    LOOSE_COUNTS,
    QUARTER,
    RANGE_OPENERS,
    ROLLING,
    SHORT_RANGE,
    THIS_THAT,
    TO_DATE,
    YEAR,
    ZH_LEADING_UP,
)
from crm.segments.language.text import Taken, just_before


@dataclass(frozen=True)
class _Stretch:
    """First and last day of what the words between two positions name."""

    first: date
    last: date
    start: int
    end: int
    is_sure: bool = True
    is_named: bool = False
    ends_month: bool = False


def find_periods(working: str, today: date) -> Iterator[Entity]:
    """Periods that do not overlap: a rolling one ("in the last year") wins over a calendar one ("last year")."""
    taken = Taken(len(working))
    for match in DAY_PATTERN.finditer(working):
        if names_no_day(match, today):
            taken.take(*match.span())
            yield Entity(Kind.NO_DAY, None, *match.span(), match.group())
    for finder in (_leading_up, _rolling, _to_date, _short_ranges, _fixed):
        for period, start, end in list(finder(working, today)):
            if taken.take(start, end):
                yield Entity(Kind.PERIOD, period, start, end, working[start:end])


def _rolling(working: str, today: date) -> Iterator[tuple[Period, int, int]]:
    for match in ROLLING.finditer(working):
        yield _read_rolling(match, today), match.start(), match.end()


def _read_rolling(match: re.Match[str], today: date) -> Period:
    if match["back"]:
        return _last(match["count"], match["unit"])
    if match["ahead"]:
        last = _last(match["ahead_count"], match["ahead_unit"])
        end = today + timedelta(days=last.days) if last.days is not None else months_later(today, last.months or 0)
        return Period(today, end, is_future=True)
    if match["one"]:
        return _last("1", match["one_unit"])
    if match["short"]:
        unit = {"m": "month", "w": "week"}.get(match["short_unit"], "day")
        return _last(match["short_count"], unit)
    if match["zh_half_month"]:
        return Period(days=15)
    if match["fortnight"]:
        return Period(days=14)
    if match["ahead_one"]:
        days = 14 if "fortnight" in match["ahead_one"] else 15
        return Period(today, today + timedelta(days=days), is_future=True)
    return Period(months=12 if match["ltm"] else 6)


def _last(count: str, unit: str) -> Period:
    number = LOOSE_COUNTS[count] if count in LOOSE_COUNTS else to_number(count)
    duration = read_duration(number, "个月" if unit == "月" else unit)
    if duration.unit == "day":
        return Period(days=duration.count)
    return Period(months=duration.count * (12 if duration.unit == "year" else 1))


def _leading_up(working: str, today: date) -> Iterator[tuple[Period, int, int]]:
    """ "The 30 days before 1 March": as many days, the last of them the day before."""
    for match in DAY_PATTERN.finditer(working):
        day = read_day(match, today, "past")
        before = LEADING_UP.search(just_before(working, match.start()))
        behind = ZH_LEADING_UP.match(working, match.end())
        found = before or behind
        if day is None or found is None:
            continue
        length = _last(found["count"], found["unit"])
        first = day - timedelta(days=length.days) if length.days is not None else months_before(day, length.months or 0)
        start, end = (match.start() - len(before.group()), match.end()) if before else (match.start(), found.end())
        yield Period(first, day - timedelta(days=1)), start, end


def _to_date(working: str, today: date) -> Iterator[tuple[Period, int, int]]:
    for match in TO_DATE.finditer(working):
        unit = match["unit"] or match["so_far"] or match["start_of"]
        unit = unit or _FIRST_LETTERS[(match["short"] or match["zh_start"])[0]]
        yield Period(_unit_days(unit, 0, today)[0], today, relation="since"), match.start(), match.end()


_FIRST_LETTERS = {"w": "week", "m": "month", "q": "quarter", "y": "year", "月": "month", "年": "year"}


def _short_ranges(working: str, today: date) -> Iterator[tuple[Period, int, int]]:
    for first, last, start, end in short_ranges(working, today):
        ends_month = "月" in working[start:end] and not _names_days(working[start:end])
        period = Period(first, last, is_named=True, ends_month=ends_month)
        yield period, start - len(_prefix(working, start)), end


def _names_days(words: str) -> bool:
    return any(sign in words for sign in "日号")


def short_ranges(working: str, today: date) -> Iterator[tuple[date, date, int, int]]:
    """Ranges that name the month once, 8-14 June, with where their words start and end."""
    for match in SHORT_RANGE.finditer(working):
        ends = _short_range_ends(match, today)
        if ends is not None:
            yield *ends, match.start(), match.end()


def _short_range_ends(match: re.Match[str], today: date) -> tuple[date, date] | None:
    try:
        if match["m4"]:
            first, last = (_plain(match[name]) for name in ("m4", "n4"))
            year = today.year if first <= today.month else today.year - 1
            return month_days(year, first)[0], month_days(year if last >= first else year + 1, last)[1]
        month_name = match["m"] or match["m2"]
        month = MONTHS[month_name.rstrip(".")] if month_name else _plain(match["m3"])
        days = [
            _plain(match[f"{side}{suffix}"]) for suffix in ("", "2", "3") for side in "ab" if match[f"{side}{suffix}"]
        ]
        year = int(match["y"]) if match["y"] else _year_with(month, days, today)
        return date(year, month, days[0]), date(year, month, days[1])
    except ValueError:
        return None


def _year_with(month: int, days: list[int], today: date) -> int:
    """This year, or the last one that has 29 February when that is one of the days."""
    leap_day = day_near(None, 2, 29, today, "past") if month == 2 and 29 in days else None
    return leap_day.year if leap_day is not None else today.year


def _plain(written: str) -> int:
    return int(to_number(written))


def _fixed(working: str, today: date) -> Iterator[tuple[Period, int, int]]:
    stretches = sorted(_stretches(working, today), key=lambda found: (found.start, -found.end))
    # The first of those that start at one place.
    by_start = {stretch.start: stretch for stretch in reversed(stretches)}
    position = 0
    for stretch in stretches:
        if stretch.start < position:
            continue
        ranged = _joined_with_next(working, stretch, by_start)
        words_before = _prefix(working, stretch.start)
        if not (stretch.is_sure or words_before or ranged is not stretch):
            continue
        period, end = _related(working, ranged, words_before, is_range=ranged is not stretch, today=today)
        yield period, stretch.start - len(words_before), end
        position = end


def _joined_with_next(working: str, stretch: _Stretch, by_start: Mapping[int, _Stretch]) -> _Stretch:
    """The range from this stretch to the one after `to`; the stretch itself when there is none."""
    join = JOIN.match(working, stretch.end)
    before = just_before(working, stretch.start).rstrip()
    if join is None or (join.group().strip() in AND_WORDS and not before.endswith(RANGE_OPENERS)):
        return stretch
    later = by_start.get(join.end())
    if later is None:
        return stretch
    first, last = _in_one_year(stretch.first, later.last)
    is_named = stretch.is_named or later.is_named
    return replace(stretch, first=first, last=last, end=later.end, is_named=is_named, ends_month=later.ends_month)


def _in_one_year(first: date, last: date) -> tuple[date, date]:
    """Both ends of a range that names no year: the later one where it is, or behind the 29 February that begins it."""
    if (first.month, first.day) == (2, 29) and not 0 <= (last - first).days <= LONGEST_YEAR:
        last = months_later(last, 12 * (first.year - last.year + (last.month < first.month)))
    while last < first:
        first = months_before(first, 12)
    return first, last


LONGEST_YEAR = 366


def _prefix(working: str, start: int) -> str:
    match = BEFORE.search(just_before(working, start))
    return match.group() if match else ""


def _related(working: str, stretch: _Stretch, words_before: str, *, is_range: bool, today: date) -> tuple[Period, int]:
    """The period with its relation (since, before, after ...), and where its words end."""
    found = BEFORE.search(words_before)
    relation = found.lastgroup if found else None
    end = stretch.end
    if is_range:
        return Period(stretch.first, stretch.last, is_named=stretch.is_named, ends_month=stretch.ends_month), end
    afterwards = AFTERWARDS.match(working, end)
    if afterwards and relation in (None, "from", "zh_since", "in", "zh_in"):
        relation, end = afterwards.lastgroup, afterwards.end()
    name = (relation or "in").removeprefix("zh_")
    return _period_of(stretch, "since" if name == "from" else name, today), end


def _period_of(stretch: _Stretch, relation: str, today: date) -> Period:
    if relation == "since":
        return Period(stretch.first, today, relation="since")
    if relation == "before":
        return Period(None, stretch.first - timedelta(days=1), relation="before")
    if relation == "after":
        return Period(stretch.last + timedelta(days=1), None, relation="after")
    if relation == "until":
        return Period(None, stretch.last, relation="until")
    if relation == "week":
        monday = week_of(stretch.first)
        return Period(monday, monday + timedelta(days=6))
    named: Relation = "in"
    return Period(
        stretch.first,
        stretch.last,
        relation=named,
        is_future=stretch.first > today,
        is_named=stretch.is_named,
        ends_month=stretch.ends_month,
    )


def _stretches(working: str, today: date) -> Iterator[_Stretch]:
    toward: Toward = "past"
    for match in DAY_PATTERN.finditer(working):
        day = read_day(match, today, toward)
        if day is not None:
            # A bare Monday or 6/15 is more often a due day or a fraction; after a preposition it is a day.
            sure = not (match["weekday"] or match["zh_weekday"] or match["nth"] or match["slash"])
            is_named = not (match["relative"] or match["weekday"] or match["zh_weekday"])
            yield _Stretch(day, day, match.start(), match.end(), sure, is_named)
    for match in MONTH_PATTERN.finditer(working):
        month = read_month(match, today, toward)
        if month is not None:
            unsure = bool(match["en"]) and match["en"] in ALSO_OTHER_WORDS
            ends_month = month_ends_on(month[1])
            yield _Stretch(*month, match.start(), match.end(), not unsure, is_named=True, ends_month=ends_month)
    for first, last, start, end in find_named(working, today):
        is_long = (last - first).days >= SHORTEST_MONTH - 1
        yield _Stretch(first, last, start, end, ends_month=is_long and month_ends_on(last))


SHORTEST_MONTH = 28


def month_ends_on(day: date) -> bool:
    return (day + timedelta(days=1)).day == 1


def find_named(working: str, today: date) -> Iterator[tuple[date, date, int, int]]:
    """Weeks, months, quarters and years by name: this week, next month, Q1, 2025."""
    for pattern, reader in _NAMED:
        for match in pattern.finditer(working):
            days = reader(match, today)
            if days is not None:
                yield *days, match.start(), match.end()


def shifted(day: date, years: int, *, months: int = 0) -> date:
    return months_later(day, years * 12 + months)


def _unit_days(unit: str, shift: int, today: date) -> tuple[date, date]:
    """First and last day of the week, month, quarter or year that lies `shift` away."""
    if unit in ("week", "weekend"):
        first = week_of(today) + timedelta(days=7 * shift)
        return (
            (first + timedelta(days=5), first + timedelta(days=6))
            if unit == "weekend"
            else (first, first + timedelta(days=6))
        )
    months = {"month": 1, "quarter": 3, "year": 12}[unit]
    start = {"month": today.replace(day=1), "quarter": quarter_of(today), "year": date(today.year, 1, 1)}[unit]
    first = months_later(start, shift * months)
    return first, months_later(first, months) - timedelta(days=1)


_ZH_UNITS = {
    "周": "week",
    "星期": "week",
    "礼拜": "week",
    "月": "month",
    "季度": "quarter",
    "季": "quarter",
    "年": "year",
}
_ZH_UNITS |= {"周末": "weekend"}


def _read_this_that(match: re.Match[str], today: date) -> tuple[date, date]:
    if match["zh_year"]:
        return _unit_days("year", {"今年": 0, "去年": -1, "明年": 1, "前年": -2}[match["zh_year"]], today)
    unit = match["unit"] or _ZH_UNITS[match["zh_unit"]]
    which = match["which"] or match["zh_which"]
    shift = 0
    if which.startswith(("last", "previous", "上")):
        shift = -1
    elif which.startswith(("next", "coming", "the coming", "下", "the following")):
        shift = 1
    first, last = _unit_days(unit, shift, today)
    return first, last


def _read_quarter(match: re.Match[str], today: date) -> tuple[date, date]:
    year = _named_year(match["year"] or match["zh_y"], today)
    half = match["h_n"] or ({"上": "1", "下": "2"}.get(match["zh_h"] or ""))
    ordinal = {"first": 1, "second": 2, "third": 3, "fourth": 4}.get(match["word"] or "")
    if match["what"] == "half":
        half = str(ordinal)
    if half:
        first = date(year or today.year, 1 if half == "1" else 7, 1)
        return first, months_later(first, 6) - timedelta(days=1)
    written = match["q_n"] or match["zh_q"]
    number = ordinal or _plain(written)
    first = date(year or today.year, number * 3 - 2, 1)
    if year is None and first > today:
        first = date(today.year - 1, first.month, 1)
    return first, months_later(first, 3) - timedelta(days=1)


def _named_year(written: str | None, today: date) -> int | None:
    if not written:
        return None
    return {"this year": today.year, "last year": today.year - 1, "今年": today.year, "去年": today.year - 1}.get(
        written
    ) or int(written[:4])


def _read_year(match: re.Match[str], _today: date) -> tuple[date, date]:
    year = int(match["year"] or match["zh_year"])
    return date(year, 1, 1), date(year, 12, 31)


_NAMED: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], date], tuple[date, date] | None]], ...] = (
    (THIS_THAT, _read_this_that),
    (QUARTER, _read_quarter),
    (YEAR, _read_year),
)
