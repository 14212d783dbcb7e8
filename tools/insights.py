"""The tool over the knowledge base: what earlier campaigns taught, and the rules of the house on contact."""

from typing import Any

from pydantic import Field

from crm.access.actor import Permission
from crm.access.policy import get_policy
from crm.errors import Unavailable
from tools.base import Effect, Tool, ToolArgs, ToolContext, ToolResult
from tools.campaign_cards import lessons_for_model

HITS = 5
HOUSE_RULES = (
    "frequency_cap_per_channel_7d",
    "frequency_cap_total_7d",
    "quiet_hours_start",
    "quiet_hours_end",
    "late_limit_hours",
    "approval_ttl_hours",
    "default_holdout_pct",
)
"""Rules on contact that everybody may know; prices and ceilings are not among them."""


class SearchInsightsArgs(ToolArgs):
    query: str = Field(min_length=2, max_length=300, description="What to look for, e.g. win-back lessons.")


def search_insights(ctx: ToolContext, args: SearchInsightsArgs) -> ToolResult:
    """Content: {"query", "hits": [{"claim": "⟦...⟧", "state": "supported", "source": "⟦review of Spring Sale,
    version 2⟧"}], "house_rules": {"frequency_cap_total_7d": 5, ...}}. Artifact: the hits in full.
    """
    if ctx.insight_index is None:
        raise Unavailable("the knowledge base is not open in this process; try again in the web interface")
    hits = ctx.insight_index.search(args.query, limit=HITS)
    rules = {name: value for name, value in get_policy(ctx.session).model_dump().items() if name in HOUSE_RULES}
    return ToolResult(
        content={"query": args.query, "hits": lessons_for_model(ctx, hits), "house_rules": rules},
        artifact={"query": args.query, "hits": [hit.model_dump(mode="json") for hit in hits], "house_rules": rules},
    )


SEARCH_INSIGHTS = Tool(
    "search_insights",
    SearchInsightsArgs,
    Effect.READ,
    Permission.READ_REVIEW,
    search_insights,
    "Lessons from reviewed campaigns, each with its state and source, and the house rules on contact (frequency caps, "
    'quiet hours). Cite the source; say so when nothing fits. Example: {"query": "win-back by SMS"}.',
)
INSIGHT_TOOLS: tuple[Tool[Any], ...] = (SEARCH_INSIGHTS,)
