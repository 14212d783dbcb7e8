"""From a request to an act: the best fitting intent plans it, or the one that asked a question completes it."""

import re
from dataclasses import dataclass

from agent.planner.acts import Act, Ask, Say, call
from agent.planner.consent import read_consent
from agent.planner.copy_orders import complete_copy_order, read_copy_order
from agent.planner.gate import let_through
from agent.planner.intents import INTENTS
from agent.planner.intents.base import EXPLICIT, FORBIDDEN, NONE, Cues, Intent, which
from agent.planner.intents.refusing import off_topic
from agent.planner.orders import read_order
from agent.planner.request import Request
from agent.planner.speech import gives_an_order

NEW_REQUEST = EXPLICIT - 0.05
"""From this fit on, words after a question of ours are a new request and not its answer."""

_INTENTS_BY_NAME = {intent.name: intent for intent in INTENTS}
_OUR_SUBJECT = Cues(
    r"members?|customers?|campaigns?|segments?|coupons?|audience|tiers?|points|birthday|churn|drafts?"
    r"|reports?|reviews?|send|offers?|it|them|that|report|list",
    "会员|客户|活动|人群|优惠|积分|生日|流失|报告|发送|等级",
)
_NEVER_MIND = re.compile(
    r"^\W*(?:never ?mind|forget (?:it|about it)|cancel(?: that| it)?|no(?: thanks)?|stop|leave it|算了|不用了?"
    r"|取消)\W*$"
)


_NO_CHANGE = frozenset(
    {"draft_campaign", "save_segment", "pause_campaign", "resume_campaign", "cancel_campaign", "reject_campaign"}
)
"""Commands of another kind, whose words may hold the name of a part of a brief."""


_THE_OFFER = re.compile(r"\b(?:make|change|set) (?:the|its) (?:offer|discount)\b|优惠(?:改|换)")


@dataclass(frozen=True)
class Fit:
    intent: Intent
    score: float


def best_fit(request: Request) -> Fit | None:
    """The intent that fits best; None when none fits."""
    fits = [Fit(intent, intent.score(request)) for intent in INTENTS]
    best = max(fits, key=lambda fit: fit.score)  # the first of equals, so their order counts
    return best if best.score > NONE else None


def plan(request: Request) -> Act:
    """What to do with a request."""
    if not request.words.strip():
        return Ask(("request",), which(request, "What would you like to know or do?", "想了解什么，或者要做什么？"))
    if (copied := _copy_order(request)) is not None:
        return copied
    best = best_fit(request)
    if request.focus.pending is not None and (act := _complete(request, best)) is not None:
        return let_through(request, act, INTENTS, is_answer=True)
    if (consent := read_consent(request)) is not None:
        return consent  # it asks the manager, so it may be understood generously
    if (own := _read_whole(request, best)) is not None:
        return let_through(request, own, INTENTS)
    if best is not None:
        return let_through(request, best.intent.plan(request), INTENTS)
    return _not_understood(request)


def _copy_order(request: Request) -> Act | None:
    pending = request.focus.pending
    answers = pending is not None and pending.intent == "copy_order"
    done = complete_copy_order(request, pending) if pending is not None and answers else None
    return done or read_copy_order(request)


def _read_whole(request: Request, best: Fit | None) -> Act | None:
    """What is read whole before intents are weighed: a yes to what waits, and an order on one part of a brief."""
    if best is not None and best.score >= FORBIDDEN:
        return None
    is_other = best is not None and best.intent.name in _NO_CHANGE
    if is_other and not (best is not None and best.intent.name == "draft_campaign" and request.says(_THE_OFFER)):
        return None
    return read_order(request) if gives_an_order(request.unhinted) else None


def _complete(request: Request, best: Fit | None) -> Act | None:
    pending = request.focus.pending
    owner = _INTENTS_BY_NAME.get(pending.intent) if pending is not None else None
    if pending is None or owner is None:
        return None
    if _NEVER_MIND.match(request.lowered):
        return Say(which(request, "All right, I leave it.", "好的，不做了。"))
    is_new = best is not None and best.score >= NEW_REQUEST and best.intent is not owner
    return None if is_new else owner.complete(request, pending)


def _not_understood(request: Request) -> Act:
    if request.campaigns:
        return call("show_campaign", campaign=request.campaigns[0].reference)
    if not _OUR_SUBJECT.found_in(request.lowered):
        return off_topic(request)
    return Say(
        which(
            request,
            "I did not understand that. You can ask for members (*how many gold members in Shanghai?*), "
            "draft a campaign, or ask how one is doing. *What can you do?* shows more.",
            "没有理解您的意思。可以查询会员（“上海有多少金卡会员”）、起草活动，或询问某个活动的情况。问“你能做什么”可查看更多。",
        ),
        unsupported="not_understood",
    )
