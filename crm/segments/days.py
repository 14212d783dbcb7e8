"""Days in definitions: windows, relative days and days of the year, and what they mean on a given day."""

import calendar
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

from crm.clock import months_before
from crm.errors import InvalidRequest

RelativeUnit = Literal["days_ago", "months_ago", "years_ago"]
WindowUnit = Literal["window_days", "window_months"]

LEAP_YEAR = 2000
"""Any leap year: in it every day of the year exists."""
MAX_DAYS = 36_500
MAX_MONTHS = 1_200
"""A hundred years; longer windows say nothing more than no window."""


@dataclass(frozen=True)
class RelativeDay:
    """A day counted back from today."""

    amount: int
    unit: RelativeUnit

    def __post_init__(self) -> None:
        largest = {"days_ago": MAX_DAYS, "months_ago": MAX_MONTHS, "years_ago": MAX_MONTHS // 12}[self.unit]
        check_whole(self.amount, what=self.unit, low=0, high=largest)

    def on(self, today: date) -> date:
        if self.unit == "days_ago":
            return today - timedelta(days=self.amount)
        return months_before(today, self.amount * (12 if self.unit == "years_ago" else 1))


Day = date | RelativeDay


def resolve_day(day: Day, today: date) -> date:
    return day.on(today) if isinstance(day, RelativeDay) else day


@dataclass(frozen=True, order=True)
class MonthDay:
    """A day of the year, without the year."""

    month: int
    day: int

    @property
    def number(self) -> int:
        """month * 100 + day, as birthdays are stored."""
        return self.month * 100 + self.day

    def __str__(self) -> str:
        return f"{self.month:02}-{self.day:02}"


@dataclass(frozen=True)
class DayRange:
    """Whole local days, both ends included; None is open."""

    first: date | None
    last: date | None

    def __contains__(self, day: date) -> bool:
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)


@dataclass(frozen=True)
class LastPeriod:
    """From some days or calendar months ago until today."""

    amount: int
    unit: WindowUnit

    def __post_init__(self) -> None:
        largest = MAX_DAYS if self.unit == "window_days" else MAX_MONTHS
        check_whole(self.amount, what=self.unit, low=1, high=largest)

    def days(self, today: date) -> DayRange:
        if self.unit == "window_days":
            return DayRange(today - timedelta(days=self.amount), today)
        return DayRange(months_before(today, self.amount), today)


@dataclass(frozen=True)
class FixedPeriod:
    """Between two days; None is open."""

    first: date | None
    last: date | None

    def __post_init__(self) -> None:
        if self.first is None and self.last is None:
            raise InvalidRequest("a window needs from, to or both; leave it out for the whole lifetime")
        if self.first is not None and self.last is not None and self.first > self.last:
            raise InvalidRequest(f"a window ends on or after the day it begins, not from {self.first} to {self.last}")

    def days(self, today: date) -> DayRange:
        return DayRange(self.first, self.last)


Window = LastPeriod | FixedPeriod


def check_whole(raw: Any, *, what: str, low: int, high: int) -> int:
    """`raw` if it is a whole number within bounds. Raises InvalidRequest."""
    if isinstance(raw, bool) or not isinstance(raw, int) or not low <= raw <= high:
        raise InvalidRequest(f"{what} needs a whole number from {low} to {high:,}, not {raw!r:.80}", path=what)
    return raw


def day_in_year(month_day: MonthDay, year: int, *, round_down: bool) -> date:
    """The day in `year`; 29 February becomes the day before or after where the year has none."""
    if month_day == MonthDay(2, 29) and not calendar.isleap(year):
        return date(year, 2, 28) if round_down else date(year, 3, 1)
    return date(year, month_day.month, month_day.day)
