"""The answer to a turn whose calls have all come back."""

from collections.abc import Callable, Mapping
from typing import Any

from agent.planner.acts import Ask
from agent.planner.compose.campaigns import (
    say_campaigns,
    say_changed,
    say_decision,
    say_drafted,
    say_monitor,
    say_plan,
    say_shown,
    say_submitted,
)
from agent.planner.compose.errors import say_error
from agent.planner.compose.explanations import say_explanation, say_segment_explained
from agent.planner.compose.insights import say_insights
from agent.planner.compose.journeys import (
    say_journey,
    say_journey_drafted,
    say_journey_member,
    say_journey_moved,
    say_journeys,
    say_tasks,
)
from agent.planner.compose.reviews import say_comparison, say_export, say_review
from agent.planner.compose.saved_segments import say_saved, say_saved_list, say_saved_segment
from agent.planner.compose.segments import say_breakdown, say_segment
from agent.planner.compose.words import Voice
from agent.planner.conversation import CallMade, Turn
from agent.planner.language import language_of
from agent.planner.request import World

Result = Mapping[str, Any]
View = Mapping[str, Any]

_COMPOSERS: dict[str, Callable[[Voice, Result, View], str]] = {
    "query_segment": say_segment,
    "break_down_segment": say_breakdown,
    "explain_membership": say_explanation,
    "explain_segment": say_segment_explained,
    "save_segment": say_saved,
    "list_segments": say_saved_list,
    "show_segment": say_saved_segment,
    "draft_campaign": say_drafted,
    "change_campaign": say_changed,
    "list_campaigns": say_campaigns,
    "show_campaign": say_shown,
    "plan_campaign": say_plan,
    "monitor_campaign": say_monitor,
    "review_campaign": say_review,
    "search_insights": say_insights,
    "submit_campaign": say_submitted,
    "schedule_campaign": say_submitted,
    "approve_campaign": say_decision,
    "reject_campaign": say_decision,
    "pause_campaign": say_decision,
    "resume_campaign": say_decision,
    "cancel_campaign": say_decision,
    "export_review": say_export,
    "list_journeys": say_journeys,
    "show_journey": say_journey,
    "show_journey_member": say_journey_member,
    "draft_journey": say_journey_drafted,
    "set_up_journey": say_journey_drafted,
    "submit_journey": say_journey_moved,
    "pause_journey": say_journey_moved,
    "resume_journey": say_journey_moved,
    "list_tasks": say_tasks,
}


def compose_answer(turn: Turn, world: World) -> str | Ask:
    """Words for every result of the turn; a question when a call failed because something was ambiguous."""
    voice = Voice(language_of(turn.words), world.zone, world.currency)
    for made in turn.calls:
        if made.failed or not made.result:
            return say_error(voice, made)
    if turn.view.get("compare"):
        answer = say_comparison(voice, [made.result for made in turn.calls], turn.view)
    else:
        answer = "\n\n".join(_say(voice, made, turn.view) for made in turn.calls)
    return _with_unread(voice, answer, turn.unread)


def _say(voice: Voice, made: CallMade, view: View) -> str:
    composer = _COMPOSERS.get(made.name)
    if composer is None:
        return voice.say(f"Done: {made.name.replace('_', ' ')}.", f"已完成：{made.name}。")
    return composer(voice, made.result, {**view, "tool": made.name})


def _with_unread(voice: Voice, answer: str, unread: tuple[str, ...]) -> str:
    """What the request said that found no place comes first, because the figures do not reflect it."""
    if not unread:
        return answer
    words = voice.listed(f"“{word}”" for word in unread)
    note = voice.say(
        f"I could not place {words}, so it is not part of this.", f"没有理解{words}，以下结果未包含这部分。"
    )
    return f"{note}\n\n{answer}"
