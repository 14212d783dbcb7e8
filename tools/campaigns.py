"""Tools over campaigns before and while they run: draft, change, plan, look, watch."""

from typing import Any

from pydantic import Field, JsonValue

from crm.access.actor import Permission
from crm.access.approvals import approval_for
from crm.access.models import Account
from crm.campaigns import service
from crm.campaigns.brief import CampaignBrief, Copy, Language, Offer, Step, parse_brief
from crm.campaigns.models import Campaign
from crm.campaigns.monitor import monitor
from crm.catalog import CATALOG
from crm.channels import ChannelChoice
from crm.errors import Conflict
from crm.journeys.reopening import is_own_draft, mark_of
from crm.outreach.models import EndReason, JourneyState
from crm.outreach.priority import Priority
from crm.reading.fields import DayIn, MomentIn
from crm.workspace import get_workspace
from tools.base import Effect, Tool, ToolArgs, ToolContext, ToolResult
from tools.campaign_cards import ROWS_FOR_MODEL, campaign_card, find_lessons, plan_of, standing_of
from tools.changes import changes_between, fenced, summary_of_change
from tools.fence import fence

LISTED_FOR_MODEL = 20
LISTED_ON_CARD = 100


class CampaignArgs(ToolArgs):
    campaign: str = Field(min_length=1, max_length=80, description="The campaign's name or id.")


class ListCampaignsArgs(ToolArgs):
    state: JourneyState | EndReason | None = Field(
        default=None, description="Only campaigns in this state; of those that ended, only for this reason."
    )


class BriefChanges(ToolArgs):
    """The parts of a brief. Only what is given is set."""

    name: str | None = Field(default=None, min_length=1, max_length=80)
    goal: str | None = Field(default=None, max_length=200, description="What it is for, e.g. win-back.")
    audience: dict[str, JsonValue] | None = Field(default=None, description="A segment definition.")
    exclude_campaigns: tuple[str, ...] | None = Field(default=None, description="Leave out who was in these.")
    channels: tuple[ChannelChoice, ...] | None = Field(
        default=None, description='"preferred" alone: each member\'s own channel.'
    )
    offers: tuple[Offer, ...] | None = Field(
        default=None,
        description='E.g. [{"kind": "amount_off", "value": 50, "min_spend": 300}]; "percent_off" 15 is 15% off.',
    )
    start: MomentIn | None = Field(default=None, description="Local time without a zone, e.g. 2026-06-05T10:00.")
    end: DayIn | None = Field(default=None, description="Last day on which the offers hold.")
    steps: tuple[Step, ...] | None = Field(
        default=None, description='Several sendings, e.g. [{"key": "first"}, {"key": "reminder", "offset_days": 3}].'
    )
    holdout_pct: float | None = Field(default=None, description="Share that gets nothing, to measure the effect.")
    holdout_waiver: str | None = Field(default=None, description="Why there is no holdout, when there is none.")
    budget_cents: int | None = Field(default=None, gt=0, description="Budget in minor units: 50000 is 500.00.")
    attribution_window_days: int | None = None
    priority: Priority | None = Field(
        default=None, description="care goes before campaigns within the caps; service is held back by no cap."
    )
    copy_texts: tuple[Copy, ...] | None = Field(
        default=None,
        description="Words of the messages, by channel; a subject or body that is not given stays or is written.",
    )
    language: Language | None = Field(default=None, description="Language of the messages.")


class DraftCampaignArgs(BriefChanges):
    audience: dict[str, JsonValue] = Field(description="Who gets it: a segment definition.")
    channels: tuple[ChannelChoice, ...] = Field(min_length=1, description='"preferred" alone: each member\'s own.')


class ChangeCampaignArgs(CampaignArgs):
    changes: BriefChanges = Field(description="Only the parts that change; offers, channels and steps replace the old.")


def draft_campaign(ctx: ToolContext, args: DraftCampaignArgs) -> ToolResult:
    """Content and artifact: see `campaign_card`."""
    given = args.model_dump(mode="json", exclude_unset=True, exclude_none=True)
    brief = parse_brief({"language": ctx.language, **given})
    campaign = service.create_draft(
        ctx.session, brief=brief, actor=ctx.actor, request_id=_request_id(ctx), now=ctx.now, catalog=CATALOG
    )
    return _drafted(ctx, campaign)


