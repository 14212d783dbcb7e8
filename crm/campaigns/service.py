"""Campaigns from the first draft to the last message: who may do what, and in which state."""

from collections.abc import Mapping
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
from crm.campaigns.audience import SUBJECT_KIND
from crm.campaigns.brief import CampaignBrief
from crm.campaigns.campaign_kind import CAMPAIGN, KIND
from crm.campaigns.drafts import PreparedBrief, new_campaign, prepare_brief, store_brief
from crm.campaigns.lookup import brief_of, find_campaign, get_campaign, list_campaigns
from crm.campaigns.models import Campaign
from crm.campaigns.naming import refuse_while_named
from crm.campaigns.rules import automatic_name
from crm.clock import local_day
from crm.errors import Conflict
from crm.fields import Catalog
from crm.journeys import approval, lifecycle
from crm.journeys.lookup import NOT_STARTED, newest_version, require_state
from crm.journeys.prepare import note_references, people_of, require_sound
from crm.journeys.reopening import require_confirmed
from crm.outreach.models import Journey, JourneyKind, JourneyState
from crm.segments.approved import author_scope
from crm.workspace import get_workspace

__all__ = [
    "SUBJECT_KIND",
    "approve",
    "brief_of",
    "cancel",
    "change_draft",
    "create_draft",
    "find_campaign",
    "get_campaign",
    "list_campaigns",
    "pause",
    "reject",
    "resume",
    "submit",
]


def create_draft(
    session: Session, *, brief: CampaignBrief, actor: Actor, request_id: str, now: datetime, catalog: Catalog
) -> Campaign:
    """Create a draft campaign; the same request_id returns the first one. Nothing is sent or scheduled.

    Raises InvalidRequest, in one sentence, for a brief that cannot work (start in the past, discount above the
    ceiling, a promise without an offer), Conflict when the name is taken.
    """
    require(actor, Permission.DRAFT_CAMPAIGN)
    first = _drafted_by(session, request_id)
    if first is not None:
        return first
    if not brief.name:
        today = local_day(now, get_workspace(session).zone)
        taken = session.scalars(select(Journey.name).where(Journey.kind == JourneyKind.CAMPAIGN)).all()
        brief = brief.model_copy(update={"name": automatic_name(brief, today, taken)})
    scope = author_scope(session, actor.account_id, catalog, now)
    made = prepare_brief(session, brief, scope, people=(actor,), now=now)
    require_sound(made.prepared)
    campaign = new_campaign(session, brief.name, actor, request_id, now)
    store_brief(session, campaign, made, now)
    try:
        with session.begin_nested():
            session.add(campaign)
    except IntegrityError:
        # The same call in another worker was faster, or somebody else has the name.
        first = _drafted_by(session, request_id)
        if first is None:
            raise _name_taken(brief.name) from None
        return first
    _shaped(session, campaign, made, "drafted", actor, now)
    _record_sensitive(session, campaign, made, actor, now)
    return campaign


def change_draft(
    session: Session,
    campaign_id: int,
    *,
    changes: Mapping[str, Any],
    actor: Actor,
    now: datetime,
    catalog: Catalog,
    confirmed: Confirmed | None = None,
) -> Campaign:
    """Replace parts of the brief. An approval asked for or given before is void, and the campaign a draft again.

    Only the actor's own draft changes without `confirmed`. A change that changes nothing leaves all as it is.
    """
    campaign = get_campaign(session, campaign_id, lock=True)
    _require_shaping(actor, campaign)
    require_state(campaign.journey, NOT_STARTED, "changed")
    scope = author_scope(session, campaign.author_id, catalog, now)
    # Whoever changes whom it reaches, or how it counts, answers for that; the rest stays its author's, too.
    is_answered_for = changes.keys() & {"audience", "priority"}
    people = (actor,) if is_answered_for else (actor, *people_of(session, campaign.author_id))
    made = prepare_brief(session, brief_of(campaign).changed(changes), scope, people=people, now=now)
    require_sound(made.prepared)
    brief = made.brief
    if brief == brief_of(campaign):
        return campaign
    require_confirmed(session, campaign.journey, campaign.brief, actor, confirmed)
    if brief.name != campaign.name:
        other = select(Journey.id).where(Journey.name == brief.name, Journey.kind == JourneyKind.CAMPAIGN)
        if session.scalar(other) is not None:
            raise _name_taken(brief.name)
        refuse_while_named(session, campaign)
        campaign.journey.version = newest_version(session, brief.name) + 1
    approvals.void_pending(session, SUBJECT_KIND, campaign.id, reason="the campaign was changed", now=now)
    store_brief(session, campaign, made, now)
    lifecycle.move(campaign.journey, JourneyState.DRAFT, now)
    session.flush()
    _shaped(session, campaign, made, "changed", actor, now, fields=sorted(changes))
    if "audience" in changes:
        _record_sensitive(session, campaign, made, actor, now)
    return campaign


