"""The kind `campaign`: what its approval binds and shows, what it checks before it starts, and when it is over."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.access.actor import Actor, Permission
from crm.access.approvable import Parts
from crm.campaigns.audience import SUBJECT_KIND, audience_ids, audience_json
from crm.campaigns.brief import CampaignBrief
from crm.campaigns.brief_to_spec import start_moment
from crm.campaigns.copywriting import complete_copy
from crm.campaigns.drafts import PreparedBrief, prepare_brief, store_brief
from crm.campaigns.fingerprint import campaign_parts
from crm.campaigns.lookup import brief_of, get_campaign
from crm.campaigns.models import Campaign
from crm.campaigns.plan import CampaignPlan, plan_of
from crm.clock import day_end
from crm.errors import InvalidRequest, NotFound
from crm.journeys.approval import approvable_of
from crm.journeys.kind import Kind, Shown, Subject
from crm.journeys.prepare import Prepared, Stage
from crm.journeys.schedulers.planned.scheduler import PLANNED
from crm.outreach.models import Message
from crm.segments.approved import segments_in_words
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


def _find(session: Session, campaign_id: int, lock: bool) -> Subject[Campaign]:  # noqa: FBT001 - as `Kind.find` says
    campaign = get_campaign(session, campaign_id, lock=lock)
    return Subject(SUBJECT_KIND, campaign.id, campaign.journey, campaign)


def _id_of(session: Session, journey_id: int) -> int:
    campaign_id = session.scalar(select(Campaign.id).where(Campaign.journey_id == journey_id))
    if campaign_id is None:
        raise NotFound(f"no campaign stands on journey {journey_id}")
    return campaign_id


def _parts(session: Session, campaign: Campaign) -> Parts:
    return campaign_parts(session, brief_of(campaign))


def _definitions(campaign: Campaign) -> dict[str, Any]:
    return audience_json(brief_of(campaign))


def _start_of(session: Session, campaign: Campaign) -> datetime | None:
    return start_moment(brief_of(campaign), get_workspace(session))


def _prepare(
    session: Session, campaign: Campaign, scope: SegmentScope, people: Sequence[Actor], stage: Stage, now: datetime
) -> Prepared:
    made = prepare_brief(session, brief_of(campaign), scope, people=people, now=now, stage=stage)
    if stage is Stage.SUBMIT and not made.prepared.findings:
        store_brief(session, campaign, made, now)
        session.flush()
    return made.prepared


def _shown(session: Session, campaign: Campaign, prepared: Prepared, scope: SegmentScope, now: datetime) -> Shown:
    """Plan it anew; raises InvalidRequest when nobody would get a message."""
    brief = brief_of(campaign)
    plan = plan_of(session, PreparedBrief(brief, prepared), scope, now)
    _refuse_empty(plan)
    campaign.plan = plan.model_dump(mode="json")
    facts = {
        **brief.model_dump(mode="json"),
        **plan.model_dump(mode="json", include=_SHOWN),
        "copy": [copy.model_dump(mode="json") for copy in complete_copy(brief)],
        "segments": segments_in_words(scope, brief.language),
    }
    selected = audience_ids(prepared.entry, scope)
    return Shown(facts, {"audience_count": plan.audience_count}, selected)


def _refuse_empty(plan: CampaignPlan) -> None:
    if plan.audience_count == 0:
        raise InvalidRequest(f"nobody fits the audience now: {plan.read_back}", path="audience")
    if plan.total_messages == 0:
        most = max(plan.exclusions, key=lambda exclusion: exclusion.count)
        raise InvalidRequest(
            f"none of the {plan.audience_count} members would get a message; "
            f"most are left out on {most.channel} because of {most.reason}"
        )


def _ends_at(session: Session, campaign: Campaign, now: datetime) -> datetime:
    """When the attribution window of its last message, or of its offers, closes."""
    brief = brief_of(campaign)
    due = select(func.max(Message.due_at)).where(Message.journey_id == campaign.journey_id)
    last_due = session.scalar(due) or campaign.starts_at or now
    return max(last_due, _offers_end(session, brief) or last_due) + timedelta(days=brief.attribution_window_days)


def _offers_end(session: Session, brief: CampaignBrief) -> datetime | None:
    return None if brief.end is None else day_end(brief.end, get_workspace(session).zone)


KIND: Kind[Campaign] = Kind(
    name=SUBJECT_KIND,
    scheduler=PLANNED,
    find=_find,
    id_of=_id_of,
    parts=_parts,
    definitions=_definitions,
    start_of=_start_of,
    prepare=_prepare,
    shown=_shown,
    ends_at=_ends_at,
)
CAMPAIGN = approvable_of(KIND, Permission.APPROVE_CAMPAIGN)
