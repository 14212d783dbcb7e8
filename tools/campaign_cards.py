"""How a campaign looks: the full card for the interface, and the small one that a model reads."""

from collections.abc import Mapping, Sequence
from typing import Any

from crm.campaigns.audience import campaign_scope
from crm.campaigns.brief import CampaignBrief
from crm.campaigns.models import Campaign
from crm.campaigns.plan import CampaignPlan, compute_plan
from crm.campaigns.service import brief_of
from crm.catalog import CATALOG
from crm.errors import Unavailable
from crm.outreach.models import Journey, JourneyState
from crm.reports.words import money_words
from knowledge_base.port import InsightHit
from tools.base import ToolContext, ToolResult
from tools.fence import fence

LESSONS_SHOWN = 3
ROWS_FOR_MODEL = 14

BEFORE_LAUNCH = (JourneyState.DRAFT, JourneyState.AWAITING_APPROVAL, JourneyState.SCHEDULED)

BRIEF_FOR_MODEL = (
    "goal",
    "audience",
    "channels",
    "offers",
    "start",
    "end",
    "steps",
    "holdout_pct",
    "budget_cents",
    "exclude_campaigns",
    "attribution_window_days",
    "priority",
)
PLAN_FOR_MODEL = (
    "as_of",
    "audience_count",
    "read_back",
    "holdout_count",
    "eligible_by_channel",
    "total_messages",
    "deferred_messages",
    "starts_at",
    "cost_cents",
    "benefit_cost_cents",
    "budget_verdict",
    "benefits",
    "warnings",
)
PLAN_ROWS_FOR_MODEL = ("messages_per_day", "exclusions", "conflicts")


def plan_of(ctx: ToolContext, campaign: Campaign, *, is_fresh: bool = False) -> CampaignPlan | None:
    """What the campaign would do, in its author's scope; after the launch, what was planned then.

    `is_fresh` counts anew before the launch, even if the brief did not change. None for imported history.
    """
    stored = CampaignPlan.model_validate(campaign.plan) if campaign.plan is not None else None
    if campaign.state not in BEFORE_LAUNCH or (stored is not None and not is_fresh):
        return stored
    scope = campaign_scope(ctx.session, campaign, CATALOG, ctx.now)
    return compute_plan(ctx.session, brief_of(campaign), scope, ctx.now)


def standing_of(journey: Journey) -> dict[str, str | None]:
    """{"state": "ended", "end_reason": "completed" or "cancelled"}; any other state without a reason."""
    return {"state": journey.state.value, "end_reason": journey.end_reason}


def campaign_card(
    ctx: ToolContext, campaign: Campaign, plan: CampaignPlan | None, *, lessons: Sequence[InsightHit] = (), **more: Any
) -> ToolResult:
    """Content: {"campaign_id": 12, "name": "Win-back platinum 5 Jun", "state": "draft", "end_reason",
    "brief": {"goal", "audience", "channels", "offers", "start", "end", "steps", "holdout_pct", ...},
    "plan": {"as_of", "audience_count": 102, "read_back", "holdout_count", "total_messages",
    "messages_per_day": [{"day", "channel", "count"}], "exclusions": [{"channel", "reason", "count"}],
    "benefits": [{"coupon_code", "name", "needed", "stock_available", "short"}], "cost_cents", "cost": "¥10.20",
    "budget_verdict", "conflicts": [{"campaign", "shared_members"}], "warnings"},
    "lessons": [{"claim": "⟦...⟧", "state": "supported", "source": "⟦...⟧"}]}; plan is null for imported history.

    Artifact: campaign_id, name, state, end_reason, brief, plan and lessons in full.
    """
    brief = brief_of(campaign)
    head = {"campaign_id": campaign.id, "name": campaign.name, **standing_of(campaign.journey), **more}
    return ToolResult(
        content={
            **head,
            "brief": _brief_for_model(brief),
            "plan": plan_for_model(plan),
            "lessons": lessons_for_model(ctx, lessons),
        },
        artifact={
            **head,
            "brief": brief.model_dump(mode="json"),
            "plan": plan.model_dump(mode="json") if plan else None,
            "lessons": [lesson.model_dump(mode="json") for lesson in lessons],
        },
    )


def _brief_for_model(brief: CampaignBrief) -> dict[str, Any]:
    """The brief without its copy, and without what was left at its default."""
    dumped = brief.model_dump(mode="json", exclude_none=True)
    return {key: dumped[key] for key in BRIEF_FOR_MODEL if dumped.get(key) not in (None, "", [])}


def plan_for_model(plan: CampaignPlan | None) -> dict[str, Any] | None:
    if plan is None:
        return None
    dumped: Mapping[str, Any] = plan.model_dump(mode="json")
    return {
        **{key: dumped[key] for key in PLAN_FOR_MODEL},
        **{key: dumped[key][:ROWS_FOR_MODEL] for key in PLAN_ROWS_FOR_MODEL},
        "cost": money_words(plan.cost_cents, plan.currency),
        "benefit_cost": money_words(plan.benefit_cost_cents, plan.currency),
    }


def find_lessons(ctx: ToolContext, brief: CampaignBrief) -> list[InsightHit]:
    """Lessons that may apply: nearest to the goal and the channels. None while another process holds the index."""
    query = " ".join((brief.goal, *brief.channels)).strip()
    if ctx.insight_index is None:
        return []
    try:
        return ctx.insight_index.search(query, limit=LESSONS_SHOWN)
    except Unavailable:
        return []


def lessons_for_model(ctx: ToolContext, lessons: Sequence[InsightHit]) -> list[dict[str, Any]]:
    return [
        {
            "claim": fence(lesson.claim_zh if ctx.language == "zh" and lesson.claim_zh else lesson.claim),
            "state": lesson.state.value,
            "source": fence(lesson.source),
        }
        for lesson in lessons
    ]