def change_campaign(ctx: ToolContext, args: ChangeCampaignArgs) -> ToolResult:
    """Content and artifact: see `campaign_card`; "changes": what was before and what is now, [] when nothing differs;
    "summary": the same in one sentence; `approval_voided` says that an approval, asked for or given, is gone.
    """
    campaign = service.find_campaign(ctx.session, args.campaign)
    before, state, mark = service.brief_of(campaign), campaign.state, mark_of(campaign.journey, campaign.brief)
    changes = args.changes.model_dump(mode="json", exclude_unset=True)
    if args.changes.copy_texts is not None:
        changes["copy_texts"] = [copy.model_dump(mode="json") for copy in _merged(before, args.changes.copy_texts)]
    service.change_draft(
        ctx.session,
        campaign.id,
        changes=changes,
        actor=ctx.actor,
        now=ctx.now,
        catalog=CATALOG,
        confirmed=ctx.confirmed,
    )
    found = changes_between(ctx, campaign, before, service.brief_of(campaign))
    author = ctx.session.get_one(Account, campaign.author_id).display_name
    more = {
        "summary": summary_of_change(ctx, campaign, state.value, author, found),
        "approval_voided": state is not JourneyState.DRAFT and campaign.state is JourneyState.DRAFT,
    }
    drafted = _drafted(ctx, campaign, **more)
    return ToolResult({**drafted.content, "changes": fenced(found)}, {**drafted.artifact, "changes": found}, mark=mark)


def effect_of_change(ctx: ToolContext, args: CampaignArgs) -> Effect:
    """A WRITE for everything but the person's own draft."""
    own = is_own_draft(service.find_campaign(ctx.session, args.campaign).journey, ctx.actor)
    return Effect.DRAFT if own else Effect.WRITE


def _merged(brief: CampaignBrief, given: tuple[Copy, ...]) -> list[Copy]:
    """The words of the brief with those given: a part that is not given stays what it was."""
    texts = {(copy.channel, copy.variant, copy.step): copy for copy in brief.copy_texts}
    for copy in given:
        place = (copy.channel, copy.variant, copy.step)
        parts = {part: words for part in ("subject", "body") if (words := getattr(copy, part)) is not None}
        texts[place] = texts.get(place, copy).model_copy(update=parts)
    return [*texts.values()]


def _drafted(ctx: ToolContext, campaign: Campaign, **more: Any) -> ToolResult:
    lessons = find_lessons(ctx, service.brief_of(campaign))
    return campaign_card(ctx, campaign, plan_of(ctx, campaign), lessons=lessons, **more)


def list_campaigns(ctx: ToolContext, args: ListCampaignsArgs) -> ToolResult:
    """Content: {"total": 23, "shown": 20, "campaigns": [{"campaign_id", "name", "state", "end_reason",
    "starts_at": "2026-06-05T10:00"}]}, the newest first. Artifact: the same with up to 100.
    """
    found = service.list_campaigns(ctx.session, args.state)
    zone = get_workspace(ctx.session).zone
    rows = [
        {
            "campaign_id": campaign.id,
            "name": campaign.name,
            **standing_of(campaign.journey),
            "starts_at": f"{campaign.starts_at.astimezone(zone):%Y-%m-%dT%H:%M}" if campaign.starts_at else None,
        }
        for campaign in found[:LISTED_ON_CARD]
    ]
    few = rows[:LISTED_FOR_MODEL]
    return ToolResult(
        content={"total": len(found), "shown": len(few), "campaigns": few},
        artifact={"total": len(found), "shown": len(rows), "campaigns": rows},
    )


def show_campaign(ctx: ToolContext, args: CampaignArgs) -> ToolResult:
    """Content and artifact: see `campaign_card`, with "author" and "approval": {"state", "requested_at",
    "expires_at", "note"} or null.
    """
    campaign = service.find_campaign(ctx.session, args.campaign)
    approval = approval_for(ctx.session, service.SUBJECT_KIND, campaign.id)
    author = ctx.session.get_one(Account, campaign.author_id)
    facts = approval and {
        "state": approval.state.value,
        "requested_at": approval.requested_at.isoformat(),
        "expires_at": approval.expires_at.isoformat(),
        "note": fence(approval.note),
    }
    return campaign_card(ctx, campaign, plan_of(ctx, campaign), author=author.display_name, approval=facts)


def plan_campaign(ctx: ToolContext, args: CampaignArgs) -> ToolResult:
    """Content and artifact: see `campaign_card`; the plan is counted anew as of now."""
    campaign = service.find_campaign(ctx.session, args.campaign)
    plan = plan_of(ctx, campaign, is_fresh=True)
    if plan is None:
        raise Conflict(f"{campaign.name} was imported from another system and has no plan; ask for its review")
    return campaign_card(ctx, campaign, plan, lessons=find_lessons(ctx, service.brief_of(campaign)))


