"""One turn of the engine: launch what starts, send what is due, close what is over."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.access import approvals
from crm.activity.facts import facts_stand_for, refresh_facts
from crm.campaigns.approvables import APPROVABLES
from crm.campaigns.launch import LaunchOutcome, complete_due, launch_due
from crm.clock import local_day
from crm.database import Sessions, read_only, unit_of_work
from crm.fields import Catalog
from crm.isolation import Stages
from crm.journeys import engine as outreach
from crm.journeys.schedulers.stepwise.advance import Moved
from crm.members.names import refresh_names
from crm.outreach.channels.adapter import ChannelAdapters
from crm.outreach.links import Links
from crm.outreach.models import Journey, JourneyState
from crm.outreach.sending import DispatchResult
from crm.segments.maintenance import Upkeep, refresh_segments
from crm.workspace import get_workspace


@dataclass(frozen=True)
class TickResult:
    launches: tuple[LaunchOutcome, ...] = ()
    dispatched: DispatchResult = field(default_factory=DispatchResult)
    completed: tuple[int, ...] = ()
    """Ids of campaigns that were closed."""
    segments: Upkeep = field(default_factory=Upkeep)
    walked: Moved = field(default_factory=Moved)

    def __add__(self, other: "TickResult") -> "TickResult":
        return TickResult(
            self.launches + other.launches,
            self.dispatched + other.dispatched,
            self.completed + other.completed,
            self.segments + other.segments,
            self.walked + other.walked,
        )


def run_due(
    sessions: Sessions,
    now: datetime,
    adapters: ChannelAdapters,
    *,
    catalog: Catalog,
    links: Links | None = None,
    since: datetime | None = None,
    worker: str = "engine",
    upkeep: bool = True,
) -> TickResult:
    """Do everything that is due at `now`. Idempotent; after a crash the next call goes on.

    With `since`, the workspace's clock before a simulated walk, time is walked: whatever falls due on the
    way is done at its own moment, in order. Without it everything is done at `now`. `upkeep` keeps what is
    worked out of members on the day; a past that is only replayed does without, and without `links`, too.
    """
    turn = partial(_turn, sessions, adapters=adapters, catalog=catalog, links=links, worker=worker, upkeep=upkeep)
    result = TickResult()
    moment: datetime | None = now if since is None else since
    while moment is not None and moment < now:
        result += turn(moment)
        with read_only(sessions) as session:
            moment = next_moment(session, moment, catalog=catalog)
    return result + turn(now)


def catch_up(sessions: Sessions, moment: datetime, catalog: Catalog) -> Upkeep:
    """Bring what is worked out of members up to the moment: their facts, and the saved segments that read them."""
    with read_only(sessions) as session:
        zone = get_workspace(session).zone
        today = local_day(moment, zone)
        is_current = facts_stand_for(session, today, zone)
    if not is_current:
        with unit_of_work(sessions) as session:
            refresh_facts(session, today, zone)
    refresh_names(sessions)
    return refresh_segments(sessions, moment, catalog=catalog)


def _turn(
    sessions: Sessions,
    moment: datetime,
    *,
    adapters: ChannelAdapters,
    catalog: Catalog,
    links: Links | None,
    worker: str,
    upkeep: bool,
) -> TickResult:
    """Each part is done whatever became of the others; what kept one from being done is raised at the end."""
    stages, done = Stages(), TickResult()
    if upkeep:
        with stages.stage("upkeep"):
            done += TickResult(segments=catch_up(sessions, moment, catalog))
    with stages.stage("requests"):
        _expire_requests(sessions, moment)
    with stages.stage("launch"), unit_of_work(sessions) as session:
        done += TickResult(launches=tuple(launch_due(session, moment, catalog)))
    with stages.stage("journeys"):
        advanced = outreach.advance(sessions, moment, adapters, catalog=catalog, links=links, worker=worker)
        done += TickResult(dispatched=advanced.dispatched, walked=advanced.walked)
    with stages.stage("complete"), unit_of_work(sessions) as session:
        done += TickResult(completed=tuple(complete_due(session, moment)))
    stages.finish()
    return done


def _expire_requests(sessions: Sessions, moment: datetime) -> None:
    """What nobody decided on in time is a draft again."""
    with read_only(sessions) as session:
        if not approvals.any_lapsed(session, moment):
            return
    with unit_of_work(sessions) as session:
        for kind in APPROVABLES:
            approvals.expire_due(session, kind, moment)


def next_moment(session: Session, after: datetime, *, catalog: Catalog) -> datetime | None:
    """When something starts, falls due or ends next, strictly after a moment."""
    starts = select(func.min(Journey.starts_at)).where(
        Journey.state == JourneyState.SCHEDULED, Journey.starts_at > after
    )
    freed = select(func.min(Journey.held_until)).where(
        Journey.state.in_((JourneyState.SCHEDULED, JourneyState.RUNNING)), Journey.held_until > after
    )
    ends = select(func.min(Journey.ends_at)).where(Journey.state == JourneyState.RUNNING, Journey.ends_at > after)
    moments = (
        session.scalar(starts),
        session.scalar(freed),
        session.scalar(ends),
        outreach.next_moment(session, after, catalog=catalog),
    )
    return min((moment for moment in moments if moment is not None), default=None)
