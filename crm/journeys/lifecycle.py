"""The one life of whatever sends, once it is approved: it starts, rests, goes on, ends. What differs by kind is in its
entry (`kind.py`) and behind its scheduler; who asks and who decides is in `approval.py`."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from crm.access import approvals, audit
from crm.access.actor import Actor, Permission, require
from crm.access.models import Approval
from crm.access.policy import get_policy
from crm.access.selection import SelectionChanges, selection_changes
from crm.errors import Conflict
from crm.fields import Catalog
from crm.journeys.kind import Kind, S, Subject
from crm.journeys.lookup import NOT_STARTED, STARTED, require_state, versions_of
from crm.journeys.prepare import Prepared, Stage, people_of, require_sound
from crm.outreach import ledger
from crm.outreach.holds import let_go
from crm.outreach.models import EndReason, Journey, JourneyState
from crm.outreach.rules import check_drift
from crm.segments import service as segments
from crm.segments.approved import approved_scope
from crm.segments.compile import select_member_ids
from crm.segments.scope import SegmentScope


def start(
    session: Session, kind: Kind[S], subject: Subject[S], *, actor: Actor | None, now: datetime, catalog: Catalog
) -> None:
    """Start what was approved, exactly as it was approved; without an actor at its own start.

    Raises Conflict without an approval of exactly this, when its start passed long ago, and when the audience is not
    about as large any more; InvalidRequest for what cannot be sent now.
    """
    journey = subject.journey
    parts = kind.parts(session, subject.row)
    approval = approvals.require_approved(session, subject.kind, subject.id, parts, subject.name)
    scope = approved_scope(session, approval.bound, catalog, now)
    _require_in_time(session, journey, now)
    people = people_of(session, journey.author_id, approval.requested_by)
    prepared = require_sound(kind.prepare(session, subject.row, scope, people, Stage.START, now))
    changes = _require_same_audience(session, approval, prepared, scope)
    let_go(journey)
    journey.state, journey.activated_at, journey.updated_at = JourneyState.RUNNING, now, now
    session.flush()
    kind.scheduler.start(session, journey, prepared.spec, prepared.entry, scope, now)
    journey.ends_at = kind.ends_at(session, subject.row, now)
    journey.note = _who_came_and_went(changes)
    session.flush()
    detail = {} if changes is None else {"selection": asdict(changes)}
    _audit(session, subject, "started", actor, now, **detail)


def pause(session: Session, kind: Kind[S], subject_id: int, *, actor: Actor, now: datetime) -> S:
    """Hold it, once started in all its versions: nobody enters or moves on, nothing is sent. Twice changes nothing."""
    subject = _operated(session, kind, subject_id, actor)
    if subject.journey.state is JourneyState.PAUSED:
        return subject.row
    require_state(subject.journey, (JourneyState.SCHEDULED, JourneyState.RUNNING), "paused")
    for version in _versions_alike(session, subject.journey):
        move(version, JourneyState.PAUSED, now)
    session.flush()
    _audit(session, subject, "paused", actor, now)
    return subject.row


def resume(session: Session, kind: Kind[S], subject_id: int, *, actor: Actor, now: datetime) -> S:
    """Go on where it was paused. What happened meanwhile lets nobody in; what became too late is excluded as such."""
    subject = _operated(session, kind, subject_id, actor)
    if subject.journey.state in (JourneyState.SCHEDULED, JourneyState.RUNNING):
        return subject.row
    require_state(subject.journey, (JourneyState.PAUSED,), "resumed")
    late_limit = timedelta(hours=get_policy(session).late_limit_hours)
    for version in _versions_alike(session, subject.journey):
        has_started = version.activated_at is not None
        # What the engine held is tried again at once.
        move(version, JourneyState.RUNNING if has_started else JourneyState.SCHEDULED, now)
        if has_started:
            version.entries_since = now
            ledger.resume(session, version.id, late_limit=late_limit, now=now)
    session.flush()
    _audit(session, subject, "resumed", actor, now)
    return subject.row


def cancel(session: Session, kind: Kind[S], subject_id: int, *, actor: Actor, now: datetime) -> S:
    """End it for good, once started in all its versions: no further message starts, what was set aside goes back.

    Tasks stay with whoever has them. Twice changes nothing.
    """
    subject = _operated(session, kind, subject_id, actor)
    if subject.journey.end_reason is EndReason.CANCELLED:
        return subject.row
    require_state(subject.journey, (*NOT_STARTED, *STARTED), "cancelled")
    reason = f"the {subject.kind} was cancelled"
    approvals.void_pending(session, subject.kind, subject.id, reason=reason, now=now)
    for version in _versions_alike(session, subject.journey, *STARTED):
        kind.scheduler.stop(session, version, f"ended by {actor.display_name}", now)
        ledger.cancel(session, version.id, now=now)
        _end(version, EndReason.CANCELLED, now)
    session.flush()
    _audit(session, subject, "cancelled", actor, now)
    return subject.row


def complete(session: Session, subject: Subject[Any], *, now: datetime) -> None:
    """It has come to its end."""
    ledger.end(session, subject.journey.id, now=now)
    let_go(subject.journey)
    _end(subject.journey, EndReason.COMPLETED, now)
    session.flush()
    _audit(session, subject, "completed", None, now)


def move(journey: Journey, state: JourneyState, now: datetime) -> None:
    """Into another state; what the engine held is tried again at once. A pause leaves a note that is no hold."""
    if journey.held_times or state is not JourneyState.PAUSED:
        let_go(journey)
    journey.state, journey.updated_at = state, now


def _end(journey: Journey, reason: EndReason, now: datetime) -> None:
    journey.state, journey.end_reason = JourneyState.ENDED, reason
    journey.ended_at = journey.updated_at = now


def _operated(session: Session, kind: Kind[S], subject_id: int, actor: Actor) -> Subject[S]:
    require(actor, Permission.OPERATE_CAMPAIGN)
    return kind.find(session, subject_id, True)


def _versions_alike(session: Session, journey: Journey, *states: JourneyState) -> Sequence[Journey]:
    """It alone before its start; of one that started all versions that did, in its state or in one of several."""
    if journey.activated_at is None:
        return [journey]
    alike = states or (journey.state,)
    versions = versions_of(session, journey.name, journey.kind)
    return [each for each in versions if each.state in alike and each.activated_at is not None]


def _require_in_time(session: Session, journey: Journey, now: datetime) -> None:
    hours = get_policy(session).late_limit_hours
    if journey.starts_at is not None and now - journey.starts_at > timedelta(hours=hours):
        raise Conflict(f"its start passed more than {hours} hours ago; submit it with a new one")


def _require_same_audience(
    session: Session, approval: Approval, prepared: Prepared, scope: SegmentScope
) -> SelectionChanges | None:
    """Who came and went since it was approved; None where members enter later."""
    if prepared.spec.trigger.kind != "audience_at_launch":
        return None
    definition = prepared.entry
    limit = get_policy(session).audience_drift_limit
    check_drift(segments.count(session, definition, scope), approval.bound["audience_count"], limit)
    return selection_changes(session, approval.id, select_member_ids(definition, scope))


def _who_came_and_went(changes: SelectionChanges | None) -> str | None:
    if changes is None or not (changes.joined or changes.left):
        return None
    return f"Launched: {changes.in_words}."


def _audit(
    session: Session, subject: Subject[Any], what: str, actor: Actor | None, now: datetime, **detail: Any
) -> None:
    action = f"{subject.kind}.{_WORDS.get((subject.kind, what), what)}"
    audit.record(session, now=now, actor=actor, action=action, subject=subject.words, **detail)


_WORDS = {("campaign", "started"): "launched", ("journey", "cancelled"): "ended"}
"""How the audit has called these since before there was one life."""
