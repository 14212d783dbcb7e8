"""Campaigns from the first draft to the last message: who may do what, and in which state."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from crm.access import approvals, audit
from crm.access.actor import Actor, Permission, require
from crm.access.confirmed import Confirmed
from crm.access.models import Approval
from crm.access.policy import get_policy
from crm.access.sensitive import Purpose, record_sensitive, require_sensitive
from crm.access.shaping import note_shaping
from crm.campaigns.approval import CAMPAIGN, ask_for_approval, bound_of
from crm.campaigns.audience import SUBJECT_KIND, audience_definition
from crm.campaigns.benefits import promises_of, with_coupons
from crm.campaigns.brief import CampaignBrief
from crm.campaigns.brief_to_spec import sending_days, spec_from_brief, start_moment
from crm.campaigns.lookup import brief_of, find_campaign, get_campaign, list_campaigns, require_state
from crm.campaigns.models import Campaign
from crm.campaigns.naming import refuse_while_named
from crm.campaigns.plan import CampaignPlan, compute_plan
from crm.campaigns.reopening import require_confirmed
from crm.campaigns.rules import automatic_name, check_percents, check_start
from crm.clock import local_day
from crm.errors import Conflict, InvalidRequest
from crm.fields import Catalog
from crm.journeys.house_rules import require_obeyed, require_right_to_priority, require_stock
from crm.journeys.lookup import newest_version
from crm.outreach import ledger
from crm.outreach.holds import let_go
from crm.outreach.models import EndReason, Journey, JourneyKind, JourneyState
from crm.segments.approved import approved_scope, author_scope
from crm.segments.definition import parse_definition
from crm.segments.references import note_segments_used
from crm.segments.saved import sensitive_fields_in
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

_CHANGEABLE = (JourneyState.DRAFT, JourneyState.AWAITING_APPROVAL, JourneyState.SCHEDULED)


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
    require_right_to_priority(actor, brief.priority)
    sensitive = _sensitive_fields(session, brief, actor, catalog)
    if not brief.name:
        today = local_day(now, get_workspace(session).zone)
        taken = session.scalars(select(Journey.name).where(Journey.kind == JourneyKind.CAMPAIGN)).all()
        brief = brief.model_copy(update={"name": automatic_name(brief, today, taken)})
    brief = _checked(session, brief, actor.account_id, catalog, now)
    campaign = _new_campaign(session, brief.name, actor, request_id, now)
    _store(session, campaign, brief, now)
    try:
        with session.begin_nested():
            session.add(campaign)
    except IntegrityError:
        # The same call in another worker was faster, or somebody else has the name.
        first = _drafted_by(session, request_id)
        if first is None:
            raise _name_taken(brief.name) from None
        return first
    _shaped(session, campaign, "drafted", actor, now)
    _record_sensitive(session, campaign, sensitive, actor, now)
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
    require_state(campaign, _CHANGEABLE, "changed")
    brief = _checked(session, brief_of(campaign).changed(changes), campaign.author_id, catalog, now)
    if brief == brief_of(campaign):
        return campaign
    require_confirmed(session, campaign, actor, confirmed)
    if "priority" in changes:
        require_right_to_priority(actor, brief.priority)
    sensitive = _sensitive_fields(session, brief, actor, catalog) if "audience" in changes else ()
    if brief.name != campaign.name:
        other = select(Journey.id).where(Journey.name == brief.name, Journey.kind == JourneyKind.CAMPAIGN)
        if session.scalar(other) is not None:
            raise _name_taken(brief.name)
        refuse_while_named(session, campaign)
        campaign.journey.version = newest_version(session, brief.name) + 1
    approvals.void_pending(session, SUBJECT_KIND, campaign.id, reason="the campaign was changed", now=now)
    _store(session, campaign, brief, now)
    _move(campaign, JourneyState.DRAFT, now)
    session.flush()
    _shaped(session, campaign, "changed", actor, now, fields=sorted(changes))
    _record_sensitive(session, campaign, sensitive, actor, now)
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

    Another start is a change: it needs `confirmed` as `change_draft` does.

    Submitting again without a change returns the pending request. Raises InvalidRequest when nobody would
    get a message, Conflict once it is approved or under way.
    """
    require(actor, Permission.SUBMIT_CAMPAIGN)
    campaign = get_campaign(session, campaign_id, lock=True)
    require_state(campaign, _CHANGEABLE, "submitted")
    brief = brief_of(campaign)
    if start is not None and start != brief.start:
        require_confirmed(session, campaign, actor, confirmed)
        brief = brief.changed({"start": start})
    bound = bound_of(session, brief, campaign.author_id)
    approval = approvals.approval_for(session, SUBJECT_KIND, campaign.id)
    if approval is not None and approvals.binds(approval, bound):
        if campaign.state is JourneyState.SCHEDULED:
            raise Conflict(f"{campaign.name} is approved already and starts as scheduled")
        if approvals.is_open(approval, now):
            return approval
    brief = _checked(session, brief, campaign.author_id, catalog, now)
    _require_stock(session, brief, now)
    bound = bound_of(session, brief, campaign.author_id)
    scope = approved_scope(session, bound, catalog, now)
    plan = compute_plan(session, brief, scope, now)
    _refuse_empty(plan)
    _store(session, campaign, brief, now)
    campaign.plan = plan.model_dump(mode="json")
    _move(campaign, JourneyState.AWAITING_APPROVAL, now)
    session.flush()
    _audit(session, campaign, "campaign.submitted", actor, now)
    return ask_for_approval(session, campaign, brief, plan, bound, scope, actor=actor, now=now)


