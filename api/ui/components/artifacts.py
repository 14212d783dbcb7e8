"""Which card draws which tool's artifact."""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError

from api.ui.components.breakdown_card import breakdown_card
from api.ui.components.campaign_card import campaign_card
from api.ui.components.campaign_list_card import campaign_list_card
from api.ui.components.card import Local
from api.ui.components.explain_card import explain_card
from api.ui.components.insight_card import insight_card
from api.ui.components.journey_card import journey_card, journey_list_card, task_list_card
from api.ui.components.monitor_parts import monitor_card
from api.ui.components.review_card import export_card, review_card
from api.ui.components.segment_card import segment_card
from api.ui.theme import notice

Draw = Callable[[Mapping[str, Any], Local], None]

_CARDS: dict[str, Draw] = {
    "query_segment": segment_card,
    "break_down_segment": breakdown_card,
    "explain_membership": explain_card,
    "list_campaigns": campaign_list_card,
    "draft_campaign": campaign_card,
    "change_campaign": campaign_card,
    "plan_campaign": campaign_card,
    "show_campaign": campaign_card,
    "monitor_campaign": monitor_card,
    "review_campaign": review_card,
    "export_review": export_card,
    "search_insights": insight_card,
    "list_journeys": journey_list_card,
    "show_journey": journey_card,
    "draft_journey": journey_card,
    "set_up_journey": journey_card,
    "pause_journey": journey_card,
    "resume_journey": journey_card,
    "list_tasks": task_list_card,
}


def draw_artifact(tool: str, artifact: Mapping[str, Any], local: Local) -> None:
    """Draw the card of a finished call; tools whose result is said in words alone have none."""
    draw = _CARDS.get(tool)
    if draw is None:
        return
    try:
        draw(artifact, local)
    except ValidationError:
        # A conversation may be older than the card's shape.
        notice("This card was made by another version of Nurture and cannot be drawn any more; ask again.", "warn")
