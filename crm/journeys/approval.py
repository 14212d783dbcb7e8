"""What the approval of a journey is about: what it binds, what is shown with it, and what a decision does."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from crm.access import approvals
from crm.access.actor import Actor, Permission
from crm.access.approvable import Approvable, Awaited, Parts
from crm.access.models import Approval
from crm.access.selection import store_selection
from crm.errors import Conflict
from crm.fields import Catalog
from crm.journeys.lookup import SUBJECT_KIND, author_of, get_journey
from crm.journeys.schedulers.stepwise.conditions import entry_definition, fitting
from crm.loyalty.service import coupon_terms
from crm.outreach.ledger import spec_of
from crm.outreach.models import Journey, JourneyState
from crm.segments import service as segments
from crm.segments.approved import approved_scope, bind_audience, segments_in_words
from crm.segments.describe import describe


def ask_for_approval(
    session: Session, journey: Journey, bound: Parts, *, actor: Actor, now: datetime, catalog: Catalog
) -> Approval:
    """Request it for what `bound` says; of an audience that takes part at once, write down who is selected."""
    spec, scope = spec_of(journey), approved_scope(session, bound, catalog, now)
    definition = entry_definition(spec, catalog)
    members = segments.count(session, definition, scope)
    is_audience = spec.trigger.kind == "audience_at_launch"
    approval = approvals.request_approval(
        session,
        subject_kind=SUBJECT_KIND,
        subject_id=journey.id,
        bound={**bound, "audience_count": members} if is_audience else bound,
        facts={
            "name": journey.name,
            "version": journey.version,
            "trigger": spec.trigger.kind,
            "members_who_fit": members,
            "read_back": describe(definition, scope, language=spec.language),
            "messages": sum(len(step.channels) for step in spec.sends),
            "spec": journey.spec,
            "segments": segments_in_words(scope, spec.language),
        },
        actor=actor,
        now=now,
    )
    if is_audience:
        store_selection(session, approval.id, fitting(session, definition, scope))
    return approval


def bound_of(session: Session, journey: Journey) -> dict[str, Any]:
    """Everything that an approval binds: each part of the journey, and its definitions resolved to the bottom."""
    return {**journey_parts(session, journey), **bind_audience(session, author_of(journey), journey.spec)}


def journey_parts(session: Session, journey: Journey) -> Parts:
    """Everything that a journey does, part by part in JSON, with what its coupons give."""
    spec = spec_of(journey)
    codes = {code for each in (spec.benefits, *map(spec.benefits_of, spec.sends)) for code in each.coupon_codes}
    return {**journey.spec, "coupons": coupon_terms(session, codes)}


def _awaited(session: Session, journey_id: int) -> Awaited[Journey]:
    journey = get_journey(session, journey_id, lock=True)
    if journey.state is not JourneyState.AWAITING_APPROVAL:
        state = journey.state.replace("_", " ")
        raise Conflict(f"{journey.name} is {state} and cannot be decided on; it would have to be awaiting approval")
    return Awaited(journey, journey.id, journey.name)


def _accept(session: Session, journey: Journey, now: datetime) -> None:
    """A person starts it then."""
    journey.state, journey.note, journey.updated_at = JourneyState.SCHEDULED, None, now
    session.flush()


def _send_back(session: Session, journey_ids: Collection[int], reason: str, now: datetime) -> None:
    waiting = (Journey.id.in_(journey_ids), Journey.state == JourneyState.AWAITING_APPROVAL)
    back = update(Journey).where(*waiting)
    session.execute(back.values(state=JourneyState.DRAFT, note=reason, updated_at=now))


JOURNEY: Approvable[Journey] = Approvable(
    kind=SUBJECT_KIND,
    permission=Permission.APPROVE_CAMPAIGN,
    awaited=_awaited,
    parts=journey_parts,
    accept=_accept,
    send_back=_send_back,
)
