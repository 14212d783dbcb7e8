"""Walks a simulated workspace through time: what is due is done, members live, the clock moves."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from crm.activity.service import refresh_activity
from crm.bulk import Progress, no_progress
from crm.campaigns.audience import SUBJECT_KIND as CAMPAIGN
from crm.clock import Clock, day_end, day_start, local_day
from crm.database import Sessions, read_only, unit_of_work
from crm.datasets.simulation import Lived, World, live, read_world
from crm.errors import InvalidRequest
from crm.fields import Catalog
from crm.journeys.engine import TickResult, next_moment, run_due
from crm.lifecycle.service import refresh_scores
from crm.limits import Cancellation
from crm.outreach.channels.adapter import ChannelAdapters
from crm.outreach.links import Links
from crm.outreach.sending import DispatchResult
from crm.workspace import WorldClock, get_workspace, move_clock

CLOCK_TOLERANCE = timedelta(seconds=10)
"""A caller's "now" may be a little old when the walk begins."""

LONGEST_WALK = timedelta(days=400)
"""How far one call walks ahead: a year and what a campaign of its last day needs."""

LIVING_STEP = timedelta(minutes=15)
"""How far members may be behind a ticking clock before they live on: it takes reading all their habits."""

Arrived = Callable[[Session, datetime], None]
"""Called in the transaction in which members lived up to a moment."""


@dataclass(frozen=True)
class ClockAdvanced:
    since: datetime
    until: datetime
    done: TickResult
    lived: Lived

    def to_json(self) -> dict[str, Any]:
        return {
            "since": self.since.isoformat(),
            "until": self.until.isoformat(),
            "launches": [
                {"campaign": launch.name, "is_launched": launch.is_launched, "reason": launch.reason}
                for launch in self.done.launches
            ],
            "completed_campaign_ids": [number for kind, number in self.done.completed if kind == CAMPAIGN],
            "messages": {name: getattr(self.done.dispatched, name) for name in DispatchResult.__dataclass_fields__},
            "journeys": {name: getattr(self.done.walked, name) for name in ("entered", "moved", "left", "held")},
            "members": {name: getattr(self.lived, name) for name in Lived.__dataclass_fields__},
            "segments": {
                "entered": self.done.segments.entered,
                "left": self.done.segments.left,
                "failures": dict(self.done.segments.failures),
            },
        }

    def to_text(self, zone: ZoneInfo) -> str:
        span = f"{self.since.astimezone(zone):%Y-%m-%d %H:%M} to {self.until.astimezone(zone):%Y-%m-%d %H:%M}"
        sent = ", ".join(f"{getattr(self.done.dispatched, n)} {n}" for n in DispatchResult.__dataclass_fields__)
        lived = ", ".join(
            f"{getattr(self.lived, name)} {name.replace('_', ' ')}" for name in Lived.__dataclass_fields__
        )
        launches = [
            f"  launched {launch.name}" if launch.is_launched else f"  {launch.name} was not launched: {launch.reason}"
            for launch in self.done.launches
        ]
        upkeep = self.done.segments
        moved = f"  segments: {upkeep.entered} entered, {upkeep.left} left"
        failed = [f"  segment {name} failed: {reason}" for name, reason in upkeep.failures.items()]
        walked = self.done.walked
        ways = f"  journeys: {walked.entered} entered, {walked.moved} moved on, {walked.left} left early"
        held = [f"  journey {name} cannot go on: {reason}" for name, reason in walked.held.items()]
        lines = [span, *launches, ways, *held, f"  messages: {sent}", f"  members: {lived}", moved, *failed]
        return "\n".join(lines)


def advance_clock(
    sessions: Sessions,
    to: datetime,
    adapters: ChannelAdapters,
    *,
    catalog: Catalog,
    machine: Clock,
    links: Links | None = None,
    progress: Progress = no_progress,
    cancellation: Cancellation | None = None,
) -> ClockAdvanced:
    """Run everything due up to `to`, with members living in between, and leave the clock there.

    A workspace with real data has no such time: there only what is due at `to` is done, and so it is in a
    demo that merely ticks on, until its members are LIVING_STEP behind. Can be interrupted and called
    again; `cancellation` stops it at the next moment that something falls due, and the clock stands there.
    Raises InvalidRequest when `to` lies in the workspace's past, or more than LONGEST_WALK ahead.
    """
    now = WorldClock(sessions, machine).now()
    with read_only(sessions) as session:
        workspace = get_workspace(session)
        if workspace.is_simulated and to < now - CLOCK_TOLERANCE:
            raise InvalidRequest(
                f"{to.astimezone(workspace.zone):%Y-%m-%d %H:%M} lies before the demo's present moment "
                f"({now.astimezone(workspace.zone):%Y-%m-%d %H:%M}); time only walks forward"
            )
        if workspace.is_simulated and to > now + LONGEST_WALK:
            raise InvalidRequest(
                f"{to.astimezone(workspace.zone):%Y-%m-%d %H:%M} lies {(to - now).days:,} days ahead; "
                f"walk at most {LONGEST_WALK.days} days at a time"
            )
        since = min(workspace.lived_until or now, to)
        is_tick = to <= now and to - since < LIVING_STEP
        world = read_world(session) if workspace.is_simulated and not is_tick else None
    if world is None:
        return ClockAdvanced(to, to, run_due(sessions, to, adapters, catalog=catalog, links=links), Lived())
    days = (local_day(to, world.zone) - local_day(since, world.zone)).days

    def arrived(session: Session, moment: datetime) -> None:
        workspace = get_workspace(session)
        workspace.lived_until = moment
        if moment > machine.now() + timedelta(seconds=workspace.clock_offset_seconds or 0):
            move_clock(session, moment, machine)
        progress("days", (local_day(moment, world.zone) - local_day(since, world.zone)).days, days)

    return advance_through(
        sessions, world, since, to, adapters, catalog=catalog, links=links, arrived=arrived, cancellation=cancellation
    )


def advance_through(
    sessions: Sessions,
    world: World,
    since: datetime,
    until: datetime,
    adapters: ChannelAdapters,
    *,
    catalog: Catalog,
    links: Links | None = None,
    arrived: Arrived | None = None,
    own_life: bool = True,
    cancellation: Cancellation | None = None,
) -> ClockAdvanced:
    """The walk itself: from one due moment to the next, and with `own_life` through every midnight between them.

    Without it members only answer messages: for a past whose own orders are known already.
    """
    done, lived = run_due(sessions, since, adapters, catalog=catalog, links=links, upkeep=own_life), Lived()
    moment = since
    while moment < until and not (cancellation is not None and cancellation.is_cancelled):
        upcoming = min(_next_due(sessions, moment, catalog), until)
        if own_life:
            upcoming = min(upcoming, day_end(local_day(moment, world.zone), world.zone))
        with unit_of_work(sessions) as session:
            lived += live(session, world, moment, upcoming, own_life=own_life)
            if own_life and upcoming == day_start(local_day(upcoming, world.zone), world.zone):
                refresh_activity(session, local_day(upcoming, world.zone), world.zone)
                refresh_scores(session, local_day(upcoming, world.zone), world.zone)
            if arrived is not None:
                arrived(session, upcoming)
        moment = upcoming
        done += run_due(sessions, moment, adapters, catalog=catalog, links=links, upkeep=own_life)
    return ClockAdvanced(since, moment, done, lived)


def _next_due(sessions: Sessions, after: datetime, catalog: Catalog) -> datetime:
    """The next moment at which something starts, falls due or ends."""
    with read_only(sessions) as session:
        return next_moment(session, after, catalog=catalog) or datetime.max.replace(tzinfo=UTC)
