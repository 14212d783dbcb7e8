"""First questions for an empty conversation, by what the person may do."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from nicegui import ui

from api.ui.theme import block, icon, text
from crm.access.actor import Actor, Permission


@dataclass(frozen=True)
class Suggestion:
    symbol: str
    words: str


_ASK = (
    Suggestion("groups", "How many platinum members have not bought anything in the last 30 days?"),
    Suggestion("bar_chart", "Break down all members by tier and city"),
)
_DRAFT = Suggestion(
    "campaign",
    "Draft a win-back for platinum members with no purchase in the last 30 days: 15% off by SMS and email, "
    "start Thursday 10:00, keep 10% as holdout",
)
_APPROVE = Suggestion("task_alt", "Which campaigns are waiting for approval?")
_LEARN = Suggestion("lightbulb", "What have we learned about SMS win-backs?")


def suggestions(actor: Actor, choose: Callable[[str], Awaitable[None]]) -> ui.element:
    """A greeting and what one may begin with."""
    offered = [*_ASK]
    if actor.may(Permission.APPROVE_CAMPAIGN):
        offered.append(_APPROVE)
    elif actor.may(Permission.DRAFT_CAMPAIGN):
        offered.append(_DRAFT)
    offered.append(_LEARN)
    with block("welcome") as box:
        with block("stack tight"):
            text(f"Hello {actor.display_name}", "page-title", "h1")
            text(
                "Ask in your own words, in English or Chinese. Reading and drafting change nothing; "
                "whatever reaches members is approved by somebody else first.",
                "muted",
            )
        with block("suggestions"):
            for suggestion in offered:
                with block("suggestion", "button").props("type=button") as button:
                    icon(suggestion.symbol)
                    text(suggestion.words, "", "span")
                button.on("click", lambda _event, words=suggestion.words: choose(words))
    return box
