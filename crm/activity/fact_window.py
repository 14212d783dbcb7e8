"""The days since which orders and events are kept added up for each member.

A window that begins on one of them and runs until today is one column; one that ends the day before
another of them is the difference of two. Whatever else is asked is added up from the rows themselves.
"""

from collections.abc import Callable, Mapping
from datetime import date, timedelta

from crm.clock import months_before

Start = Callable[[date], date]
"""The first local day of a window, seen from today; never moves backwards as today moves on."""


def _days(count: int) -> Start:
    return lambda today: today - timedelta(days=count)


def _months(count: int) -> Start:
    return lambda today: months_before(today, count)


def _month_start(today: date) -> date:
    return today.replace(day=1)


def _quarter_start(today: date) -> date:
    return date(today.year, today.month - (today.month - 1) % 3, 1)


ORDER_STARTS: Mapping[str, Start] = {
    "7d": _days(7),
    "30d": _days(30),
    "60d": _days(60),
    "90d": _days(90),
    "180d": _days(180),
    "1m": _months(1),
    "3m": _months(3),
    "6m": _months(6),
    "12m": _months(12),
    "365d": _days(365),
    "this_month": _month_start,
    "this_quarter": _quarter_start,
    "this_year": lambda today: date(today.year, 1, 1),
    "last_month": lambda today: months_before(_month_start(today), 1),
    "last_quarter": lambda today: months_before(_quarter_start(today), 3),
    "last_year": lambda today: date(today.year - 1, 1, 1),
}
"""Windows that people name; each costs two columns and a pass over one day's rows a day.

Where two begin on the same day the first answers: of those the indexed ones stand first.
"""

EVENT_STARTS: Mapping[str, Start] = {"0d": _days(0), "7d": _days(7), "35d": _days(35)}
"""What `weekly_activity_ratio` compares: the week that ended yesterday and the four before it."""


def start_on(starts: Mapping[str, Start], first: date, today: date) -> str | None:
    """The name of a start that falls on `first`, seen from `today`."""
    return next((name for name, start in starts.items() if start(today) == first), None)
