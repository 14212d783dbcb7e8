"""Local times inside the database: wall times of many members at once, each in his own zone.

A zone's clock is a step function of time. Between two moments it has a handful of steps, which stand as
cases in the SQL; so no member is looked at one by one. Wall times are whole seconds since 1970-01-01 00:00
on the wall. `crm.outreach.rules.moment_of` says what they mean; the tests hold the two together.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, ColumnElement, case, literal

from crm.outreach.rules import QuietHours, clock_change

DAY = 86_400
_LOOK_EVERY = timedelta(hours=12)
"""Clocks change at most twice a year nearly everywhere; two changes within half a day would be missed."""
_MARGIN = timedelta(days=2)
_FIRST_WEEKDAY = 3
"""1970-01-01 was a Thursday."""

Seconds = ColumnElement[int]


@dataclass(frozen=True)
class ClockChange:
    """When a zone's clock is set, and how far it is ahead of UTC before and after, all in seconds."""

    at: int
    before: int
    after: int


@lru_cache(maxsize=4096)
def changes_of(zone_name: str, year: int) -> tuple[ClockChange, ...]:
    """The clock changes of a zone in a year of UTC, in order."""
    zone = ZoneInfo(zone_name)
    found = []
    moment, end = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    while moment < end:
        later = min(moment + _LOOK_EVERY, end)
        before, after = _offset(moment, zone), _offset(later, zone)
        if before != after:
            found.append(ClockChange(int(clock_change(moment, later, zone).timestamp()), before, after))
        moment = later
    return tuple(found)


def _offset(moment: datetime, zone: ZoneInfo) -> int:
    offset = moment.astimezone(zone).utcoffset()
    assert offset is not None  # noqa: S101 - the moment is aware
    return int(offset.total_seconds())


class LocalTimes:
    """The clocks of some zones between two moments."""

    def __init__(self, zone_names: Collection[str], first: datetime, last: datetime) -> None:
        self._first, self._last = first - _MARGIN, last + _MARGIN
        self._names = sorted(zone_names)

    def wall(self, zone_name: ColumnElement[str], at: Seconds) -> Seconds:
        """What the clock on the wall shows at a moment."""
        return self._by_zone(zone_name, lambda changes, last: _wall(at, changes, last))

    def moment(self, zone_name: ColumnElement[str], wall: Seconds) -> Seconds:
        """The moment of a wall time: in a gap its end, of a time that comes twice the first."""
        return self._by_zone(zone_name, lambda changes, last: _moment(wall, changes, last))

    def _by_zone(self, zone_name: ColumnElement[str], clock: Any) -> Seconds:
        clocks = [(name, clock(*self._clock(name))) for name in self._names]
        *others, (_, last) = clocks
        return case(*((zone_name == name, value) for name, value in others), else_=last) if others else last

    def _clock(self, name: str) -> tuple[list[ClockChange], int]:
        years = range(self._first.year, self._last.year + 1)
        first, last = self._first.timestamp(), self._last.timestamp()
        changes = [change for year in years for change in changes_of(name, year) if first < change.at < last]
        return changes, changes[-1].after if changes else _offset(self._last, ZoneInfo(name))


def _wall(at: Seconds, changes: list[ClockChange], last: int) -> Seconds:
    steps = [(at < change.at, at + change.before) for change in changes]
    return case(*steps, else_=at + last) if steps else at + last


def _moment(wall: Seconds, changes: list[ClockChange], last: int) -> Seconds:
    steps = []
    for change in changes:
        steps.append((wall < change.at + change.before, wall - change.before))
        if change.after > change.before:
            steps.append((wall < change.at + change.after, literal(change.at, BigInteger)))
    return case(*steps, else_=wall - last) if steps else wall - last


def day_of(wall: Seconds) -> Seconds:
    """The beginning of the day of a wall time. Nothing here lies before 1970, so division rounds down."""
    return wall - wall % DAY


def next_time(wall: Seconds, time_of_day: time, weekday: int | None) -> Seconds:
    """The first wall time at or after `wall` that shows this time of day, on this day of the week (0: Monday)."""
    shown = day_of(wall) + seconds_of(time_of_day)
    found = case((shown >= wall, shown), else_=shown + DAY)
    if weekday is None:
        return found
    return found + (weekday + 7 - _weekday(found)) % 7 * DAY


def _weekday(wall: Seconds) -> Seconds:
    return (wall // DAY + _FIRST_WEEKDAY) % 7


def after_quiet_hours(wall: Seconds, quiet: QuietHours) -> Seconds:
    """The wall time itself, or the end of the quiet hours that it falls into."""
    start, end, shown = seconds_of(quiet.start), seconds_of(quiet.end), wall % DAY
    if start == end:
        return wall
    if start < end:
        return case(((shown >= start) & (shown < end), day_of(wall) + end), else_=wall)
    return case((shown >= start, day_of(wall) + DAY + end), (shown < end, day_of(wall) + end), else_=wall)


def seconds_of(time_of_day: time) -> int:
    """How long after midnight the wall shows a time."""
    return time_of_day.hour * 3600 + time_of_day.minute * 60 + time_of_day.second
