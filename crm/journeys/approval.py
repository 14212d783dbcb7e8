"""The one approval flow of whatever sends: asked for, decided on, sent back."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from crm.access import approvals, audit
from crm.access.actor import Actor, Permission, require
from crm.access.approvable import Approvable, Awaited, Parts
from crm.access.models import Approval
from crm.access.policy import get_policy
from crm.access.selection import store_selection
from crm.errors import Conflict
from crm.fields import Catalog
from crm.journeys.kind import Kind, S, Subject
from crm.journeys.lookup import NOT_STARTED, author_of, require_state
from crm.journeys.prepare import Prepared, Stage, people_of, require_sound
from crm.outreach.holds import let_go
from crm.outreach.models import Journey, JourneyState
from crm.segments.approved import approved_scope, author_scope, bind_audience


def submit(
    session: Session, kind: Kind[S], subject_id: int, *, actor: Actor, now: datetime, catalog: Catalog
) -> Approval:
    """Ask for approval of it as it stands; an open request for exactly that is returned again.

    Raises InvalidRequest for what cannot be sent, Conflict once it is approved or under way.
    """
    require(actor, Permission.SUBMIT_CAMPAIGN)
    subject = kind.find(session, subject_id, True)
    require_state(subject.journey, NOT_STARTED, "submitted")
    asked = approvals.approval_for(session, subject.kind, subject.id)
    if asked is not None and approvals.binds(asked, bound_of(session, kind, subject)):
        if subject.journey.state is JourneyState.SCHEDULED:
            starts = "starts as scheduled" if subject.journey.starts_at is not None else "can be started"
            raise Conflict(f"{subject.name} is approved already and {starts}")
        if approvals.is_open(asked, now):
            return asked
    scope = author_scope(session, author_of(subject.journey), catalog, now)
    people = (*people_of(session, author_of(subject.journey)), actor)
    prepared = require_sound(kind.prepare(session, subject.row, scope, people, Stage.SUBMIT, now))
    return _request(session, kind, subject, prepared, actor, now, catalog)


def _request(
    session: Session,
    kind: Kind[S],
    subject: Subject[S],
    prepared: Prepared,
    actor: Actor,
    now: datetime,
    catalog: Catalog,
) -> Approval:
    bound = bound_of(session, kind, subject)
    shown = kind.shown(session, subject.row, prepared, approved_scope(session, bound, catalog, now), now)
    let_go(subject.journey)
    subject.journey.state, subject.journey.updated_at = JourneyState.AWAITING_APPROVAL, now
    session.flush()
    audit.record(session, now=now, actor=actor, action=f"{subject.kind}.submitted", subject=subject.words)
    approval = approvals.request_approval(
        session,
        subject_kind=subject.kind,
        subject_id=subject.id,
        bound={**bound, **shown.bound},
        facts=shown.facts,
        actor=actor,
        now=now,
    )
    if shown.selected is not None:
        store_selection(session, approval.id, shown.selected)
    return approval


def bound_of(session: Session, kind: Kind[S], subject: Subject[S]) -> dict[str, Any]:
    """Everything that an approval binds: each part, and its definitions resolved to the bottom."""
    definitions = kind.definitions(subject.row)
    return {**kind.parts(session, subject.row), **bind_audience(session, author_of(subject.journey), definitions)}


def approvable_of(kind: Kind[S], permission: Permission) -> Approvable[Subject[S]]:
    """The entry of a kind in the list of what can be approved."""

    def awaited(session: Session, subject_id: int) -> Awaited[Subject[S]]:
        subject = kind.find(session, subject_id, True)
        require_state(subject.journey, (JourneyState.AWAITING_APPROVAL,), "decided on")
        return Awaited(subject, subject.id, subject.name)

    def parts(session: Session, subject: Subject[S]) -> Parts:
        return kind.parts(session, subject.row)

    def accept(session: Session, subject: Subject[S], now: datetime) -> None:
        _accept(session, kind, subject, now)

    def send_back(session: Session, subject_ids: Collection[int], reason: str, now: datetime) -> None:
        on_journeys = [kind.find(session, number, False).journey.id for number in subject_ids]
        _send_back(session, on_journeys, reason, now)

    def name(session: Session, subject_id: int) -> str:
        return kind.find(session, subject_id, False).name

    return Approvable(kind.name, permission, awaited, parts, accept, send_back, name)


def _accept(session: Session, kind: Kind[S], subject: Subject[S], now: datetime) -> None:
    """It starts at its start, or at the next turn of the engine when that has come; without one as its kind does."""
    start = kind.start_of(session, subject.row)
    if start is None and kind.scheduler.starts_once_approved:
        start = now
    if start is not None and now - start > timedelta(hours=get_policy(session).late_limit_hours):
        raise Conflict(f"the start of {subject.name} has passed; submit it with a new one")
    journey = subject.journey
    journey.state, journey.note, journey.updated_at = JourneyState.SCHEDULED, None, now
    journey.starts_at = None if start is None else max(start, now)
    session.flush()


def _send_back(session: Session, journey_ids: Collection[int], reason: str, now: datetime) -> None:
    waiting = (Journey.id.in_(journey_ids), Journey.state == JourneyState.AWAITING_APPROVAL)
    back = update(Journey).where(*waiting)
    session.execute(back.values(state=JourneyState.DRAFT, note=reason, updated_at=now))
