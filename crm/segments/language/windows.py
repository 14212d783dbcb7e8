"""Periods as they are written in a definition: windows of rows, days compared, days of the year."""

from calendar import isleap
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from crm.clock import months_before
from crm.key_dates import LeapDay
from crm.segments.days import MonthDay
from crm.segments.language.kinds import Comparison, Duration, Period

Json = dict[str, Any]
WINDOW_KEYS = ("window", "window_days", "window_months")

_OPPOSITES: Mapping[str, str] = {
    ">": "<=",
    ">=": "<",
    "<": ">=",
    "<=": ">",
    "=": "!=",
    "!=": "=",
    "in": "not_in",
    "not_in": "in",
    "contains_any": "contains_none",
    "contains_none": "contains_any",
    "any": "none",
    "none": "any",
}


def opposite(op: str) -> str | None:
    return _OPPOSITES.get(op)


def window(period: Period, today: date) -> Json:
    """The window keys of a condition; a calendar period that is not over ends today."""
    if period.days is not None:
        return {"window_days": period.days}
    if period.months is not None:
        return {"window_months": period.months}
    if period.start is None and period.end is None:
        return {}
    end = period.end
    if end is not None and end > today and not period.is_future:
        end = today
    if period.relation == "after":
        end = today
    return {"window": {"from": _written(period.start), "to": _written(end)}}


def window_of_length(length: Duration) -> Json:
    if length.unit == "day":
        return {"window_days": length.count}
    return {"window_months": length.count * (12 if length.unit == "year" else 1)}


def _written(day: date | None) -> str | None:
    return day.isoformat() if day is not None else None


def ago(length: Duration) -> Json:
    return {f"{length.unit}s_ago": length.count}


def rolling_start(period: Period) -> Json:
    """The first day of "the last 14 days" as a relative day."""
    if period.days is not None:
        return {"days_ago": period.days}
    months = period.months or 0
    return {"years_ago": months // 12} if months and months % 12 == 0 else {"months_ago": months}


def day_condition(name: str, period: Period, today: date) -> Json:
    """A day within a period: joined in the last 14 days, after 1 March, this year."""
    if period.days is not None or period.months is not None:
        return {"field": name, "op": ">=", "value": rolling_start(period)}
    start, end = period.start, period.end
    if period.relation == "after" and start is not None:
        return {"field": name, "op": ">", "value": _written(start - timedelta(days=1))}
    if period.relation == "before" and end is not None:
        return {"field": name, "op": "<", "value": _written(end + timedelta(days=1))}
    if start is not None and (end is None or period.relation == "since"):
        return {"field": name, "op": ">=", "value": _written(start)}
    if start is None:
        return {"field": name, "op": "<=", "value": _written(end)}
    last = end if end is None or end <= today or period.is_future else max(today, start)
    return {"field": name, "op": "between", "value": [_written(start), _written(last)]}


_LONGER_IS_EARLIER = {">": "<", ">=": "<=", "<": ">", "<=": ">=", "=": "="}


def elapsed_condition(name: str, comparison: Comparison, today: date, *, is_ago: bool) -> Json:
    """A day by the time since then: more than 90 days ago, for at least 2 years, within 30 days."""
    length = comparison.amount
    assert isinstance(length, Duration)  # noqa: S101 - callers pass lengths only
    if comparison.op == "between" and isinstance(comparison.upper, Duration):
        days = [_written(_back(comparison.upper, today)), _written(_back(length, today))]
        return {"field": name, "op": "between", "value": days}
    if comparison.op == "":
        return {"field": name, "op": "<=" if is_ago else ">=", "value": ago(length)}
    return {"field": name, "op": _LONGER_IS_EARLIER[comparison.op], "value": ago(length)}


def _back(length: Duration, today: date) -> date:
    if length.unit == "day":
        return today - timedelta(days=length.count)
    return months_before(today, length.count * (12 if length.unit == "year" else 1))


def month_days(period: Period, today: date, leap_day: LeapDay) -> list[str] | None:
    """First and last day of the year; None for a period that is not a stretch of one year.

    Who was born on 29 February counts for the month, and, for a stretch counted from today, where the day is kept by
    policy in a year without it.
    """
    start, end = period.start, period.end
    if period.days is not None:
        start, end = today - timedelta(days=period.days), today
    elif period.months is not None:
        start, end = months_before(today, period.months), today
    if period.relation == "since":
        end = date(today.year, 12, 31)
    if start is None or end is None or (end - start).days >= 366:
        return None
    first, last = MonthDay(start.month, start.day), MonthDay(end.month, end.day)
    if last == _BEFORE and not isleap(end.year) and (period.ends_month or _keeps(period, leap_day, "feb_28")):
        last = _LEAP
    if first == _AFTER and not isleap(start.year) and _keeps(period, leap_day, "mar_1"):
        first = _LEAP
    return [str(first), str(last)]


_BEFORE, _LEAP, _AFTER = MonthDay(2, 28), MonthDay(2, 29), MonthDay(3, 1)


def _keeps(period: Period, leap_day: LeapDay, on: LeapDay) -> bool:
    return leap_day == on and not period.is_named


def coming(length: Duration, today: date) -> Period:
    """From today on, as long as the words say."""
    if length.unit == "day":
        return Period(today, today + timedelta(days=length.count), is_future=True)
    months = length.count * (12 if length.unit == "year" else 1)
    return Period(today, months_before(today, -months), is_future=True)
