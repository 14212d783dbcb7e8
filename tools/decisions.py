"""Tools that move a campaign on: towards approval, through it, and while it runs.

All give content {"campaign_id": 12, "name": "Tea Club Reboot", "state": "awaiting_approval",
"starts_at": "2026-06-05T10:00", "summary": "Submit Tea Club Reboot for approval: ..."}; the artifact adds
`brief` and `plan`, as every campaign card has them.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import Field

from crm.access.actor import Permission
from crm.access.approvals import approval_for
from crm.access.models import Approval
from crm.campaigns import service
from crm.campaigns.audience import SUBJECT_KIND
from crm.campaigns.models import Campaign
from crm.campaigns.plan import CampaignPlan
from crm.catalog import CATALOG
from crm.journeys.reopening import mark_of
from crm.outreach.models import JourneyState
from crm.reading.fields import MomentIn
from crm.reports.words import channel_words, money_words
from crm.workspace import get_workspace
from tools.base import Effect, Language, Tool, ToolContext, ToolResult
from tools.campaign_cards import campaign_card, plan_of, standing_of
from tools.campaigns import CampaignArgs, effect_of_change

_SUMMARIES: dict[str, Mapping[Language, str]] = {
    "submit": {
        "en": "Ask for approval of {name}: {facts}. Nothing is sent before somebody else approves it.",
        "zh": "提交 {name} 审批：{facts}。由他人批准之前不会发送任何消息。",
    },
    "resubmit": {
        "en": "Ask anew for approval of {name}, as what was asked for or given before becomes void: {facts}. Nothing "
        "is sent before somebody else approves it.",
        "zh": "重新提交 {name} 审批（原审批作废）：{facts}。由他人批准之前不会发送任何消息。",
    },
    "approve": {
        "en": "Approve {name}: {facts}. It is sent without further questions.",
        "zh": "批准 {name}：{facts}。批准后将自动发送。",
    },
    "reject": {
        "en": "Reject {name}; it becomes a draft again with your reason beside it.",
        "zh": "驳回 {name}，退回为草稿并附上您的理由。",
    },
    "pause": {
        "en": "Pause {name}; messages not handed over yet stay back until it is resumed.",
        "zh": "暂停 {name}，尚未发出的消息将保留到恢复为止。",
    },
    "resume": {
        "en": "Resume {name}; it goes on where it was paused, and what became too late is left out.",
        "zh": "恢复 {name}，从暂停处继续；已超过时限的消息将被排除。",
    },
    "cancel": {
        "en": "Cancel {name} for good; no further message goes out.",
        "zh": "永久取消 {name}，不再发送任何消息。",
    },
}
_FACTS: Mapping[Language, str] = {
    "en": "{members:,} members, {messages:,} messages by {channels}, start {start}, sending costs {cost}",
    "zh": "{members:,} 位会员，{messages:,} 条消息（{channels}），{start} 开始，发送成本 {cost}",
}


class SubmitCampaignArgs(CampaignArgs):
    start: MomentIn | None = Field(default=None, description="Another start: local time, e.g. 2026-06-05T10:00.")


class ScheduleCampaignArgs(CampaignArgs):
    at: MomentIn = Field(description="The start: local time without a zone, e.g. 2026-06-04T10:30.")


class ApproveCampaignArgs(CampaignArgs):
    note: str | None = Field(default=None, max_length=500, description="What the approver wants to say with it.")


class RejectCampaignArgs(CampaignArgs):
    note: str = Field(min_length=1, max_length=500, description="Why, in the person's words; ask if none was given.")


def submit_campaign(ctx: ToolContext, args: SubmitCampaignArgs) -> ToolResult:
    return _submitted(ctx, args.campaign, args.start)


def schedule_campaign(ctx: ToolContext, args: ScheduleCampaignArgs) -> ToolResult:
    return _submitted(ctx, args.campaign, args.at)


def _submitted(ctx: ToolContext, name: str, start: datetime | None) -> ToolResult:
    campaign = service.find_campaign(ctx.session, name)
    mark = mark_of(campaign.journey, campaign.brief)
    move = "submit" if campaign.state is JourneyState.DRAFT else "resubmit"
    approval = service.submit(
        ctx.session,
        campaign.id,
        actor=ctx.actor,
        now=ctx.now,
        catalog=CATALOG,
        start=start,
        confirmed=ctx.confirmed,
    )
    return _moved(ctx, campaign, move, approval, mark=mark)


def _effect_of_scheduling(ctx: ToolContext, args: ScheduleCampaignArgs) -> Effect:
    """Another start is a change: of everything but the person's own draft it has to be confirmed."""
    effect = effect_of_change(ctx, args)
    return Effect.REACH if effect is Effect.DRAFT else effect


def approve_campaign(ctx: ToolContext, args: ApproveCampaignArgs) -> ToolResult:
    campaign = service.find_campaign(ctx.session, args.campaign)
    shown = _shown(ctx, campaign)
    service.approve(ctx.session, campaign.id, fingerprint=shown, actor=ctx.actor, now=ctx.now, note=args.note)
    return _moved(ctx, campaign, "approve", mark=shown)


def reject_campaign(ctx: ToolContext, args: RejectCampaignArgs) -> ToolResult:
    campaign = service.find_campaign(ctx.session, args.campaign)
    shown = _shown(ctx, campaign)
    service.reject(ctx.session, campaign.id, fingerprint=shown, actor=ctx.actor, now=ctx.now, note=args.note)
    return _moved(ctx, campaign, "reject", mark=shown)