def approve(
    session: Session, campaign_id: int, *, fingerprint: str, actor: Actor, now: datetime, note: str | None = None
) -> Campaign:
    """Approve what was shown, by its fingerprint: it starts at its start, or at the next turn of the engine.

    Raises Forbidden for everybody who had a hand in it, Conflict when it is not what was shown, or when the request
    is void or has expired.
    """
    return approvals.approve(session, CAMPAIGN, campaign_id, fingerprint=fingerprint, actor=actor, now=now, note=note)


def reject(
    session: Session, campaign_id: int, *, fingerprint: str, actor: Actor, now: datetime, note: str | None = None
) -> Campaign:
    """Refuse what was shown, by its fingerprint; it is a draft again, with the reason beside it."""
    return approvals.reject(session, CAMPAIGN, campaign_id, fingerprint=fingerprint, actor=actor, now=now, note=note)


def pause(session: Session, campaign_id: int, *, actor: Actor, now: datetime) -> Campaign:
    """Hold back everything that has not been handed over yet. Pausing twice changes nothing."""
    require(actor, Permission.OPERATE_CAMPAIGN)
    campaign = get_campaign(session, campaign_id, lock=True)
    if campaign.state is JourneyState.PAUSED:
        return campaign
    require_state(campaign, (JourneyState.SCHEDULED, JourneyState.RUNNING), "paused")
    campaign.journey.state, campaign.journey.updated_at = JourneyState.PAUSED, now
    session.flush()
    _audit(session, campaign, "campaign.paused", actor, now)
    return campaign


def resume(session: Session, campaign_id: int, *, actor: Actor, now: datetime) -> Campaign:
    """Go on where it was paused. What became too late meanwhile is excluded because of the pause."""
    require(actor, Permission.OPERATE_CAMPAIGN)
    campaign = get_campaign(session, campaign_id, lock=True)
    if campaign.state in (JourneyState.RUNNING, JourneyState.SCHEDULED):
        return campaign
    require_state(campaign, (JourneyState.PAUSED,), "resumed")
    if campaign.launched_at is None:
        _move(campaign, JourneyState.SCHEDULED, now)
    else:
        late_limit = timedelta(hours=get_policy(session).late_limit_hours)
        ledger.resume(session, campaign.journey_id, late_limit=late_limit, now=now)
        _move(campaign, JourneyState.RUNNING, now)
    session.flush()
    _audit(session, campaign, "campaign.resumed", actor, now)
    return campaign


def cancel(session: Session, campaign_id: int, *, actor: Actor, now: datetime) -> Campaign:
    """End it for good: no further message starts, what was set aside goes back. Cancelling twice changes nothing."""
    require(actor, Permission.OPERATE_CAMPAIGN)
    campaign = get_campaign(session, campaign_id, lock=True)
    if campaign.end_reason is EndReason.CANCELLED:
        return campaign
    require_state(campaign, (*_CHANGEABLE, JourneyState.RUNNING, JourneyState.PAUSED), "cancelled")
    approvals.void_pending(session, SUBJECT_KIND, campaign.id, reason="the campaign was cancelled", now=now)
    ledger.cancel(session, campaign.journey_id, now=now)
    journey = campaign.journey
    journey.state, journey.end_reason, journey.ended_at, journey.updated_at = (
        JourneyState.ENDED,
        EndReason.CANCELLED,
        now,
        now,
    )
    session.flush()
    _audit(session, campaign, "campaign.cancelled", actor, now)
    return campaign


