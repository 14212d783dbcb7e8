"""Journeys from the first draft to their end: who may do what, and in which state."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from crm.access import approvals, audit
from crm.access.actor import Actor, Permission, require
from crm.access.confirmed import Confirmed
from crm.access.models import Approval
from crm.access.policy import get_policy
from crm.access.sensitive import Purpose, record_sensitive, require_sensitive
from crm.access.shaping import note_shaping
from crm.clock import local_day
from crm.errors import Conflict, InvalidRequest
from crm.fields import Catalog
from crm.journeys.approval import JOURNEY, ask_for_approval, bound_of, journey_parts
from crm.journeys.house_rules import require_obeyed, require_right_to_priority, require_stock
from crm.journeys.lookup import STARTED, SUBJECT_KIND, get_journey, journey_scope, newest_version, versions_of
from crm.journeys.reopening import require_confirmed
from crm.journeys.schedulers.stepwise.triggers import Entered, enrol_audience, enrol_members
from crm.journeys.validation import definitions_of, parse_journey
from crm.loyalty.service import stock_for
from crm.outreach import ledger
from crm.outreach.holds import let_go
from crm.outreach.ledger import spec_of
from crm.outreach.link_targets import store_targets
from crm.outreach.models import EndReason, Enrolment, EnrolmentState, Journey, JourneyState
from crm.outreach.rules import check_drift
from crm.outreach.spec import JourneySpec
from crm.segments import service as segments
from crm.segments.definition import parse_definition
from crm.segments.references import note_segments_used
from crm.segments.saved import sensitive_fields_in
from crm.workspace import get_workspace

NOT_STARTED = (JourneyState.DRAFT, JourneyState.AWAITING_APPROVAL, JourneyState.SCHEDULED)


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
    spec = parse_journey({"experiment": data.get("name"), **data}, catalog)
    sensitive = _check_names(session, spec, catalog, now)
    require_right_to_priority(actor, spec.priority)
    require_obeyed(session, spec)
    require_sensitive(session, sensitive, actor=actor, purpose=Purpose.AUDIENCE)
    try:
        with session.begin_nested():
            journey, action = _store(session, spec, actor, request_id, now, confirmed)
            session.flush()
    except IntegrityError:
        # The same call in another worker was faster, or somebody else wrote a version of this name.
        raise Conflict(f"somebody wrote a version of {spec.name} just now; look at it and try again") from None
    note_segments_used(session, SUBJECT_KIND, journey.id, journey.spec)
    note_shaping(session, SUBJECT_KIND, journey.id, actor=actor, what=action.partition(".")[2], now=now)
    _audit(session, journey, action, actor, now)
    record_sensitive(session, sensitive, actor=actor, purpose=Purpose.AUDIENCE, subject=_subject(journey), now=now)
    return journey


def submit(session: Session, journey_id: int, *, actor: Actor, now: datetime, catalog: Catalog) -> Approval:
    """Ask for approval of a version as it stands; an open request for exactly that is returned again."""
    require(actor, Permission.SUBMIT_CAMPAIGN)
    journey = get_journey(session, journey_id, lock=True)
    _require_state(journey, NOT_STARTED, "submitted")
    bound = bound_of(session, journey)
    asked = approvals.approval_for(session, SUBJECT_KIND, journey.id)
    if asked is not None and approvals.is_open(asked, now) and approvals.binds(asked, bound):
        return asked
    spec = parse_journey(journey.spec, catalog)
    _check_names(session, spec, catalog, now)
    _require_sendable(session, spec, now)
    _move(journey, JourneyState.AWAITING_APPROVAL, now)
    session.flush()
    _audit(session, journey, "journey.submitted", actor, now)
    return ask_for_approval(session, journey, bound, actor=actor, now=now, catalog=catalog)


def approve(
    session: Session, journey_id: int, *, fingerprint: str, actor: Actor, now: datetime, note: str | None = None
) -> Journey:
    """Approve what was shown, by its fingerprint; `activate` starts it.

    Raises Forbidden for everybody who had a hand in it, Conflict when it is not what was shown, or when the request
    is void or has expired.
    """
    return approvals.approve(session, JOURNEY, journey_id, fingerprint=fingerprint, actor=actor, now=now, note=note)


def reject(
    session: Session, journey_id: int, *, fingerprint: str, actor: Actor, now: datetime, note: str | None = None
) -> Journey:
    """Refuse what was shown, by its fingerprint; it is a draft again, with the reason beside it."""
    return approvals.reject(session, JOURNEY, journey_id, fingerprint=fingerprint, actor=actor, now=now, note=note)


def activate(session: Session, journey_id: int, *, actor: Actor, now: datetime, catalog: Catalog) -> Journey:
    """Start an approved version: from now on it is the one that members enter. Starting twice changes nothing.

    Those under way in an earlier version stay in it. An audience enters at once; of every other trigger what
    happens from now on counts. Raises Conflict without an approval of exactly this, and when the audience is
    not about as large any more.
    """
    require(actor, Permission.OPERATE_CAMPAIGN)
    journey = get_journey(session, journey_id, lock=True)
    if journey.state is JourneyState.RUNNING:
        return journey
    _require_state(journey, (JourneyState.SCHEDULED,), "started")
    spec = parse_journey(journey.spec, catalog)
    parts = journey_parts(session, journey)
    approval = approvals.require_approved(session, SUBJECT_KIND, journey.id, parts, journey.name)
    _require_sendable(session, spec, now)
    _move(journey, JourneyState.RUNNING, now)
    journey.activated_at = journey.entries_since = journey.seen_until = now
    session.flush()
    store_targets(session, journey.id, spec)
    if spec.trigger.kind == "audience_at_launch":
        scope = journey_scope(session, journey, catalog, now)
        count = segments.count(session, parse_definition(spec.trigger.definition, catalog), scope)
        check_drift(count, approval.facts["members_who_fit"], get_policy(session).audience_drift_limit)
        enrol_audience(session, journey, spec, scope, now)
    _audit(session, journey, "journey.started", actor, now)
    return journey


def pause(session: Session, journey_id: int, *, actor: Actor, now: datetime) -> Journey:
    """Hold a journey in all its versions: nobody enters, nobody moves on, nothing is sent. Twice changes nothing."""
    journey = _operated(session, journey_id, actor)
    if journey.state is JourneyState.PAUSED:
        return journey
    _require_state(journey, (JourneyState.RUNNING,), "paused")
    _move_all(session, journey, JourneyState.RUNNING, JourneyState.PAUSED, now)
    _audit(session, journey, "journey.paused", actor, now)
    return journey


def resume(session: Session, journey_id: int, *, actor: Actor, now: datetime) -> Journey:
    """Go on where it was paused. What happened meanwhile lets nobody in; what became too late is excluded as such."""
    journey = _operated(session, journey_id, actor)
    if journey.state is JourneyState.RUNNING:
        return journey
    _require_state(journey, (JourneyState.PAUSED,), "resumed")
    late_limit = timedelta(hours=get_policy(session).late_limit_hours)
    for version in _move_all(session, journey, JourneyState.PAUSED, JourneyState.RUNNING, now):
        version.entries_since = now
        ledger.resume(session, version.id, late_limit=late_limit, now=now)
    session.flush()
    _audit(session, journey, "journey.resumed", actor, now)
    return journey


def end(session: Session, journey_id: int, *, actor: Actor, now: datetime) -> Journey:
    """End a journey for good, in all its versions: no further message starts, what was set aside goes back.

    Tasks stay with whoever has them. Ending twice changes nothing.
    """
    journey = _operated(session, journey_id, actor)
    if journey.state is JourneyState.ENDED:
        return journey
    _require_state(journey, STARTED, "ended")
    for state in STARTED:
        for version in _move_all(session, journey, state, JourneyState.ENDED, now):
            _stop_members(session, version, f"ended by {actor.display_name}", now)
            ledger.cancel(session, version.id, now=now)
            version.ended_at, version.end_reason = now, EndReason.CANCELLED
    session.flush()
    _audit(session, journey, "journey.ended", actor, now)
    return journey


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
    _require_state(journey, (JourneyState.RUNNING,), "entered")
    scope = journey_scope(session, journey, catalog, now)
    entered = enrol_members(
        session, journey, spec, scope, now, member_ids=member_ids, owner_id=actor.row_owner_id, request_id=request_id
    )
    _audit(session, journey, "journey.entered_by_hand", actor, now, members=entered.entered)
    return entered


def _check_names(session: Session, spec: JourneySpec, catalog: Catalog, now: datetime) -> tuple[str, ...]:
    """Everything that a journey names exists; the sensitive fields that decide who is where."""
    fields: dict[str, None] = {}
    for path, data in definitions_of(spec.model_dump(mode="json")):
        if data is None:
            continue
        definition = parse_definition(data, catalog)
        try:
            segments.require_known_names(session, definition)
        except InvalidRequest as error:
            place = f"{path}.{error.path}" if error.path else path
            raise InvalidRequest(error.message, path=place, candidates=error.candidates) from None
        fields |= dict.fromkeys(sensitive_fields_in(session, definition, catalog))
    codes = {code for step in spec.sends for code in spec.benefits_of(step).coupon_codes}
    stock_for(session, sorted(codes), on=local_day(now, get_workspace(session).zone))
    return tuple(fields)


def _require_sendable(session: Session, spec: JourneySpec, now: datetime) -> None:
    """Raises InvalidRequest for what breaks a rule of the house, or brings coupons that are gone today."""
    require_obeyed(session, spec)
    today = local_day(now, get_workspace(session).zone)
    require_stock(session, spec, today, today)


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
        require_confirmed(session, journey, actor, confirmed)
        approvals.void_pending(session, SUBJECT_KIND, journey.id, reason="the journey was changed", now=now)
    else:
        journey = Journey(name=spec.name, version=newest + 1, author_id=actor.account_id, created_at=now)
        journey.is_walked = True
        session.add(journey)
        action = "journey.drafted"
    journey.spec = spec.model_dump(mode="json")
    journey.request_id = request_id
    _move(journey, JourneyState.DRAFT, now)
    return journey, action


def _operated(session: Session, journey_id: int, actor: Actor) -> Journey:
    require(actor, Permission.OPERATE_CAMPAIGN)
    return get_journey(session, journey_id, lock=True)


def _require_state(journey: Journey, allowed: Collection[JourneyState], done: str) -> None:
    if journey.state not in allowed:
        states = " or ".join(state.replace("_", " ") for state in allowed)
        state = journey.state.replace("_", " ")
        raise Conflict(f"{journey.name} is {state} and cannot be {done}; it would have to be {states}")


def _move(journey: Journey, state: JourneyState, now: datetime) -> None:
    let_go(journey)
    journey.state, journey.updated_at = state, now


def _move_all(
    session: Session, journey: Journey, before: JourneyState, after: JourneyState, now: datetime
) -> list[Journey]:
    versions = [version for version in versions_of(session, journey.name) if version.state is before]
    for version in versions:
        _move(version, after, now)
    session.flush()
    return versions


def _stop_members(session: Session, journey: Journey, reason: str, now: datetime) -> None:
    under_way = (Enrolment.journey_id == journey.id, Enrolment.state == EnrolmentState.ACTIVE)
    stopped = (
        update(Enrolment)
        .where(*under_way)
        .values(
            state=EnrolmentState.STOPPED, step_key=None, wake_at=None, is_waiting=False, ended_at=now, end_reason=reason
        )
    )
    session.execute(stopped.execution_options(synchronize_session=False))


def _subject(journey: Journey) -> str:
    return f"{SUBJECT_KIND}:{journey.id}"


def _audit(session: Session, journey: Journey, action: str, actor: Actor, now: datetime, **detail: Any) -> None:
    audit.record(session, now=now, actor=actor, action=action, subject=_subject(journey), **detail)