def monitor_campaign(ctx: ToolContext, args: CampaignArgs) -> ToolResult:
    """Content: {"campaign_id", "name", "state", "end_reason", "as_of", "members", "holdout", "counts": {"planned",
    "pending", "delivered", "failed", "unknown", "excluded"}, "adds_up": true, "members_reached", "coverage": 0.83,
    "conversions", "conversion_rate", "conversion_definition", "by_channel": [{"channel", "counts", "coverage",
    "open_rate", "click_rate", "unsubscribed", ...}], "exclusions": [{"channel", "reason", "count"}],
    "timeseries": the last rows}. Shares from 0 to 1. Artifact: {"monitor": all of it}.
    """
    campaign = service.find_campaign(ctx.session, args.campaign)
    found = monitor(ctx.session, campaign.id, ctx.now).model_dump(mode="json")
    content = {**found, "timeseries": found["timeseries"][-ROWS_FOR_MODEL:]}
    return ToolResult(content=content, artifact={"campaign_id": campaign.id, "monitor": found})


def _request_id(ctx: ToolContext) -> str:
    return f"{ctx.thread_id}:{ctx.call_id}"


DRAFT_CAMPAIGN = Tool(
    "draft_campaign",
    DraftCampaignArgs,
    Effect.DRAFT,
    Permission.DRAFT_CAMPAIGN,
    draft_campaign,
    "Makes a draft campaign with its computed plan and the lessons that apply. Nothing is sent or scheduled. Use it "
    "when somebody wants to write to members; ask first when the audience or the channel is not clear. Consent, "
    "blacklist and caps are checked at sending anyway: put them into the audience only if asked to. Example: "
    '{"goal": "win-back", "audience": {"all": [{"field": "tier", "op": "in", "value": ["platinum"]}]}, '
    '"channels": ["email", "sms"], "offers": [{"kind": "amount_off", "value": 50}], "start": "2026-06-05T10:00"}.',
)
CHANGE_CAMPAIGN = Tool(
    "change_campaign",
    ChangeCampaignArgs,
    Effect.DRAFT,
    Permission.DRAFT_CAMPAIGN,
    change_campaign,
    "Changes parts of a campaign that has not started and plans it again. One that awaits approval or is scheduled, or "
    "that is somebody else's draft, changes only after the person's yes; its approval becomes void. Example: "
    '{"campaign": "Tea Club Reboot", "changes": {"offers": [{"kind": "percent_off", "value": 15}]}}.',
    effect_of=effect_of_change,
)
LIST_CAMPAIGNS = Tool(
    "list_campaigns",
    ListCampaignsArgs,
    Effect.READ,
    Permission.READ_MEMBERS,
    list_campaigns,
    'Campaigns by name and state, the newest first. Example: {"state": "running"}.',
)
SHOW_CAMPAIGN = Tool(
    "show_campaign",
    CampaignArgs,
    Effect.READ,
    Permission.READ_MEMBERS,
    show_campaign,
    "One campaign: its brief, its plan, who made it and where its approval stands. "
    'Example: {"campaign": "Tea Club Reboot"}.',
)
PLAN_CAMPAIGN = Tool(
    "plan_campaign",
    CampaignArgs,
    Effect.READ,
    Permission.READ_MEMBERS,
    plan_campaign,
    "What a campaign would do if it were launched: audience, exclusions by reason, messages per day, cost, benefits "
    "needed against stock, conflicts. Use it for questions before the start; monitor_campaign for those after. "
    'Example: {"campaign": "Tea Club Reboot"}.',
)
MONITOR_CAMPAIGN = Tool(
    "monitor_campaign",
    CampaignArgs,
    Effect.READ,
    Permission.READ_MEMBERS,
    monitor_campaign,
    "Where a launched campaign stands: messages by state, coverage, opens, clicks, conversions, exclusions by reason, "
    'days. For its effect use review_campaign. Example: {"campaign": "Summer Skincare"}.',
)
CAMPAIGN_TOOLS: tuple[Tool[Any], ...] = (
    DRAFT_CAMPAIGN,
    CHANGE_CAMPAIGN,
    LIST_CAMPAIGNS,
    SHOW_CAMPAIGN,
    PLAN_CAMPAIGN,
    MONITOR_CAMPAIGN,
)
