"""Campaigns: brief, plan, approval, operation, monitor. `campaign` in a path is an id or a name."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import uuid4

from fastapi import APIRouter, Header, Query
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from api.auth import SignedIn, TheNurture
from api.bodies import Body
from api.bootstrap import Nurture
from api.decisions import Decision
from api.paging import Cursor, Offset
from crm.access.actor import Actor, Permission, require
from crm.access.approvals import approval_for, pending_approvals
from crm.access.confirmed import Confirmed
from crm.access.models import Account, Approval, ApprovalState
from crm.bounds import Name, RowId
from crm.campaigns import service
from crm.campaigns.audience import campaign_scope
from crm.campaigns.brief import CampaignBrief
from crm.campaigns.lookup import needs_new_start
from crm.campaigns.models import Campaign
from crm.campaigns.monitor import CampaignMonitor, monitor
from crm.campaigns.plan import CampaignPlan, compute_plan
from crm.campaigns.preview import preview_message
from crm.campaigns.selection import WhoChanged, who_changed
from crm.catalog import CATALOG
from crm.channels import Channel
from crm.database import read_only, unit_of_work
from crm.errors import Unreadable
from crm.journeys.lookup import SUBJECT_KIND as JOURNEY
from crm.journeys.preview import MessagePreview
from crm.outreach.browse import LedgerFilter, browse_ledger
from crm.outreach.models import EndReason, JourneyState
from crm.reading.fields import MomentIn
from crm.workspace import get_workspace

router = APIRouter(prefix="/api", tags=["campaigns"])


class CampaignRow(BaseModel):
    id: int
    name: str
    state: JourneyState
    end_reason: EndReason | None
    """Of one that ended."""
    state_note: str | None
    starts_at: datetime | None
    start_has_passed: bool
    """Of a draft: it needs another start before it can be submitted."""
    updated_at: datetime


class CampaignPage(BaseModel):
    items: list[CampaignRow]
    next_cursor: int | None
    """Pass as `before` to read on; null at the end."""


class CampaignView(CampaignRow):
    brief: CampaignBrief | dict[str, Any]
    """As it is stored, where this version of the program cannot read it."""
    approval: ApprovalState | None
    """Where the newest request stands; null when nobody asked."""
    fingerprint: str | None
    """Of what the newest request is about: a decision names it."""


class ApprovalRow(BaseModel):
    id: int
    kind: Literal["campaign", "journey"]
    subject_id: int
    """Of the campaign, or of the version of the journey."""
    name: str
    campaign_id: int | None
    campaign: str | None
    """Null for a journey."""
    requested_by: str
    requested_at: datetime
    expires_at: datetime
    facts: dict[str, Any]
    """What is to be approved: audience, copy, cost, dates."""
    fingerprint: str
    """Of exactly that: `approve` and `reject` name it."""


class Changes(Body):
    changes: dict[str, Any] = Field(min_length=1, examples=[{"channels": ["sms"], "holdout_pct": 15}])
    confirm: bool = False
    """Needed to change what is not a draft of your own: an approval asked for or given becomes void."""


class Submission(Body):
    start: MomentIn | None = None
    """Another start, local wall time without a zone."""
    confirm: bool = False
    """Needed for another start of what is not a draft of your own."""


class Preview(Body):
    member: str = Field(min_length=1, max_length=200, examples=["Zhang Min"])
    """Name or number."""
    step: Name | None = None
    """Key of the step; without it the first."""
    channel: Channel | None = None
    """Without it the member's own, where the step sends on it."""
    variant: Name | None = None


class MessageRow(BaseModel):
    message_id: int
    member_id: int
    member_name: str
    channel: str
    step_key: str
    state: str
    reason: str | None
    due_at: datetime
    sent_at: datetime | None
    address: str | None
    subject: str | None
    body: str | None
    html: str | None


class MessagePage(BaseModel):
    total: int
    items: list[MessageRow]
    next_cursor: str | None = None
    """Pass as `after` to read on; null at the end."""


