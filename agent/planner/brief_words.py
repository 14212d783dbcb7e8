"""What a request says about a campaign: its slots, and the words left over, which describe the audience."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from agent.planner.request import Request
from agent.planner.slots.channels import ChannelFound, channel_names, find_channels
from agent.planner.slots.names import find_new_name
from agent.planner.slots.numbers import NUMBER, plain, read_number
from agent.planner.slots.span import Span, mask
from crm.channels import SENDABLE_CHANNELS
from crm.segments.language.questions import Question
from crm.segments.language.reader import Reading, SegmentRequest

_VERB = (
    r"(?:create|draft|set ?up|build|make|prepare|launch|start|design|run|spin up|put together|organi[sz]e|plan"
    r"|need|want|schedule|write|propose|do|send(?: out)?|get)"
)
_NOUN = (
    r"(?:camp\w{0,4}gns?|promos?|promotions?|blast|teaser|newsletter|mailing|mailshot|outreach|drive|offer"
    r"|messages?|notes?|win-?backs?)"
)
_PLAIN_NOUN = re.compile(
    r"\s*\b(?:camp\w{0,4}gns?|promotions?|offers?|messages?|notes?|outreach|drive)$|(?:的)?(?:营销|推广|促销)?(?:活动"
    r"|计划)$",
    re.IGNORECASE,
)
"""Says that it is a campaign, and nothing of what it is for."""
_HEAD = re.compile(
    rf"^\W*(?:(?:ok(?:ay)?|please|pls|can you|could you|would you|i(?:'d| would) like(?: you)? to|i (?:want"
    rf"|need)(?: you)?(?: to)?|let's|hey|hi|now|then|and|so|also)[\s,]+)*"
    rf"(?:{_VERB}\b\s*)?(?:me\s|us\s)?(?:an?\s|the\s|another\s|new\s"
    rf"|one\s)*(?P<goal>[^,.:;，。：；]{{0,60}}?\s*\b{_NOUN}\b(?:\s{_NOUN}\b)?)"
)
_HEAD_ZH = re.compile(
    r"(?:请|麻烦)?(?:帮我|帮忙|我要|我想)?(?:新?建|创建|做|策划|发起|准备|设置|起草|搞"
    r"|办)(?:立)?(?:一[个场次])?(?P<goal>[^,.:;，。：；的]{0,12}?(?:的)?(?:营销|推广|促销)?(?:活动|计划))"
)
_THEM = re.compile(
    r"\b(?:for|to|at|with|targeting|sms|e-?mail|text|message|give|send|offer|invite|reward"
    r"|make|treat)\s(?:all (?:of )?)?(?:them|those(?: (?:members|people|customers|ppl))?"
    r"|these(?: (?:members|people|customers|ppl))?|that (?:segment|group|list|audience|crowd)|this (?:segment"
    r"|group|list|audience|crowd)|the same (?:people|group|audience|segment|members)"
    r"|the (?:segment|list|group) above)\b"
    r"|他们|她们|这些(?:人|会员|客户)|这批(?:人|会员|客户)|这个人群|上述(?:人|会员)|以上会员"
)
_MEMBERS = re.compile(r"\b(?:members?|customers?|people|ppl|clients?)\b|会员|客户")
_EVERYONE = re.compile(
    r"\b(?:everyone|everybody|all (?:of )?(?:our |the )?(?:members?|customers?|people|users?|clients?)"
    r"|entire (?:base|member base|membership)|whole (?:base|member base|membership|list))\b"
    r"|(?:全部|所有|全体)(?:的)?(?:会员|客户|用户|人)|每个会员"
)
_AROUND = re.compile(
    r"\b(?:(?:with|plus|and|offering|giving|including|using|by|via|on|over|through|as|at|from|starting|start"
    r"|starts|begin|beginning|kick(?:ing)? off|kicks off|ends?|ending|until|till"
    r"|send(?:ing)?|launch(?:ing)?|going out|called|named|titled|offer|channels?|audience|target(?:ing|s)?"
    r"|budget|holdout|name|goal|when|who gets it|segment|recipients?)\s*:?\s*)(?=\s{2,}|[,.;:，。；：+&)]|$)"
    r"|\b(?:offer|channels?|audience|target(?:ing)?|segment|recipients?|goal|name|budget|start|when)\s?[:：]",
    re.IGNORECASE,
)
_TURNS = re.compile(
    r"\b(?:no|not|only|just|without|drop|remove|lose|skip|leave out|use|using|with|and|or|but|also|the|an?|instead"
    r"|please|pls|to|it|make|switch|go|send|by|via|on|over|out|of|then|now|ok|okay|rather|than|don't|do|dont|want|we|i"
    r"|keep|all|any|more|again|still|changes?|set|put|move|let's|can|you|could|that|this|is|be|for|as|in|at|from)\b"
    r"|[不要只用去掉改成把别再了吧的就请换为发用送都也还在]"
)
"""Words that turn or limit what stands beside them, and describe nobody by themselves."""
_REFUSED = re.compile(
    r"(?:^|[,;.!，。；！]|\b(?:and|but)\b)\s*(?:please\s)?"
    r"(?:no(?: more)?|without|not (?:by|via|on|over)|(?:don't|do not) (?:use|send)(?: any)?|never (?:use|by))"
    r"\s(?:the\s|any\s)?(?P<name>e-?mails?|sms|text messages?|texts?|push(?: notifications?)?)"
    r"(?=\s*(?:$|[,;.!，。；！]|\b(?:and|but|just|only|use|please)\b))"
    r"|(?:不要|不用|不发|别发?|不再发|去掉)(?:再)?(?P<name_zh>电子邮件|邮件|短信|推送)(?=了?(?:$|[,;.!，。；！]))"
)
_NO_OFFER = re.compile(
    r"\b(?:thank[\s-]?you|thanks|newsletter|announce\w*|reminder|remind|invit\w+|survey|update|news|teaser"
    r"|welcome|greeting|no offer|without (?:an )?offer|no discount|information\w*)\b"
    r"|感谢|通知|公告|邀请|提醒|问卷|预告|无优惠|不带优惠|不用优惠"
)
_UNNAMED_BENEFIT = re.compile(
    r"(?<!redeemed )(?<!used )(?<!got )\b(?:the|an?|this|that|their|another|our|some)\s(?:coupons?|vouchers?"
    r"|gifts?|offers?|discounts?)\b"
)
"""A benefit that the request speaks of without naming it; not a condition on having redeemed one."""
_DRAFTING_WORDS = frozenset(
    [
        *(
            "建",
            "新建",
            "创建",
            "做",
            "策划",
            "发起",
            "准备",
            "设置",
            "起草",
            "搞",
            "办",
            "建个",
            "做个",
            "活动",
            "帮",
            "发",
            "发送",
        ),
        "campaign",
        "campaigns",
        "promo",
        "promotion",
        "teaser",
        "offer",
        "offers",
        "channel",
        "channels",
        "start",
        "starts",
        "starting",
        "send",
        "sending",
        "launch",
        "kick",
        "off",
        "draft",
        "create",
        "build",
        "make",
        "set",
        "up",
        "prepare",
        "holdout",
        "budget",
        "via",
        "by",
        *SENDABLE_CHANNELS,
        "text",
        "message",
        "give",
        "with",
        "for",
        "them",
        "by",
        "on",
        "at",
        "the",
        "a",
        "an",
        "and",
        "plus",
        "win-back",
        "winback",
        "back",
        "win",
        "free",
        "note",
        "please",
        "run",
        "use",
        "get",
        "live",
        "drive",
        "blast",
        "only",
        "no",
    ]
)
_HEAD_FIELDS = frozenset({"tier", "city", "lifecycle_stage", "gender", "age", "csm"})
"""Conditions that may stand before 'campaign' ('a platinum win-back campaign'); other words there name its goal."""


NO_HOLDOUT_ASKED = "asked for in the request"
"""The reason recorded when the person wants no holdout and gives none."""


@dataclass(frozen=True)
class BriefWords:
    name: str | None
    goal: str | None
    audience: Mapping[str, Any] | None
    """Segment definition; None when the words describe nobody."""
    order_by: Mapping[str, Any] | None
    limit: int | None
    question: Question | None
    """What must be known about the audience first: its words have no agreed meaning, e.g. `best`."""
    channels: tuple[str, ...]
    offers: tuple[Mapping[str, Any], ...]
    start: str | None
    end: str | None
    has_default_time: bool
    holdout_pct: float | None
    budget_cents: int | None
    needs_no_offer: bool
    unread: tuple[str, ...]

    def arguments(self) -> dict[str, Any]:
        """The arguments of the draft tool that these words give."""
        audience = None if self.audience is None else dict(self.audience)
        if audience is not None and self.order_by:
            audience["order_by"] = self.order_by
        if audience is not None and self.limit:
            audience["limit"] = self.limit
        given = {
            "name": self.name,
            "goal": self.goal,
            "audience": audience,
            "channels": list(self.channels) or None,
            "offers": [dict(offer) for offer in self.offers] or None,
            "start": self.start,
            "end": self.end,
            "holdout_pct": self.holdout_pct,
            "holdout_waiver": NO_HOLDOUT_ASKED if self.holdout_pct == 0 else None,
            "budget_cents": self.budget_cents,
        }
        return {key: value for key, value in given.items() if value is not None}


def read_brief_words(request: Request, *, changing: bool = False, whole_is_audience: bool = False) -> BriefWords:
    """Everything that the request says about a campaign. When `changing`, the audience is left to `audience_of`."""
    name = find_new_name(request.words)
    goal = _goal(request)
    reading = None if changing else _audience_reading(request, whole=whole_is_audience)
    segment, question = _segment(request, reading)
    schedule = request.schedule
    return BriefWords(
        name=name.name if name else None,
        goal=goal,
        audience=segment.definition if segment else None,
        order_by=segment.order_by if segment else None,
        limit=segment.limit if segment else None,
        question=question,
        channels=channel_names(request.channels),
        offers=tuple(found.offer for found in request.offers),
        start=schedule.start_text,
        end=schedule.end_text,
        has_default_time=schedule.day is not None and schedule.at is None,
        holdout_pct=request.holdout.holdout_pct if request.holdout else None,
        budget_cents=request.budget.budget_cents if request.budget else None,
        needs_no_offer=bool(_NO_OFFER.search(request.lowered)),
        unread=_unread(reading),
    )


def audience_of(request: Request, brief: Mapping[str, Any], without: Sequence[Span] = ()) -> Mapping[str, Any] | None:
    """The changed audience of a draft, when the request refines it; None when it speaks of other things.

    `without`: places that name the campaign to change, which are no condition on its members.
    """
    text = text_beside_slots(request, without)
    # 'No SMS, push only' leaves 'no, only' here: that would turn the members round of whom nobody spoke.
    if not re.search(r"\w", _TURNS.sub("", text.lower())):
        return None
    audience = brief.get("audience")
    previous = SegmentRequest(definition=audience) if audience else None
    reading = request.read(text, previous=previous)
    if reading.request is None or reading.question is not None:
        return None
    if reading.request.definition in (audience, {"all": []}):
        return None
    if previous is not None and not reading.is_refinement:
        return None
    return reading.request.definition


def bare_percent(request: Request) -> int | float | None:
    """'make that 15%': a percentage that is no holdout and has no word for a discount beside it."""
    match = re.search(r"(\d+(?:\.\d+)?)\s?(?:%|percent)", _without_slots(request))
    return plain(float(match.group(1))) if match else None


def bare_amount(request: Request) -> int | float | None:
    """'raise the coupon to ¥80': an amount of money that is no offer of its own."""
    match = re.search(rf"[¥￥$€£]\s?({NUMBER})|({NUMBER})\s?(?:yuan|rmb|元|块)", _without_slots(request))
    return plain(read_number(match.group(1) or match.group(2))) if match else None


def _without_slots(request: Request) -> str:
    slots = (request.holdout, request.budget)
    return mask(request.unnamed, [found.span for found in slots if found is not None])


def _goal(request: Request) -> str | None:
    """The words before 'campaign': 'win-back' in 'create a win-back campaign'."""
    text = request.unnamed
    match = _HEAD.match(text) or _HEAD_ZH.search(text)
    if match is None or match.start("goal") == match.end("goal"):
        return None
    said = mask(request.words, [offer.span for offer in request.offers])[match.start("goal") : match.end("goal")]
    goal = " ".join(_PLAIN_NOUN.sub("", said.strip()).split()).strip(" -'\"")
    return goal if 1 < len(goal) <= 60 else None


def refused_channels(request: Request) -> tuple[ChannelFound, ...]:
    """'No SMS', 'without the e-mail', '不要短信' as a clause of its own: channels that a change leaves out."""
    found: list[ChannelFound] = []
    for match in _REFUSED.finditer(request.unnamed):
        span = Span(match.start(), match.end())
        found += [replace(each, span=span) for each in find_channels(match["name"] or match["name_zh"])]
    return tuple(found)


def text_beside_slots(request: Request, without: Sequence[Span] = ()) -> str:
    """The request with every slot and every word around the slots blanked."""
    spans = [each.span for each in refused_channels(request)]
    spans += [offer.span for offer in request.offers] + [channel.span for channel in request.channels]
    spans += list(request.schedule.spans)
    spans += [Span(match.start(), match.end()) for match in _UNNAMED_BENEFIT.finditer(request.unnamed)]
    spans += [request.holdout.span] if request.holdout else []
    spans += [request.budget.span] if request.budget else []
    name = find_new_name(request.words)
    spans += [name.span] if name and name.name not in {each.reference for each in request.campaigns} else []
    if head := _HEAD.match(request.unnamed) or _HEAD_ZH.search(request.unnamed):
        spans.append(Span(head.start(), head.end()))
    spans += without
    text = mask(request.words, spans)
    return _AROUND.sub(lambda match: " " * len(match.group()), text)


def _audience_reading(request: Request, *, whole: bool) -> Reading | None:
    text = request.words if whole else text_beside_slots(request)
    if not re.search(r"\w", text):
        return None
    return request.read(text)


def _segment(request: Request, reading: Reading | None) -> tuple[SegmentRequest | None, Question | None]:
    """The audience, or what must be asked about it."""
    if reading is not None and reading.question is not None:
        return None, reading.question
    if request.focus.segment is not None and _means_segment_in_focus(request, reading):
        return _narrowed(request.focus.segment, reading), None
    segment = reading.request if reading is not None else None
    if segment is not None and _is_empty(segment) and not _EVERYONE.search(request.lowered):
        segment = None
    head = _head_conditions(request)
    if head and segment is None:
        return SegmentRequest(definition={"all": head}), None
    if head and segment is not None:
        return _with_conditions(segment, head), None
    return segment, None


def _means_segment_in_focus(request: Request, reading: Reading | None) -> bool:
    """'... for them', unless 'them' are the members that the request itself names before."""
    match = _THEM.search(request.lowered)
    if match is None:
        return False
    names_members = _MEMBERS.search(request.lowered[: match.start()])
    return names_members is None or reading is None or reading.request is None or _is_empty(reading.request)


def _narrowed(segment: SegmentRequest, reading: Reading | None) -> SegmentRequest:
    """'... for them, but only those in Shanghai': the segment in focus with the new conditions."""
    more = reading.request.definition.get("all") if reading is not None and reading.request is not None else None
    return (
        _with_conditions(segment, list(more))
        if more
        else SegmentRequest(segment.definition, segment.order_by, segment.limit)
    )


def _with_conditions(segment: SegmentRequest, conditions: list[Any]) -> SegmentRequest:
    tree = segment.definition
    parts = list(tree["all"]) if "all" in tree else [tree]
    parts += [condition for condition in conditions if condition not in parts]
    return SegmentRequest({"all": parts}, segment.order_by, segment.limit)


def _head_conditions(request: Request) -> list[Any]:
    goal = _goal(request)
    if goal is None:
        return []
    reading = request.read(f"{goal} members")
    if reading.request is None or reading.question is not None:
        return []
    tree = reading.request.definition
    leaves = tree.get("all") or [tree]
    return [leaf for leaf in leaves if leaf.get("field") in _HEAD_FIELDS]


def _is_empty(segment: SegmentRequest) -> bool:
    return segment.definition == {"all": []} and not segment.order_by and not segment.limit


def _unread(reading: Reading | None) -> tuple[str, ...]:
    if reading is None:
        return ()
    return tuple(word for word in reading.unread if word.lower() not in _DRAFTING_WORDS)
