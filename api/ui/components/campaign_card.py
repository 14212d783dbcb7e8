"""A campaign in a conversation: what it is, whom it reaches, and what it takes."""

from collections.abc import Mapping
from typing import Any

from api.ui import formats
from api.ui.components.card import Local, card
from api.ui.components.insight_card import lesson_line
from api.ui.components.plan_parts import (
    benefits_list,
    brief_facts,
    conflicts_list,
    copy_preview,
    exclusions_table,
    messages_chart,
    plan_figures,
    plan_warnings,
)
from api.ui.components.state_chips import state_chip
from api.ui.theme import block, fold, text
from crm.campaigns.brief import CampaignBrief
from crm.campaigns.plan import CampaignPlan


def campaign_card(artifact: Mapping[str, Any], local: Local) -> None:
    brief = CampaignBrief.model_validate(artifact["brief"])
    plan = CampaignPlan.model_validate(artifact["plan"]) if artifact.get("plan") else None
    with card("campaign", "Campaign", str(artifact["name"]), link=f"/campaigns/{artifact['campaign_id']}") as corner:
        with corner:
            state_chip(str(artifact.get("end_reason") or artifact["state"]))
        if plan:
            _plan(plan, local)
        with fold("Brief", value=plan is None):
            brief_facts(brief, local)
        with fold("What members will read"):
            copy_preview(brief, local)
        lessons = artifact.get("lessons") or ()
        if lessons:
            with fold(f"{formats.plural(len(lessons), 'lesson')} from earlier campaigns", value=True), block("stack"):
                for lesson in lessons:
                    lesson_line(lesson)


def _plan(plan: CampaignPlan, local: Local) -> None:
    text(formats.capitalised(plan.read_back), "wrap")
    plan_figures(plan, local)
    plan_warnings(plan)
    benefits_list(plan)
    messages_chart(plan)
    excluded = sum(row.count for row in plan.exclusions)
    with fold(f"Who is left out ({formats.plural(excluded, 'message')})"):
        exclusions_table(plan.exclusions)
    if plan.conflicts:
        with fold("Other campaigns to the same members"):
            conflicts_list(plan)
