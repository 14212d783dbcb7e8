"""Who was born on 29 February belongs to February, and in other years to the day on which it is kept."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm.key_dates import LeapDay
from crm.members.yearly_days import kept_on
from crm.segments.language.reader import read_segment
from crm.segments.language.vocabulary import Vocabulary

ORDINARY, LEAP = date(2026, 2, 28), date(2028, 2, 29)
FEBRUARY = ["02-01", "02-29"]


def days_of_year(text: str, vocabulary: Vocabulary, today: date, leap_day: LeapDay = "feb_28") -> list[str]:
    request = read_segment(text, replace(vocabulary, leap_day=leap_day), today).request
    assert request is not None
    (condition,) = request.definition["all"]
    value: list[str] = condition["value"]
    return value


@pytest.mark.parametrize("today", [ORDINARY, date(2026, 6, 1), date(2027, 3, 1), LEAP])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("members whose birthday is in February", FEBRUARY),
        ("members born in february", FEBRUARY),
        ("生日在2月的会员", FEBRUARY),
        ("members with an anniversary in February", FEBRUARY),
        ("birthday from January to February", ["01-01", "02-29"]),
        ("1-2月生日的会员", ["01-01", "02-29"]),
        ("birthday in late February", ["02-21", "02-29"]),
        ("members born on 29 February", ["02-29", "02-29"]),
        ("birthday on February 29th", ["02-29", "02-29"]),
        ("birthday on 2/29", ["02-29", "02-29"]),
        ("2月29日生日的会员", ["02-29", "02-29"]),
        ("birthday between 20 February and 29 February", ["02-20", "02-29"]),
        ("20 to 29 February birthdays", ["02-20", "02-29"]),
        ("birthday between 29 February and 5 March", ["02-29", "03-05"]),
        ("birthday between 1 February and 28 February", ["02-01", "02-28"]),
        ("born on 28 February", ["02-28", "02-28"]),
    ],
)
def test_a_month_has_all_its_days_and_a_named_day_is_that_day(
    text: str, expected: list[str], today: date, vocabulary: Vocabulary
) -> None:
    assert days_of_year(text, vocabulary, today) == expected


@pytest.mark.parametrize(
    ("text", "today", "leap_day", "expected"),
    [
        ("birthday today", ORDINARY, "feb_28", ["02-28", "02-29"]),
        ("birthday today", ORDINARY, "mar_1", ["02-28", "02-28"]),
        ("birthday today", date(2027, 3, 1), "feb_28", ["03-01", "03-01"]),
        ("birthday today", date(2027, 3, 1), "mar_1", ["02-29", "03-01"]),
        ("birthday today", date(2028, 2, 28), "feb_28", ["02-28", "02-28"]),
        ("birthday today", LEAP, "mar_1", ["02-29", "02-29"]),
        ("birthday tomorrow", date(2026, 2, 27), "feb_28", ["02-28", "02-29"]),
        ("今天生日的会员", ORDINARY, "feb_28", ["02-28", "02-29"]),
        ("birthday in the next 7 days", date(2026, 2, 21), "feb_28", ["02-21", "02-29"]),
        ("未来7天生日的会员", date(2026, 2, 21), "feb_28", ["02-21", "02-29"]),
        ("birthday this month", date(2026, 2, 1), "feb_28", FEBRUARY),
        ("本月生日的会员", date(2026, 2, 1), "mar_1", FEBRUARY),
        ("birthday this month", date(2027, 3, 9), "mar_1", ["02-29", "03-31"]),
        ("birthday next month", date(2026, 1, 31), "feb_28", FEBRUARY),
        ("birthday in the next 90 days", date(2025, 12, 1), "feb_28", ["12-01", "03-01"]),
        ("birthday in the next 89 days", date(2025, 12, 1), "feb_28", ["12-01", "02-29"]),
    ],
)
def test_a_stretch_from_today_has_the_birthdays_that_are_kept_in_it(
    text: str, today: date, leap_day: LeapDay, expected: list[str], vocabulary: Vocabulary
) -> None:
    assert days_of_year(text, vocabulary, today, leap_day) == expected


@settings(deadline=None)
@given(
    today=st.dates(date(2023, 1, 1), date(2030, 12, 31)),
    leap_day=st.sampled_from(["feb_28", "mar_1"]),
)
def test_birthdays_today_are_those_that_key_dates_keep_today(
    vocabulary: Vocabulary, today: date, leap_day: LeapDay
) -> None:
    first, last = (int(day.replace("-", "")) for day in days_of_year("birthday today", vocabulary, today, leap_day))
    days = {date(2000, 1, 1).fromordinal(date(2000, 1, 1).toordinal() + ahead) for ahead in range(366)}
    found = {day.month * 100 + day.day for day in days}
    assert {day for day in found if first <= day <= last} == set(kept_on(today, leap_day))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("members who bought on 31 June", "no day “31 june”"),
        ("members born on 30 February", "no day “30 february”"),
        ("members who joined on 29 February 2026", "no day “29 february 2026”"),
        ("members who bought since 2026-02-30", "no day “2026-02-30”"),
        ("members who joined on April 31", "no day “april 31”"),
        ("2月30日生日的会员", "没有“2月30日”"),
    ],
)
def test_a_day_that_no_calendar_has_is_asked_about(text: str, says: str, vocabulary: Vocabulary) -> None:
    reading = read_segment(text, vocabulary, date(2026, 6, 1))
    assert reading.request is None
    assert reading.question is not None
    assert says in reading.question.words
