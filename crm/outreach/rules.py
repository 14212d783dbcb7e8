"""When a message is due, in the member's zone and outside quiet hours; and who opened it, a person or a machine.

Pure decisions.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from math import sqrt
from zoneinfo import ZoneInfo

from crm.access.policy import Policy
from crm.errors import Conflict

LEASE = timedelta(minutes=5)
"""How long a worker may hold a claimed message: far longer than one batch takes, short enough to recover."""

RETRY_DELAYS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 180))
"""Pauses before a message that the provider put off is tried again; after the last one it has failed.
Mail servers that greylist want a few minutes, a full mailbox wants hours."""

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
    return clock_change(moment - past_gap, moment, zone)


def clock_change(low: datetime, high: datetime, zone: ZoneInfo) -> datetime:
    """The moment of the one clock change between two moments around it, to the second."""
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


def check_drift(count: int, approved_count: int, limit: float) -> None:
    """Raises Conflict when an audience is not about as large any more as it was when it was approved.

    `limit` (a share) binds from 400 members on, at 5%. Below, the square root of the count does: that much a
    window that moves with time varies by chance alone (docs/decisions/0008).
    """
    allowed = max(limit * approved_count, sqrt(approved_count))
    if abs(count - approved_count) > allowed:
        raise Conflict(
            f"its audience went from {approved_count} to {count} members since it was approved, "
            f"more than the {int(allowed)} that it may vary by; look at it again and submit it anew"
        )


SCAN_WINDOW = timedelta(seconds=5)
"""Nobody reads and clicks this soon after delivery; gateways do, while they deliver. Five seconds is where guides to
click logs draw the line; a larger window would take quick readers for machines."""
BURST_WINDOW = timedelta(seconds=1)
BURST_LINKS = 3
"""So many different links of one message within a second: nobody does that by hand, and scanners follow all of them."""

MACHINE_AGENTS = (
    # Security gateways that open and follow links before the member sees the message.
    "barracuda",
    "proofpoint",
    "mimecast",
    "ciscosecureemail",
    "gmail-content-sampling",  # mssola/user_agent issue 71
    # Link previews of chats.
    "slackbot",
    "facebookexternalhit",
    "twitterbot",
    "whatsapp",
    "telegrambot",
    "skypeuripreview",
    # Programs.
    "curl/",
    "wget/",
    "python-requests",
    "python-httpx",
    "aiohttp",
    "go-http-client",
    "java/",
    "apache-httpclient",
    "headlesschrome",
)
"""Parts of the user agents of known scanners, in lower case. Short on purpose: agents lie, and the other signs hold
without them. GoogleImageProxy is missing because Gmail fetches through it when a person opens the message."""
PROXY_AGENT = "mozilla/5.0"
"""The whole agent of Apple Mail Privacy Protection, which fetches whether or not anybody opens (uap-core issue 509)."""


class MachineSign(StrEnum):
    """By what an open or click is taken for a machine's."""

    HEAD = "head"
    PREFETCH = "prefetch"
    AGENT = "agent"
    TOO_SOON = "too_soon"


@dataclass(frozen=True)
class Visit:
    """One fetch of a pixel or link, as it came in."""

    at: datetime
    user_agent: str
    is_head: bool = False
    is_prefetch: bool = False
    """The client said itself that nobody has asked for it yet (`Sec-Purpose`, `Purpose`, `X-Moz`)."""


def machine_sign(visit: Visit, delivered_at: datetime | None) -> MachineSign | None:
    """Why a visit is a machine's, None for a person's. Without a moment of delivery its distance says nothing."""
    agent = visit.user_agent.strip().lower()
    if visit.is_head:
        return MachineSign.HEAD
    if visit.is_prefetch:
        return MachineSign.PREFETCH
    if agent in ("", PROXY_AGENT) or any(name in agent for name in MACHINE_AGENTS):
        return MachineSign.AGENT
    if delivered_at is not None and visit.at - delivered_at < SCAN_WINDOW:
        return MachineSign.TOO_SOON
    return None


def is_burst(link_ids: Iterable[int | None]) -> bool:
    """Whether the links of one message that were clicked within BURST_WINDOW are too many for a hand."""
    return len({link_id for link_id in link_ids if link_id is not None}) >= BURST_LINKS
