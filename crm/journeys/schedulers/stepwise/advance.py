"""Walking: who enters, who leaves early, who moves on, journey by journey, in short transactions.

Each transaction holds the lock of one journey: several workers share the journeys, and a killed one leaves
every member where the last commit put him. What has been done is known from the rows themselves, so that
doing it again does nothing.
"""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.access.policy import get_policy
from crm.database import Sessions, read_only, unit_of_work
from crm.errors import CrmError
from crm.fields import Catalog
from crm.isolation import isolated
from crm.journeys.house_rules import require_obeyed
from crm.journeys.lookup import journey_scope, takes_entries
from crm.journeys.schedulers import Moved
from crm.journeys.schedulers.stepwise.batch import Batch, standing
from crm.journeys.schedulers.stepwise.exit_rules import apply_exit_rules, resolve_event_waits
from crm.journeys.schedulers.stepwise.triggers import enrol_due, next_entry
from crm.journeys.steps.kind import Walk
from crm.journeys.steps.registry import STEP_KINDS
from crm.outreach.holds import hold, is_free, let_go
from crm.outreach.ledger import require_writable, spec_of
from crm.outreach.models import Enrolment, Journey, JourneyState
from crm.workspace import get_workspace

BATCH_SIZE = 10_000
"""Members under one lock: so many take a send step in about a second, for which others wait."""
MOST_ROUNDS = 1_000
"""Steps that one batch takes one after the other; those who have more to catch up on come again in the next."""


def advance_due(sessions: Sessions, now: datetime, catalog: Catalog, *, batch_size: int = BATCH_SIZE) -> Moved:
    """Let members into journeys and move on all who are due at `now`. Sends nothing; dispatch does."""
    with read_only(sessions) as session:
        active = select(Journey.id, Journey.note).where(
            Journey.is_walked, Journey.state == JourneyState.RUNNING, is_free(now)
        )
        journeys = session.execute(active.order_by(Journey.id)).all()
    total = Moved()
    for journey_id, note in journeys:
        with isolated(f"journey:{journey_id}", known=note) as attempt:
            total += _walk_one(sessions, journey_id, now, catalog, batch_size)
        if attempt.reason is not None:
            with unit_of_work(sessions) as session:
                name = hold(session, journey_id, attempt, now, rests=not attempt.is_quick_to_check)
            total += Moved(held={name: attempt.reason})
    return total


def _walk_one(sessions: Sessions, journey_id: int, now: datetime, catalog: Catalog, batch_size: int) -> Moved:
    with unit_of_work(sessions) as session:
        journey = _locked(session, journey_id)
        if journey is None:
            return Moved()
        total, is_due = _look_around(session, journey, now, catalog)
    while is_due:
        with unit_of_work(sessions) as session:
            journey = _locked(session, journey_id)
            moved = 0 if journey is None else _move_batch(session, journey, now, catalog, batch_size)
        total += Moved(moved=moved)
        is_due = moved > 0
    return total


def _locked(session: Session, journey_id: int) -> Journey | None:
    """The journey, held against other workers and against whoever pauses it; None when it is theirs or rests."""
    active = select(Journey).where(Journey.id == journey_id, Journey.state == JourneyState.RUNNING)
    return session.scalar(active.with_for_update(key_share=True, skip_locked=True))


def _look_around(session: Session, journey: Journey, now: datetime, catalog: Catalog) -> tuple[Moved, bool]:
    """Who enters, for whom an event came, who leaves; and whether anybody is due then."""
    spec, scope = spec_of(journey), journey_scope(session, journey, catalog, now)
    require_writable(spec)
    # What was started before there was a rule stops like everything else that breaks it.
    require_obeyed(session, spec)
    is_newest = session.scalar(takes_entries().where(Journey.id == journey.id)) is not None
    entered = enrol_due(session, journey, spec, scope, now) if is_newest else 0
    resolve_event_waits(session, journey, spec, scope, now)
    left = apply_exit_rules(session, journey, spec, scope, now)
    journey.seen_until = max(now, journey.seen_until or now)
    if journey.held_times:
        let_go(journey)
    session.flush()
    due = select(Enrolment.id).where(_under_way(journey.id), Enrolment.wake_at <= now)
    is_due = session.scalar(due.limit(1)) is not None
    return Moved(entered=entered, left=left), is_due


def _move_batch(session: Session, journey: Journey, now: datetime, catalog: Catalog, batch_size: int) -> int:
    spec, scope = spec_of(journey), journey_scope(session, journey, catalog, now)
    with standing(session, journey, now, zone=scope.zone, most=batch_size) as members:
        batch = Batch(session, journey.id, now)
        walk = Walk(batch, spec, scope, get_policy(session))
        rounds = 0
        while rounds < MOST_ROUNDS and (due := batch.due_keys()):
            for step in spec.steps:
                if step.key in due:
                    STEP_KINDS[step.kind].take(walk, step)
            rounds += 1
    return members


def _under_way(journey_id: int) -> Any:
    return (Enrolment.journey_id == journey_id) & Enrolment.wake_at.is_not(None)


def next_wake(session: Session, after: datetime, catalog: Catalog) -> datetime | None:
    """When a member is to be moved on, or can enter for a key date, next; strictly after a moment."""
    walked = (Journey.is_walked, Journey.state == JourneyState.RUNNING)
    active = session.scalars(select(Journey).where(*walked, is_free(after))).all()
    if not active:
        return None
    zone = get_workspace(session).zone
    entered = set(session.scalars(takes_entries()))
    found: list[datetime | None] = []
    for journey in active:
        wakes = select(func.min(Enrolment.wake_at)).where(_under_way(journey.id), Enrolment.wake_at > after)
        found.append(session.scalar(wakes))
        if journey.id in entered:
            found.append(_next_entry(session, journey, after, zone, catalog))
    return min((moment for moment in found if moment is not None), default=None)


def _next_entry(
    session: Session, journey: Journey, after: datetime, zone: ZoneInfo, catalog: Catalog
) -> datetime | None:
    """None for a journey that cannot be read: its walk says so."""
    try:
        return next_entry(session, spec_of(journey), after, zone, catalog.key_dates)
    except CrmError:
        return None
