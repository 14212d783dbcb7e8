"""What the approval of a campaign is about: what it binds, what is shown with it, and what a decision does."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from crm.access import approvals
from crm.access.actor import Actor, Permission
from crm.access.approvable import Approvable, Awaited, Parts
from crm.access.models import Approval
from crm.access.policy import get_policy
from crm.access.selection import store_selection
from crm.campaigns.audience import SUBJECT_KIND, audience_definition, audience_ids, audience_json
from crm.campaigns.brief import CampaignBrief
from crm.campaigns.brief_to_spec import start_moment
from crm.campaigns.copywriting import complete_copy
from crm.campaigns.fingerprint import campaign_parts
from crm.campaigns.lookup import brief_of, get_campaign, require_state
from crm.campaigns.models import Campaign
from crm.campaigns.plan import CampaignPlan
from crm.errors import Conflict
from crm.outreach.models import Journey, JourneyState
from crm.segments.approved import bind_audience, segments_in_words
from crm.segments.scope import SegmentScope
from crm.workspace import get_workspace

_SHOWN = {
    "audience_count",
    "read_back",
    "holdout_count",
    "total_messages",
    "cost_cents",
    "benefit_cost_cents",
    "budget_verdict",
    "benefits",
    "exclusions",
    "conflicts",
    "warnings",
    "currency",
    "starts_at",
    "last_message_at",
}


def bound_of(session: Session, brief: CampaignBrief, author_id: int) -> dict[str, Any]:
    """Everything that an approval binds, with the audience resolved to the bottom, but for its size."""
    return {**campaign_parts(session, brief), **bind_audience(session, author_id, audience_json(brief))}


def ask_for_approval(
    session: Session,
    campaign: Campaign,
    brief: CampaignBrief,
    plan: CampaignPlan,
    bound: Parts,
    scope: SegmentScope,
    *,
    actor: Actor,
    now: datetime,
) -> Approval:
    """Request it for what `bound` and `plan` say, and write down who is selected in the `scope` of it."""
    copies = [copy.model_dump(mode="json") for copy in complete_copy(brief)]
    approval = approvals.request_approval(
        session,
        subject_kind=SUBJECT_KIND,
        subject_id=campaign.id,
        bound={**bound, "audience_count": plan.audience_count},
        facts={
            **brief.model_dump(mode="json"),
            **plan.model_dump(mode="json", include=_SHOWN),
            "copy": copies,
            "segments": segments_in_words(scope, brief.language),
        },
        actor=actor,
        now=now,
    )
    store_selection(session, approval.id, audience_ids(audience_definition(session, brief, scope), scope))
    return approval


def _awaited(session: Session, campaign_id: int) -> Awaited[Campaign]:
    campaign = get_campaign(session, campaign_id, lock=True)
    require_state(campaign, (JourneyState.AWAITING_APPROVAL,), "decided on")
    return Awaited(campaign, campaign.id, campaign.name)


def _parts(session: Session, campaign: Campaign) -> Parts:
    return campaign_parts(session, brief_of(campaign))


def _accept(session: Session, campaign: Campaign, now: datetime) -> None:
    """It starts at its start, or at the next turn of the engine when that has come."""
    start = start_moment(brief_of(campaign), get_workspace(session)) or now
    if now - start > timedelta(hours=get_policy(session).late_limit_hours):
        raise Conflict(f"the start of {campaign.name} has passed; submit it with a new one")
    journey = campaign.journey
    journey.state, journey.note = JourneyState.SCHEDULED, None
    journey.starts_at, journey.updated_at = max(start, now), now
    session.flush()


def _send_back(session: Session, campaign_ids: Collection[int], reason: str, now: datetime) -> None:
    theirs = select(Campaign.journey_id).where(Campaign.id.in_(campaign_ids))
    back = update(Journey).where(Journey.id.in_(theirs), Journey.state == JourneyState.AWAITING_APPROVAL)
    session.execute(back.values(state=JourneyState.DRAFT, note=reason, updated_at=now))


CAMPAIGN: Approvable[Campaign] = Approvable(
    kind=SUBJECT_KIND,
    permission=Permission.APPROVE_CAMPAIGN,
    awaited=_awaited,
    parts=_parts,
    accept=_accept,
    send_back=_send_back,
)
