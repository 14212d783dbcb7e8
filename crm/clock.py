"""Time is a parameter: services receive `now`, only the edges ask a clock.

A workspace that holds demo data lives in its own time (see `crm.workspace`), so that a person can
walk through a campaign without waiting for Thursday.
"""

import calendar
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Protocol
from zoneinfo import ZoneInfo

import structlog

log = structlog.get_logger()


class Clock(Protocol):
    def now(self) -> datetime:
        """The current moment, aware, in UTC."""
        ...


class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass(frozen=True)
class FixedClock:
    """A clock that stands still, for tests and for `--today`."""

    moment: datetime

    def now(self) -> datetime:
        return self.moment.astimezone(UTC)


@lru_cache(maxsize=4096)
def zone_or(name: str, default: ZoneInfo) -> ZoneInfo:
    """The zone of a name; `default` for one that there is not, which is said once in the log.

    A member with a zone that nobody knows lives by the workspace's clock, like one without a zone.
    """
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        log.warning("zone.unknown", zone=name[:60], used=default.key)
        return default


def local_day(moment: datetime, zone: ZoneInfo) -> date:
    """The calendar day of `moment` in `zone`."""
    return moment.astimezone(zone).date()


def day_start(day: date, zone: ZoneInfo) -> datetime:
    """The first moment of a local day, in UTC. Where midnight is skipped, the first moment after the gap."""
    return datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)


def day_end(day: date, zone: ZoneInfo) -> datetime:
    """The first moment after a local day (exclusive end), in UTC."""
    return day_start(day + timedelta(days=1), zone)


def months_before(day: date, months: int) -> date:
    """The same day of the month, `months` earlier; the month's last day where it has no such day."""
    index = day.year * 12 + day.month - 1 - months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
