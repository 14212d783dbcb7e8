"""Every tool there is, and which of them a person may use."""

from typing import Any

from crm.access.actor import Actor
from tools.base import Tool
from tools.campaigns import CAMPAIGN_TOOLS
from tools.decisions import DECISION_TOOLS
from tools.explanations import EXPLANATION_TOOLS
from tools.insights import INSIGHT_TOOLS
from tools.journeys import JOURNEY_TOOLS
from tools.reviews import REVIEW_TOOLS
from tools.saved_segments import SAVED_SEGMENT_TOOLS
from tools.segments import SEGMENT_TOOLS

TOOLS: tuple[Tool[Any], ...] = (
    *SEGMENT_TOOLS,
    *SAVED_SEGMENT_TOOLS,
    *EXPLANATION_TOOLS,
    *CAMPAIGN_TOOLS,
    *DECISION_TOOLS,
    *JOURNEY_TOOLS,
    *REVIEW_TOOLS,
    *INSIGHT_TOOLS,
)


def tools_for(actor: Actor) -> tuple[Tool[Any], ...]:
    """The tools that the person's role allows. `agent.tool_executor` checks the same again on each call."""
    return tuple(tool for tool in TOOLS if actor.may(tool.permission))