def _shown(ctx: ToolContext, campaign: Campaign) -> str:
    """The fingerprint of what the question showed; while it is being asked, of what waits now."""
    if ctx.confirmed is not None and ctx.confirmed.seen is not None:
        return ctx.confirmed.seen
    approval = approval_for(ctx.session, SUBJECT_KIND, campaign.id)
    return "" if approval is None else approval.fingerprint


def pause_campaign(ctx: ToolContext, args: CampaignArgs) -> ToolResult:
    campaign = service.find_campaign(ctx.session, args.campaign)
    service.pause(ctx.session, campaign.id, actor=ctx.actor, now=ctx.now)
    return _moved(ctx, campaign, "pause")


def resume_campaign(ctx: ToolContext, args: CampaignArgs) -> ToolResult:
    campaign = service.find_campaign(ctx.session, args.campaign)
    service.resume(ctx.session, campaign.id, actor=ctx.actor, now=ctx.now)
    return _moved(ctx, campaign, "resume")


def cancel_campaign(ctx: ToolContext, args: CampaignArgs) -> ToolResult:
    campaign = service.find_campaign(ctx.session, args.campaign)
    service.cancel(ctx.session, campaign.id, actor=ctx.actor, now=ctx.now)
    return _moved(ctx, campaign, "cancel")


def _moved(
    ctx: ToolContext, campaign: Campaign, move: str, approval: Approval | None = None, *, mark: str | None = None
) -> ToolResult:
    plan = plan_of(ctx, campaign)
    facts = _facts(ctx, plan) if plan and "{facts}" in _SUMMARIES[move][ctx.language] else ""
    zone = get_workspace(ctx.session).zone
    content = {
        "campaign_id": campaign.id,
        "name": campaign.name,
        **standing_of(campaign.journey),
        "starts_at": f"{campaign.starts_at.astimezone(zone):%Y-%m-%dT%H:%M}" if campaign.starts_at else None,
        "summary": _SUMMARIES[move][ctx.language].format(name=campaign.name, facts=facts),
    }
    card = campaign_card(ctx, campaign, plan)
    return ToolResult(
        content=content,
        artifact={**card.artifact, **content},
        approval_id=approval.id if approval else None,
        mark=mark,
    )


def _facts(ctx: ToolContext, plan: CampaignPlan) -> str:
    channels = {day.channel for day in plan.messages_per_day}
    starts_at = plan.starts_at.astimezone(get_workspace(ctx.session).zone)
    return _FACTS[ctx.language].format(
        members=plan.audience_count,
        messages=plan.total_messages,
        channels=", ".join(channel_words(channel).in_language(ctx.language) for channel in sorted(channels)),
        start=f"{starts_at:%Y-%m-%d %H:%M}",
        cost=money_words(plan.cost_cents, plan.currency),
    )


SUBMIT_CAMPAIGN = Tool(
    "submit_campaign",
    SubmitCampaignArgs,
    Effect.WRITE,
    Permission.SUBMIT_CAMPAIGN,
    submit_campaign,
    "Asks a manager to approve a campaign as it stands. Use schedule_campaign when a start is named. "
    'Example: {"campaign": "Tea Club Reboot"}.',
)
SCHEDULE_CAMPAIGN = Tool(
    "schedule_campaign",
    ScheduleCampaignArgs,
    Effect.REACH,
    Permission.SUBMIT_CAMPAIGN,
    schedule_campaign,
    "Sets the start of a campaign and asks for its approval at once; it starts only when somebody else approved it. "
    'Use it for "schedule", "launch", "send it on". '
    'Example: {"campaign": "Tea Club Reboot", "at": "2026-06-04T10:30"}.',
    effect_of=_effect_of_scheduling,
)
APPROVE_CAMPAIGN = Tool(
    "approve_campaign",
    ApproveCampaignArgs,
    Effect.WRITE,
    Permission.APPROVE_CAMPAIGN,
    approve_campaign,
    "Approves a campaign that waits for approval, in the name of the person who speaks; never of one's own. "
    'Example: {"campaign": "Platinum Win-back"}.',
)
REJECT_CAMPAIGN = Tool(
    "reject_campaign",
    RejectCampaignArgs,
    Effect.WRITE,
    Permission.APPROVE_CAMPAIGN,
    reject_campaign,
    'Sends a campaign back to its author with a reason. Example: {"campaign": "Platinum Win-back", '
    '"note": "too expensive"}.',
)
PAUSE_CAMPAIGN = Tool(
    "pause_campaign",
    CampaignArgs,
    Effect.WRITE,
    Permission.OPERATE_CAMPAIGN,
    pause_campaign,
    'Holds back what has not been sent yet; it can be resumed. Example: {"campaign": "Summer Skincare"}.',
)
RESUME_CAMPAIGN = Tool(
    "resume_campaign",
    CampaignArgs,
    Effect.WRITE,
    Permission.OPERATE_CAMPAIGN,
    resume_campaign,
    'Goes on with a paused campaign, which was approved before. Example: {"campaign": "Summer Skincare"}.',
)
CANCEL_CAMPAIGN = Tool(
    "cancel_campaign",
    CampaignArgs,
    Effect.WRITE,
    Permission.OPERATE_CAMPAIGN,
    cancel_campaign,
    'Ends a campaign for good; pause_campaign can be undone, this cannot. Example: {"campaign": "Tea Club Reboot"}.',
)
DECISION_TOOLS: tuple[Tool[Any], ...] = (
    SUBMIT_CAMPAIGN,
    SCHEDULE_CAMPAIGN,
    APPROVE_CAMPAIGN,
    REJECT_CAMPAIGN,
    PAUSE_CAMPAIGN,
    RESUME_CAMPAIGN,
    CANCEL_CAMPAIGN,
)
