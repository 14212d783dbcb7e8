"""When days that come back are kept: 29 February by policy, days that a month lacks on its last. Pure decisions."""

import calendar
from datetime import date, timedelta
from itertools import count

from crm.clock import months_before
from crm.key_dates import LeapDay

LEAP_DAY = 229
"""29 February, as members' birthdays are kept: month * 100 + day."""


def key_date(year: int, month_day: int, leap_day: LeapDay) -> date:
    """When a day that comes back each year (month * 100 + day, e.g. 601) is kept in a year."""
    month, day = divmod(month_day, 100)
    if month_day == LEAP_DAY and not calendar.isleap(year):
        return date(year, 2, 28) if leap_day == "feb_28" else date(year, 3, 1)
    return date(year, month, day)


def kept_on(day: date, leap_day: LeapDay) -> tuple[int, ...]:
    """Which days that come back each year (month * 100 + day) are kept on a day: its own, and 29 February by policy."""
    own = day.month * 100 + day.day
    return (own, LEAP_DAY) if own != LEAP_DAY and key_date(day.year, LEAP_DAY, leap_day) == day else (own,)


def months_later(started: date, months: int, leap_day: LeapDay) -> date:
    """A day, so many months later: the last of a month that lacks it; 29 February, after whole years, by policy."""
    years, month = divmod(started.year * 12 + started.month - 1 + months, 12)
    month_day = started.month * 100 + started.day
    if month_day == LEAP_DAY and months % 12 == 0:
        return key_date(years, LEAP_DAY, leap_day)
    return date(years, month + 1, min(started.day, calendar.monthrange(years, month + 1)[1]))


def anniversary_days(day: date, every_months: int, first: date, leap_day: LeapDay) -> list[date]:
    """The days, from `first` on, that a day is a whole number of `every_months` months after; the latest first."""
    found: list[date] = []
    for months in count(every_months, every_months):
        near = months_before(day, months)
        if near + _MONTH_ENDS[-1] < first:
            return found
        around = sorted((near + shift for shift in _MONTH_ENDS), reverse=True)
        found += [started for started in around if started >= first and months_later(started, months, leap_day) == day]
    return found


_MONTH_ENDS = tuple(timedelta(days=days) for days in range(-1, 4))
"""How far from the same day of an earlier month a day can lie that is kept on it: 29 February on 1 March, and 31
August on 28 February."""