@router.get("/campaigns")
def list_campaigns(
    actor: SignedIn,
    nurture: TheNurture,
    state: JourneyState | None = None,
    end_reason: EndReason | None = None,
    before: Annotated[RowId | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> CampaignPage:
    """The newest first."""
    with read_only(nurture.sessions) as session:
        found = [c for c in service.list_campaigns(session, state) if before is None or c.id < before]
        found = [campaign for campaign in found if end_reason in (None, campaign.end_reason)]
        local_now = nurture.clock.now().astimezone(get_workspace(session).zone)
    page = found[:limit]
    next_cursor = page[-1].id if len(found) > limit else None
    return CampaignPage(items=[CampaignRow(**_row(campaign, local_now)) for campaign in page], next_cursor=next_cursor)


@router.post("/campaigns", status_code=201)
def create_draft(
    brief: CampaignBrief,
    actor: SignedIn,
    nurture: TheNurture,
    idempotency_key: Annotated[str | None, Header(max_length=200)] = None,
) -> CampaignView:
    """Save a draft; nothing is sent. The same Idempotency-Key returns the first draft."""
    request_id = f"api:{actor.account_id}:{idempotency_key or uuid4().hex}"
    with unit_of_work(nurture.sessions) as session:
        now = nurture.clock.now()
        made = service.create_draft(session, brief=brief, actor=actor, request_id=request_id, now=now, catalog=CATALOG)
        return _view(session, made, now)


@router.get("/campaigns/{campaign}")
def show_campaign(campaign: str, actor: SignedIn, nurture: TheNurture) -> CampaignView:
    with read_only(nurture.sessions) as session:
        return _view(session, service.find_campaign(session, campaign), nurture.clock.now())


@router.patch("/campaigns/{campaign}")
def change_draft(campaign: str, body: Changes, actor: SignedIn, nurture: TheNurture) -> CampaignView:
    """Replace parts of the brief. What is not a draft of your own changes only with `confirm`."""

    def work(session: Session, found: Campaign, now: datetime) -> Campaign:
        return service.change_draft(
            session,
            found.id,
            changes=body.changes,
            actor=actor,
            now=now,
            catalog=CATALOG,
            confirmed=Confirmed() if body.confirm else None,
        )

    return _changed(nurture, campaign, work)


@router.get("/campaigns/{campaign}/plan")
def plan(campaign: str, actor: SignedIn, nurture: TheNurture) -> CampaignPlan:
    """What the campaign would do if it were launched, counted now."""
    require(actor, Permission.READ_MEMBERS)
    now = nurture.clock.now()
    with read_only(nurture.sessions) as session:
        found = service.find_campaign(session, campaign)
        return compute_plan(session, service.brief_of(found), campaign_scope(session, found, CATALOG, now), now)


@router.post("/campaigns/{campaign}/preview")
def preview(campaign: str, body: Preview, actor: SignedIn, nurture: TheNurture) -> MessagePreview:
    """What one member would read. Nothing is sent or written, and the gate is not asked."""
    with read_only(nurture.sessions) as session:
        found = service.find_campaign(session, campaign)
        return preview_message(
            session,
            service.brief_of(found),
            member=body.member,
            step=body.step,
            channel=body.channel,
            variant=body.variant,
            actor=actor,
            links=nurture.links,
            now=nurture.clock.now(),
        )


@router.post("/campaigns/{campaign}/submit")
def submit(campaign: str, body: Submission, actor: SignedIn, nurture: TheNurture) -> CampaignView:
    """Ask for approval of the campaign as it stands."""

    def work(session: Session, found: Campaign, now: datetime) -> Campaign:
        confirmed = Confirmed() if body.confirm else None
        service.submit(session, found.id, actor=actor, now=now, catalog=CATALOG, start=body.start, confirmed=confirmed)
        return found

    return _changed(nurture, campaign, work)


@router.post("/campaigns/{campaign}/approve")
def approve(campaign: str, body: Decision, actor: SignedIn, nurture: TheNurture) -> CampaignView:
    """Approve what was shown, by its fingerprint; whoever had a hand in it cannot. 409 says what changed since."""
    return _changed(nurture, campaign, _decision(service.approve, actor, body))


@router.post("/campaigns/{campaign}/reject")
def reject(campaign: str, body: Decision, actor: SignedIn, nurture: TheNurture) -> CampaignView:
    return _changed(nurture, campaign, _decision(service.reject, actor, body))


@router.post("/campaigns/{campaign}/pause")
def pause(campaign: str, actor: SignedIn, nurture: TheNurture) -> CampaignView:
    return _changed(nurture, campaign, _operation(service.pause, actor))


@router.post("/campaigns/{campaign}/resume")
def resume(campaign: str, actor: SignedIn, nurture: TheNurture) -> CampaignView:
    return _changed(nurture, campaign, _operation(service.resume, actor))


@router.post("/campaigns/{campaign}/cancel")
def cancel(campaign: str, actor: SignedIn, nurture: TheNurture) -> CampaignView:
    return _changed(nurture, campaign, _operation(service.cancel, actor))


@router.get("/campaigns/{campaign}/monitor")
def show_monitor(campaign: str, actor: SignedIn, nurture: TheNurture) -> CampaignMonitor:
    """Where every message is; the parts add up at any moment."""
    with read_only(nurture.sessions) as session:
        return monitor(session, service.find_campaign(session, campaign).id, nurture.clock.now())


@router.get("/campaigns/{campaign}/audience-changes")
def list_audience_changes(
    campaign: str, actor: SignedIn, nurture: TheNurture, limit: Annotated[int, Query(ge=0, le=200)] = 50
) -> WhoChanged | None:
    """Who is selected now, or was at the launch, and was not when approval was asked for; and the other way round.

    Counts are of all members, the names the first of each, a CSM's own alone. Null for what nobody asked about.
    """
    with read_only(nurture.sessions) as session:
        found = service.find_campaign(session, campaign)
        return who_changed(session, found, CATALOG, actor=actor, now=nurture.clock.now(), limit=limit)


@router.get("/campaigns/{campaign}/messages")
def list_messages(
    campaign: str,
    actor: SignedIn,
    nurture: TheNurture,
    after: Cursor = None,
    offset: Offset = 0,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> MessagePage:
    """The campaign's ledger, message by message; addresses are masked unless the reader may see them."""
    with read_only(nurture.sessions) as session:
        found = service.find_campaign(session, campaign)
        page = browse_ledger(
            session, found.journey_id, LedgerFilter(offset=offset, after=after, limit=limit), actor=actor
        )
    items = [MessageRow(**vars(line)) for line in page.lines]
    return MessagePage(total=page.total, items=items, next_cursor=page.next_cursor)


@router.get("/approvals")
def list_approvals(actor: SignedIn, nurture: TheNurture) -> list[ApprovalRow]:
    """What waits for a decision, oldest first."""
    with read_only(nurture.sessions) as session:
        return [_approval(session, approval) for approval in pending_approvals(session, nurture.clock.now())]


def _approval(session: Session, approval: Approval) -> ApprovalRow:
    is_journey = approval.subject_kind == JOURNEY
    name = CATALOG.approvables[approval.subject_kind].name(session, approval.subject_id)
    return ApprovalRow(
        id=approval.id,
        kind="journey" if is_journey else "campaign",
        subject_id=approval.subject_id,
        name=name,
        campaign_id=None if is_journey else approval.subject_id,
        campaign=None if is_journey else name,
        requested_by=session.get_one(Account, approval.requested_by).display_name,
        requested_at=approval.requested_at,
        expires_at=approval.expires_at,
        facts=approval.facts,
        fingerprint=approval.fingerprint,
    )


Work = Callable[[Session, Campaign, datetime], Campaign]


def _changed(nurture: Nurture, name: str, work: Work) -> CampaignView:
    with unit_of_work(nurture.sessions) as session:
        now = nurture.clock.now()
        return _view(session, work(session, service.find_campaign(session, name), now), now)


def _decision(decide: Callable[..., Campaign], actor: Actor, body: Decision) -> Work:
    def work(session: Session, found: Campaign, now: datetime) -> Campaign:
        return decide(session, found.id, fingerprint=body.fingerprint, actor=actor, now=now, note=body.note)

    return work


def _operation(operate: Callable[..., Campaign], actor: Actor) -> Work:
    return lambda session, found, now: operate(session, found.id, actor=actor, now=now)


def _row(campaign: Campaign, local_now: datetime) -> dict[str, Any]:
    passed = needs_new_start(campaign, local_now)
    stored = {field: getattr(campaign, field) for field in CampaignRow.model_fields if field != "start_has_passed"}
    return {**stored, "start_has_passed": passed}


def _view(session: Session, campaign: Campaign, now: datetime) -> CampaignView:
    local_now = now.astimezone(get_workspace(session).zone)
    approval = approval_for(session, service.SUBJECT_KIND, campaign.id)
    try:
        brief: CampaignBrief | dict[str, Any] = service.brief_of(campaign)
    except Unreadable:
        brief = campaign.brief
    return CampaignView(
        **_row(campaign, local_now),
        brief=brief,
        approval=None if approval is None else approval.state,
        fingerprint=None if approval is None else approval.fingerprint,
    )
