"""When a message is due: wall time in the member's zone, quiet hours, steps. Pure decisions."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from crm.access.policy import Policy

LEASE = timedelta(minutes=5)
"""How long a worker may hold a claimed message: far longer than one batch takes, short enough to recover."""

FREQUENCY_WINDOW = timedelta(days=7)
"""The window of the policy's frequency caps."""


@dataclass(frozen=True)
class QuietHours:
    """The part of the day in which nothing is sent. It may pass midnight; equal ends mean there is none."""

    start: time
    end: time

    @classmethod
    def of(cls, policy: Policy) -> "QuietHours":
        return cls(time.fromisoformat(policy.quiet_hours_start), time.fromisoformat(policy.quiet_hours_end))

    def hold(self, time_of_day: time) -> bool:
        if self.start <= self.end:
            return self.start <= time_of_day < self.end
        return time_of_day >= self.start or time_of_day < self.end


@dataclass(frozen=True)
class DueTime:
    """When a message may go out, and whether quiet hours moved it there."""

    moment: datetime
    is_deferred: bool


def moment_of(wall: datetime, zone: ZoneInfo) -> datetime:
    """The moment of a wall time, in UTC. A time that the clocks skip becomes the first one after the gap;
    of a time that comes twice it is the first."""
    moment = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == wall:
        return moment
    past_gap = moment.astimezone(zone).replace(tzinfo=None) - wall
    return _gap_end(moment - past_gap, moment, zone)


def _gap_end(low: datetime, high: datetime, zone: ZoneInfo) -> datetime:
    """The moment of the clock change between two moments around it, to the second."""
    offset = low.astimezone(zone).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=int((high - low).total_seconds()) // 2)
        if middle.astimezone(zone).utcoffset() == offset:
            low = middle
        else:
            high = middle
    return high


def after_quiet_hours(moment: datetime, zone: ZoneInfo, quiet: QuietHours) -> DueTime:
    """The moment itself, or the end of the quiet hours it falls into, in `zone`."""
    wall = moment.astimezone(zone).replace(tzinfo=None)
    if not quiet.hold(wall.time()):
        return DueTime(moment, is_deferred=False)
    end = datetime.combine(wall.date(), quiet.end)
    if end <= wall:
        end += timedelta(days=1)
    return DueTime(moment_of(end, zone), is_deferred=True)


def due_time(
    offset_days: int, at: str | None, *, start: datetime | None, launch: datetime, zone: ZoneInfo, quiet: QuietHours
) -> DueTime:
    """When a step falls due for members in `zone`.

    `start` is wall time in whatever zone the member lives in, None for the moment of the launch.
    Nothing falls due before `launch`, the moment at which the journey starts as a whole.
    """
    wall = start if start is not None else launch.astimezone(zone).replace(tzinfo=None)
    wall += timedelta(days=offset_days)
    if at is not None:
        wall = datetime.combine(wall.date(), time.fromisoformat(at))
    return after_quiet_hours(max(moment_of(wall, zone), launch), zone, quiet)
