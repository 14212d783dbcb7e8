"""Journeys from the first draft to their end: who may do what, and in which state."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from crm.access import approvals, audit
from crm.access.actor import Actor, Permission, require
from crm.access.confirmed import Confirmed
from crm.access.models import Approval
from crm.access.sensitive import Purpose, record_sensitive
from crm.access.shaping import note_shaping
from crm.errors import Conflict
from crm.fields import Catalog
from crm.journeys import approval, lifecycle
from crm.journeys.journey_kind import JOURNEY, KIND
from crm.journeys.lookup import (
    NOT_STARTED,
    SUBJECT_KIND,
    get_journey,
    journey_scope,
    newest_version,
    require_state,
    versions_of,
)
from crm.journeys.prepare import note_references, prepare, require_sound
from crm.journeys.reopening import require_confirmed
from crm.journeys.schedulers.stepwise.triggers import Entered, enrol_members
from crm.outreach.ledger import spec_of
from crm.outreach.models import Journey, JourneyState
from crm.outreach.spec import JourneySpec
from crm.segments.approved import author_scope


def save_draft(
    session: Session,
    *,
    data: Mapping[str, Any],
    actor: Actor,
    request_id: str,
    now: datetime,
    catalog: Catalog,
    confirmed: Confirmed | None = None,
) -> Journey:
    """Write a journey from its JSON form: a new version, or the one in place of that which was not started yet.

    An approval asked for or given before is void; only the actor's own draft is replaced without `confirmed`. The
    same request_id returns the first version. Without `experiment` the holdout is drawn by the name. Raises
    InvalidRequest with every mistake in the message, Conflict when a campaign has the name.
    """
    require(actor, Permission.DRAFT_CAMPAIGN)
    first = session.scalar(select(Journey).where(Journey.request_id == request_id))
    if first is not None:
        return first
    filled = {"experiment": data.get("name"), **data}
    scope = author_scope(session, actor.account_id, catalog, now)
    prepared = require_sound(prepare(session, filled, scope, people=(actor,), now=now))
    spec = prepared.spec
    try:
        with session.begin_nested():
            journey, action = _store(session, spec, actor, request_id, now, confirmed)
            session.flush()
    except IntegrityError:
        # The same call in another worker was faster, or somebody else wrote a version of this name.
        raise Conflict(f"somebody wrote a version of {spec.name} just now; look at it and try again") from None
    note_references(session, SUBJECT_KIND, journey.id, prepared)
    note_shaping(session, SUBJECT_KIND, journey.id, actor=actor, what=action.partition(".")[2], now=now)
    _audit(session, journey, action, actor, now)
    record_sensitive(
        session, prepared.sensitive, actor=actor, purpose=Purpose.AUDIENCE, subject=_subject(journey), now=now
    )
    return journey


def submit(session: Session, journey_id: int, *, actor: Actor, now: datetime, catalog: Catalog) -> Approval:
    """Ask for approval of a version as it stands, as `approval.submit` says."""
    return approval.submit(session, KIND, journey_id, actor=actor, now=now, catalog=catalog)


def approve(
    session: Session, journey_id: int, *, fingerprint: str, actor: Actor, now: datetime, note: str | None = None
) -> Journey:
    """Approve what was shown, by its fingerprint; it starts at its start, or when a person starts it (`activate`).

    Raises Forbidden for everybody who had a hand in it, Conflict when it is not what was shown, or when the request
    is void or has expired.
    """
    given: dict[str, Any] = {"fingerprint": fingerprint, "actor": actor, "now": now, "note": note}
    return approvals.approve(session, JOURNEY, journey_id, **given).row


def reject(
    session: Session, journey_id: int, *, fingerprint: str, actor: Actor, now: datetime, note: str | None = None
) -> Journey:
    """Refuse what was shown, by its fingerprint; it is a draft again, with the reason beside it."""
    given: dict[str, Any] = {"fingerprint": fingerprint, "actor": actor, "now": now, "note": note}
    return approvals.reject(session, JOURNEY, journey_id, **given).row


def activate(session: Session, journey_id: int, *, actor: Actor, now: datetime, catalog: Catalog) -> Journey:
    """Start an approved version: from now on it is the one that members enter. Starting twice changes nothing.

    Those under way in an earlier version stay in it. An audience enters at once; of every other trigger what
    happens from now on counts. Raises as `lifecycle.start` says.
    """
    require(actor, Permission.OPERATE_CAMPAIGN)
    subject = KIND.find(session, journey_id, True)
    if subject.journey.state is not JourneyState.RUNNING:
        require_state(subject.journey, (JourneyState.SCHEDULED,), "started")
        lifecycle.start(session, KIND, subject, actor=actor, now=now, catalog=catalog)
    return subject.journey


def pause(session: Session, journey_id: int, *, actor: Actor, now: datetime) -> Journey:
    return lifecycle.pause(session, KIND, journey_id, actor=actor, now=now)


def resume(session: Session, journey_id: int, *, actor: Actor, now: datetime) -> Journey:
    return lifecycle.resume(session, KIND, journey_id, actor=actor, now=now)


def end(session: Session, journey_id: int, *, actor: Actor, now: datetime) -> Journey:
    return lifecycle.cancel(session, KIND, journey_id, actor=actor, now=now)


def enrol_by_hand(
    session: Session,
    journey_id: int,
    *,
    member_ids: Collection[int],
    actor: Actor,
    request_id: str,
    now: datetime,
    catalog: Catalog,
) -> Entered:
    """Let members into a running journey that waits for a person to choose them; who could not enter is counted.

    A customer success manager lets in his own members. The same request_id enters nobody twice. Raises
    Conflict when the journey starts on something else, or does not run.
    """
    require(actor, Permission.DRAFT_CAMPAIGN)
    journey = get_journey(session, journey_id, lock=True)
    spec = spec_of(journey)
    if spec.trigger.kind != "by_hand":
        raise Conflict(f"members enter {journey.name} by {spec.trigger.kind.replace('_', ' ')}, not by hand")
    require_state(journey, (JourneyState.RUNNING,), "entered")
    scope = journey_scope(session, journey, catalog, now)
    entered = enrol_members(
        session, journey, spec, scope, now, member_ids=member_ids, owner_id=actor.row_owner_id, request_id=request_id
    )
    _audit(session, journey, "journey.entered_by_hand", actor, now, members=entered.entered)
    return entered


def _store(
    session: Session, spec: JourneySpec, actor: Actor, request_id: str, now: datetime, confirmed: Confirmed | None
) -> tuple[Journey, str]:
    """The version written, and what to call it."""
    newest = newest_version(session, spec.name)
    versions = versions_of(session, spec.name)
    if newest and not versions:
        raise Conflict(f"there is a campaign called {spec.name!r} already; choose another name")
    if versions and versions[0].state in NOT_STARTED:
        journey, action = versions[0], "journey.changed"
        if journey.author_id != actor.account_id:
            require(actor, Permission.SUBMIT_CAMPAIGN)
        require_confirmed(session, journey, journey.spec, actor, confirmed)
        approvals.void_pending(session, SUBJECT_KIND, journey.id, reason="the journey was changed", now=now)
    else:
        journey = Journey(name=spec.name, version=newest + 1, author_id=actor.account_id, created_at=now)
        journey.is_walked = True
        session.add(journey)
        action = "journey.drafted"
    journey.spec = spec.model_dump(mode="json")
    journey.request_id = request_id
    lifecycle.move(journey, JourneyState.DRAFT, now)
    return journey, action


def _subject(journey: Journey) -> str:
    return f"{SUBJECT_KIND}:{journey.id}"


def _audit(session: Session, journey: Journey, action: str, actor: Actor, now: datetime, **detail: Any) -> None:
    audit.record(session, now=now, actor=actor, action=action, subject=_subject(journey), **detail)