def submit(
    session: Session,
    campaign_id: int,
    *,
    actor: Actor,
    now: datetime,
    catalog: Catalog,
    start: datetime | None = None,
    confirmed: Confirmed | None = None,
) -> Approval:
    """Ask for approval of the campaign as it stands, or with another start (local wall time).

    Another start is a change: it needs `confirmed` as `change_draft` does. Otherwise as `approval.submit` says.
    """
    require(actor, Permission.SUBMIT_CAMPAIGN)
    campaign = get_campaign(session, campaign_id, lock=True)
    require_state(campaign.journey, NOT_STARTED, "submitted")
    if start is not None and start != brief_of(campaign).start:
        require_confirmed(session, campaign.journey, campaign.brief, actor, confirmed)
        campaign.brief = brief_of(campaign).changed({"start": start}).model_dump(mode="json")
        session.flush()
    return approval.submit(session, KIND, campaign_id, actor=actor, now=now, catalog=catalog)


def approve(
    session: Session, campaign_id: int, *, fingerprint: str, actor: Actor, now: datetime, note: str | None = None
) -> Campaign:
    """Approve what was shown, by its fingerprint: it starts at its start, or at the next turn of the engine.

    Raises Forbidden for everybody who had a hand in it, Conflict when it is not what was shown, or when the request
    is void or has expired.
    """
    given: dict[str, Any] = {"fingerprint": fingerprint, "actor": actor, "now": now, "note": note}
    return approvals.approve(session, CAMPAIGN, campaign_id, **given).row


def reject(
    session: Session, campaign_id: int, *, fingerprint: str, actor: Actor, now: datetime, note: str | None = None
) -> Campaign:
    """Refuse what was shown, by its fingerprint; it is a draft again, with the reason beside it."""
    given: dict[str, Any] = {"fingerprint": fingerprint, "actor": actor, "now": now, "note": note}
    return approvals.reject(session, CAMPAIGN, campaign_id, **given).row


def pause(session: Session, campaign_id: int, *, actor: Actor, now: datetime) -> Campaign:
    return lifecycle.pause(session, KIND, campaign_id, actor=actor, now=now)


def resume(session: Session, campaign_id: int, *, actor: Actor, now: datetime) -> Campaign:
    return lifecycle.resume(session, KIND, campaign_id, actor=actor, now=now)


def cancel(session: Session, campaign_id: int, *, actor: Actor, now: datetime) -> Campaign:
    return lifecycle.cancel(session, KIND, campaign_id, actor=actor, now=now)


def _drafted_by(session: Session, request_id: str) -> Campaign | None:
    return session.scalar(select(Campaign).join(Campaign.journey).where(Journey.request_id == request_id))


def _record_sensitive(session: Session, campaign: Campaign, made: PreparedBrief, actor: Actor, now: datetime) -> None:
    subject, fields = f"{SUBJECT_KIND}:{campaign.id}", made.prepared.sensitive
    record_sensitive(session, fields, actor=actor, purpose=Purpose.AUDIENCE, subject=subject, now=now)


def _require_shaping(actor: Actor, campaign: Campaign) -> None:
    """A draft may be changed by its author, and by whoever may submit campaigns."""
    require(actor, Permission.DRAFT_CAMPAIGN)
    if campaign.author_id != actor.account_id:
        require(actor, Permission.SUBMIT_CAMPAIGN)


def _name_taken(name: str) -> Conflict:
    return Conflict(f"there is a campaign called {name!r} already; choose another name")


def _shaped(
    session: Session, campaign: Campaign, made: PreparedBrief, what: str, actor: Actor, now: datetime, **detail: Any
) -> None:
    note_references(session, SUBJECT_KIND, campaign.id, made.prepared)
    note_shaping(session, SUBJECT_KIND, campaign.id, actor=actor, what=what, now=now)
    _audit(session, campaign, f"campaign.{what}", actor, now, **detail)


def _audit(session: Session, campaign: Campaign, action: str, actor: Actor, now: datetime, **detail: Any) -> None:
    audit.record(session, now=now, actor=actor, action=action, subject=f"{SUBJECT_KIND}:{campaign.id}", **detail)
