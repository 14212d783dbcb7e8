"""Before any act with an effect: was it ordered, and are its words clear enough? Otherwise nothing is changed."""

import re
from collections.abc import Mapping
from typing import Any

from agent.planner.acts import Act, Ask, Calls, Say
from agent.planner.intents.base import LIKELY, Intent, which
from agent.planner.leftover import refuse_half_read
from agent.planner.orders import ask_members
from agent.planner.request import Request
from agent.planner.speech import is_question, sentences_of
from tools.base import Effect
from tools.registry import TOOLS

_READS = frozenset(tool.name for tool in TOOLS if tool.effect is Effect.READ)
_TAKES_FRAGMENTS = frozenset({"draft_campaign", "change_campaign", "export_review"})
"""Tools that slots alone may call for: '15% off, Friday 9:00'."""
_VAGUE_TIME = re.compile(
    r"\b(?:some ?time|some (?:other )?day|one of these days|eventually|at some point|a (?:bit|while"
    r"|little) later|soon"
    r"|or so|whenever|around|roughly|about (?:noon|\d)|(?:before|by|not before|after) (?:the )?(?:mon|tues"
    r"|wednes|thurs|fri|satur|sun|holiday|week)\w*"
    r"|in the next (?:few )?(?:days|weeks)|(?:early|late|later|mid) (?:next|this) (?:week|month)"
    r"|(?:next|this) (?:week|month|quarter|season)(?! (?:on|mon|tue|wed|thu|fri|sat|sun)))\b"
    r"|过阵子|过几天|改天|哪天|找个时间|找时间|早晚|回头|往后挪|晚一点|晚些|尽快找|周[一二三四五六日天]?(?:之前|以前|前后|左右)|(?:下|这|本)(?:周|个?月)(?![一二三四五六日天\d])"
)
_FOR_MEMBERS = frozenset({"draft_campaign", "draft_journey", "set_up_journey", "save_segment"})
_SETS_TIME = {"start", "at"}


def is_effectful(act: Act) -> bool:
    return isinstance(act, Calls) and any(use.name not in _READS for use in act.uses)


def let_through(request: Request, act: Act, intents: tuple[Intent, ...], *, is_answer: bool = False) -> Act:
    """The act, when it may be done on these words; else a reading one, or a question."""
    if not isinstance(act, Calls) or not is_effectful(act):
        return act
    if not _is_ordered(request, act, is_answer=is_answer):
        return _instead(request, intents)
    if unknown := _unknown_members(request, act) or _half_read_members(request, act):
        return ask_members(request, unknown)
    if (half_read := refuse_half_read(request, act)) is not None:
        return half_read
    if _sets_time(act) and (vague := _VAGUE_TIME.search(request.unnamed)):
        return _ask_time(request, vague.group().strip())
    return act


def _is_ordered(request: Request, act: Calls, *, is_answer: bool) -> bool:
    kinds = {sentence.kind for sentence in sentences_of(request.unhinted)}
    if "order" in kinds:
        return True
    if is_answer:
        return kinds != {"question"} and kinds != {"other"} and bool(kinds)
    takes_fragments = all(use.name in _TAKES_FRAGMENTS for use in act.uses)
    return takes_fragments and kinds == {"fragment"}


def _unknown_members(request: Request, act: Calls) -> str | None:
    """A place or a kind of members that there is not, in what shall be written to or kept: never dropped."""
    if not any(use.name in _FOR_MEMBERS for use in act.uses):
        return None
    unread = request.read(request.words).unread
    for word in unread:
        said = re.escape(word)
        place = rf"\b(?:in|from|of|near)\s+(?:the\s)?{said}\b"
        kind = rf"\b(?:to|for|the|all|our|welcome|remind|invite)\s+{said}\s+(?:members|customers)\b"
        if (word[:1].isupper() and re.search(place, request.words)) or re.search(kind, request.words, re.IGNORECASE):
            return word
    of_chinese = re.search(r"(?:给|向|的?为|：|，|^)?([\u4e00-\u9fff]{2,6})的[\u4e00-\u9fff]{0,4}会员", request.words)
    strange = [letter for letter in of_chinese.group(1) if letter in unread] if of_chinese else []
    return "".join(strange) if len(strange) > 1 else None


def _half_read_members(request: Request, act: Calls) -> str | None:
    """Words that were dropped when the members spoken of were counted: of a count they are said, nobody is kept or
    written to without them."""
    focus = request.focus
    if focus.segment is None or not focus.segment_unread:
        return None
    uses_them = any(_holds(use.args, focus.segment.definition) for use in act.uses)
    return ", ".join(focus.segment_unread) if uses_them else None


def _holds(node: Any, definition: Any) -> bool:
    if isinstance(node, Mapping):
        if all(node.get(key) == value for key, value in definition.items()):
            return True
        return any(_holds(value, definition) for value in node.values())
    return isinstance(node, list | tuple) and any(_holds(each, definition) for each in node)


def _sets_time(act: Calls) -> bool:
    given = [{**use.args, **(use.args.get("changes") or {})} for use in act.uses]
    return any(_SETS_TIME & set(each) for each in given)


def _ask_time(request: Request, vague: str) -> Ask:
    return Ask(
        ("time",),
        which(
            request,
            f"“{vague}” is no day and time. When exactly? E.g. *next Wednesday at 10:00*. Nothing was changed.",
            f"“{vague}”没有说明具体日期和时间。请告诉我确切时间，例如“下周三上午10点”。没有做任何改动。",
        ),
    )


def _instead(request: Request, intents: tuple[Intent, ...]) -> Act:
    """A question about something is answered by looking at it; anything else changes nothing and says so."""
    if is_question(request.unhinted):
        fits = sorted(((intent.score(request), -index) for index, intent in enumerate(intents)), reverse=True)
        for score, index in fits:
            if score < LIKELY - 0.05:
                break
            act = intents[-index].plan(request)
            if not is_effectful(act):
                return act
        campaign = request.campaigns[0].reference if request.campaigns else None
        if campaign is None and request.focus.campaign is not None and request.focus.topic == "campaign":
            campaign = request.focus.campaign.name
        asks = (
            f" Ask e.g. *show {campaign}* or *how is {campaign} doing?*" if campaign else "",
            f"可以问“查看{campaign}”或“{campaign}进展如何”。" if campaign else "",
        )
        return Say(
            which(
                request,
                "I took that as a question and changed nothing."
                + asks[0]
                + " If you want it done, say it as an order, "
                "e.g. *change the holdout to 10%*.",
                "我理解这是提问，没有做任何改动。" + asks[1] + "如果需要执行，请直接说，例如“把对照组改成10%”。",
            )
        )
    return Say(
        which(
            request,
            "Noted; nothing was changed. If you want me to do something, say it as an order, e.g. *change the holdout "
            "to 10%*, *pause Spring Sale*.",
            "明白，没有做任何改动。如果需要我执行，请直接说，例如“把对照组改成10%”“暂停某个活动”。",
        )
    )