def _drafted_by(session: Session, request_id: str) -> Campaign | None:
    return session.scalar(select(Campaign).join(Campaign.journey).where(Journey.request_id == request_id))


def _new_campaign(session: Session, name: str, actor: Actor, request_id: str, now: datetime) -> Campaign:
    journey = Journey(
        name=name,
        version=newest_version(session, name) + 1,
        kind=JourneyKind.CAMPAIGN,
        state=JourneyState.DRAFT,
        author_id=actor.account_id,
        request_id=request_id,
        created_at=now,
    )
    return Campaign(journey=journey, is_imported=False)


def _move(campaign: Campaign, state: JourneyState, now: datetime) -> None:
    """What the engine held is tried again at once."""
    let_go(campaign.journey)
    campaign.journey.state, campaign.journey.updated_at = state, now


def _checked(session: Session, brief: CampaignBrief, author_id: int, catalog: Catalog, now: datetime) -> CampaignBrief:
    """The brief with its coupons filled in, after everything that can be said against it now."""
    if not brief.name.strip():
        raise InvalidRequest("a campaign needs a name", path="name")
    scope = author_scope(session, author_id, catalog, now)
    check_start(brief, now.astimezone(scope.zone))
    check_percents(brief)
    audience_definition(session, brief, scope)
    first_day = brief.start.date() if brief.start is not None else scope.today
    backed = with_coupons(session, brief, first_day)
    require_obeyed(session, spec_from_brief(backed, scope.currency), promises_of(backed))
    return backed


def _require_stock(session: Session, brief: CampaignBrief, now: datetime) -> None:
    workspace = get_workspace(session)
    starts_at = max(start_moment(brief, workspace) or now, now)
    spec = spec_from_brief(brief, workspace.currency)
    require_stock(session, spec, *sending_days(spec, starts_at, workspace.zone))


def _sensitive_fields(session: Session, brief: CampaignBrief, actor: Actor, catalog: Catalog) -> tuple[str, ...]:
    """Those in the audience. Raises Forbidden when the actor may not use them."""
    fields = sensitive_fields_in(session, parse_definition(brief.audience, catalog), catalog)
    require_sensitive(session, fields, actor=actor, purpose=Purpose.AUDIENCE)
    return fields


def _record_sensitive(
    session: Session, campaign: Campaign, fields: tuple[str, ...], actor: Actor, now: datetime
) -> None:
    subject = f"{SUBJECT_KIND}:{campaign.id}"
    record_sensitive(session, fields, actor=actor, purpose=Purpose.AUDIENCE, subject=subject, now=now)


def _store(session: Session, campaign: Campaign, brief: CampaignBrief, now: datetime) -> None:
    workspace = get_workspace(session)
    campaign.brief = brief.model_dump(mode="json")
    campaign.plan = None
    journey = campaign.journey
    journey.name, journey.spec = brief.name, spec_from_brief(brief, workspace.currency).model_dump(mode="json")
    journey.starts_at, journey.updated_at = start_moment(brief, workspace), now


def _refuse_empty(plan: CampaignPlan) -> None:
    if plan.audience_count == 0:
        raise InvalidRequest(f"nobody fits the audience now: {plan.read_back}", path="audience")
    if plan.total_messages == 0:
        most = max(plan.exclusions, key=lambda exclusion: exclusion.count)
        raise InvalidRequest(
            f"none of the {plan.audience_count} members would get a message; "
            f"most are left out on {most.channel} because of {most.reason}"
        )


def _require_shaping(actor: Actor, campaign: Campaign) -> None:
    """A draft may be changed by its author, and by whoever may submit campaigns."""
    require(actor, Permission.DRAFT_CAMPAIGN)
    if campaign.author_id != actor.account_id:
        require(actor, Permission.SUBMIT_CAMPAIGN)


def _name_taken(name: str) -> Conflict:
    return Conflict(f"there is a campaign called {name!r} already; choose another name")


def _shaped(session: Session, campaign: Campaign, what: str, actor: Actor, now: datetime, **detail: Any) -> None:
    note_segments_used(session, SUBJECT_KIND, campaign.id, campaign.brief)
    note_shaping(session, SUBJECT_KIND, campaign.id, actor=actor, what=what, now=now)
    _audit(session, campaign, f"campaign.{what}", actor, now, **detail)


def _audit(session: Session, campaign: Campaign, action: str, actor: Actor, now: datetime, **detail: Any) -> None:
    audit.record(session, now=now, actor=actor, action=action, subject=f"{SUBJECT_KIND}:{campaign.id}", **detail)
