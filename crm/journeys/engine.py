"""One turn of the engine: start what starts, move members on, send what is due, close what is over."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from crm.access import approvals, audit
from crm.activity.facts import facts_stand_for, refresh_facts
from crm.clock import local_day
from crm.database import Sessions, read_only, unit_of_work
from crm.fields import Catalog
from crm.isolation import Stages, isolated, next_try
from crm.journeys import lifecycle
from crm.journeys.kind import Kind
from crm.journeys.schedulers import Moved, Scheduler
from crm.members.names import refresh_names
from crm.outreach.channels.adapter import ChannelAdapters
from crm.outreach.dispatch import dispatch_due
from crm.outreach.holds import is_free
from crm.outreach.links import Links
from crm.outreach.models import MAY_BE_DUE, WAITING, Journey, JourneyState, Message, MessageState
from crm.outreach.sending import DispatchResult
from crm.segments.maintenance import Upkeep, refresh_segments
from crm.workspace import get_workspace

Thing = tuple[str, int]
"""A kind and an id, e.g. `("campaign", 12)`."""


@dataclass(frozen=True)
class StartOutcome:
    kind: str
    id: int
    name: str
    is_launched: bool
    reason: str | None
    """Why it was held back. It is a draft again and has to be approved anew; after an error that nobody foresaw it
    stays scheduled, and the engine tries again."""


@dataclass(frozen=True)
class TickResult:
    launches: tuple[StartOutcome, ...] = ()
    dispatched: DispatchResult = field(default_factory=DispatchResult)
    completed: tuple[Thing, ...] = ()
    """What came to its end."""
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
        _expire_requests(sessions, moment, catalog)
    with stages.stage("launch"), unit_of_work(sessions) as session:
        done += TickResult(launches=tuple(start_due(session, moment, catalog)))
    with stages.stage("journeys"):
        done += advance(sessions, moment, adapters, catalog=catalog, links=links, worker=worker)
    stages.finish()
    return done


def advance(
    sessions: Sessions,
    now: datetime,
    adapters: ChannelAdapters,
    *,
    catalog: Catalog,
    links: Links | None = None,
    worker: str = "engine",
) -> TickResult:
    """Move everything that runs on to `now`. Idempotent, and safe to start again after a crash."""
    stages, done = Stages(), TickResult()
    for scheduler in _schedulers(catalog):
        with stages.stage("walk"):
            done += TickResult(walked=scheduler.advance(sessions, now, catalog))
    with stages.stage("send"):
        done += TickResult(dispatched=dispatch_due(sessions, adapters, now=now, worker=worker, links=links))
    with stages.stage("complete"), unit_of_work(sessions) as session:
        done += TickResult(completed=tuple(complete_due(session, now, catalog)))
    stages.finish()
    return done


def _expire_requests(sessions: Sessions, moment: datetime, catalog: Catalog) -> None:
    """What nobody decided on in time is a draft again."""
    with read_only(sessions) as session:
        if not approvals.any_lapsed(session, moment):
            return
    with unit_of_work(sessions) as session:
        for approvable in catalog.approvables.values():
            approvals.expire_due(session, approvable, moment)


def start_due(session: Session, now: datetime, catalog: Catalog) -> list[StartOutcome]:
    """Start whatever is approved and whose start has come; hold back what is not what was approved."""
    due = select(Journey.id, Journey.kind, Journey.name, Journey.note).where(
        Journey.state == JourneyState.SCHEDULED,
        Journey.starts_at <= now,
        is_free(now),
        # What a newer version stored is left to it.
        Journey.kind.in_(list(catalog.kinds)),
    )
    due = due.order_by(Journey.starts_at, Journey.id).with_for_update(skip_locked=True)
    return [_start_or_hold(session, row, now, catalog) for row in session.execute(due).all()]


def _start_or_hold(session: Session, row: Any, now: datetime, catalog: Catalog) -> StartOutcome:
    kind: Kind[Any] = catalog.kinds[row.kind]
    thing = (kind.name, kind.id_of(session, row.id))
    with isolated(_words(thing), session, known=row.note) as attempt:
        subject = kind.find(session, thing[1], False)
        lifecycle.start(session, kind, subject, actor=None, now=now, catalog=catalog)
    if attempt.reason is not None:
        if attempt.is_quick_to_check:
            _send_back(session, row.id, thing, attempt.reason, now)
        else:
            _hold(session, row.id, thing, f"Not launched yet: {attempt.reason}", now)
    return StartOutcome(*thing, row.name, is_launched=not attempt.failed, reason=attempt.reason)


def complete_due(session: Session, now: datetime, catalog: Catalog) -> list[Thing]:
    """Close what is over; by kind and id."""
    closed = []
    for kind in catalog.kinds.values():
        for journey_id, note in kind.scheduler.over(session, now, kind.name):
            thing = (kind.name, kind.id_of(session, journey_id))
            with isolated(_words(thing), session, known=note) as attempt:
                lifecycle.complete(session, kind.find(session, thing[1], False), now=now)
            if attempt.failed:
                _hold(session, journey_id, thing, f"Not closed yet: {attempt.reason}", now)
            else:
                closed.append(thing)
    return closed


def _send_back(session: Session, journey_id: int, thing: Thing, reason: str, now: datetime) -> None:
    """It may not start as it stands: somebody has to look at it and submit it anew."""
    _write(session, journey_id, state=JourneyState.DRAFT, note=f"Not launched: {reason}", updated_at=now)
    _tell(session, thing, reason, now)


def _hold(session: Session, journey_id: int, thing: Thing, note: str, now: datetime) -> None:
    """It failed in a way that nobody foresaw: it stays what it is, and is tried again after a while."""
    before = select(Journey.held_times, Journey.note).where(Journey.id == journey_id)
    times, known = session.execute(before).one()
    _write(session, journey_id, note=note, held_until=next_try(times, now), held_times=times + 1)
    if known != note:
        _tell(session, thing, note, now)


def _write(session: Session, journey_id: int, **values: Any) -> None:
    """Without reading the row first: what is stored may be what is wrong."""
    session.execute(update(Journey).where(Journey.id == journey_id).values(**values))
    session.expire_all()


def _tell(session: Session, thing: Thing, reason: str, now: datetime) -> None:
    audit.record(session, now=now, actor=None, action=f"{thing[0]}.held", subject=_words(thing), reason=reason)


def _words(thing: Thing) -> str:
    return f"{thing[0]}:{thing[1]}"


def _schedulers(catalog: Catalog) -> tuple[Scheduler, ...]:
    """Each once, whatever kinds share it."""
    return tuple({id(kind.scheduler): kind.scheduler for kind in catalog.kinds.values()}.values())


def next_moment(session: Session, after: datetime, *, catalog: Catalog) -> datetime | None:
    """When something starts, falls due or ends next, strictly after a moment."""
    starts = select(func.min(Journey.starts_at)).where(
        Journey.state == JourneyState.SCHEDULED, Journey.starts_at > after
    )
    freed = select(func.min(Journey.held_until)).where(
        Journey.state.in_((JourneyState.SCHEDULED, JourneyState.RUNNING)), Journey.held_until > after
    )
    due = select(func.min(Message.due_at)).join(Journey, Journey.id == Message.journey_id)
    due = due.where(
        MAY_BE_DUE, Message.state.in_(WAITING), Message.due_at > after, Journey.state == JourneyState.RUNNING
    )
    lapse = select(func.min(Message.lease_until)).where(
        MAY_BE_DUE, Message.state == MessageState.CLAIMED, Message.lease_until > after
    )
    moments = [session.scalar(query) for query in (starts, freed, due, lapse)]
    moments += [scheduler.next_moment(session, after, catalog) for scheduler in _schedulers(catalog)]
    return min((moment for moment in moments if moment is not None), default=None)
