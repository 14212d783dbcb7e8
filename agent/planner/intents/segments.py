"""Questions about members: count or list them, break them down, explain why somebody is in or out."""

import re
from typing import Any, ClassVar

from agent.planner.acts import Act, Ask, Calls, Pending, Say, ToolUse
from agent.planner.intents.base import EXPLICIT, LIKELY, NONE, POSSIBLE, WEAK, Cues, Intent, which
from agent.planner.request import Request
from crm.segments.language.reader import Reading, SegmentRequest

_ABOUT_MEMBERS = Cues(
    r"how many|count|number of|total|list|find|who|whose|which|members?|mbrs?|customers?|people|ppl|everyone"
    r"|anyone|shoppers?|users?|women|men|buyers?"
    r"|breakdown|break\b.*\bdown|split|distribut\w+|average|avg|median|share|percentage|top \d+|headcount"
    r"|clients?|subscribers?|my book",
    "多少|几个|几位|人数|数量|列出|哪些|谁|会员|客户|顾客|用户|分布|各|平均|占比|名下|的人|名单|看看|统计",
)


_MEMBERS = Cues(
    r"members?|mbrs?|customers?|people|ppl|everyone|everybody|clients?|users?|shoppers?|base|headcount",
    "会员|客户|顾客|用户|人",
)
"""Nouns without which a request that names no condition does not ask for everybody."""


def segment_calls(reading: Reading, request: SegmentRequest) -> Calls:
    """The tool call that answers a segment request: groups when it asks for groups, else members."""
    args: dict[str, Any] = {"definition": request.definition}
    if request.group_by:
        args["group_by"] = list(request.group_by)
        if request.metric:
            args["metric"] = request.metric
        if request.limit:
            args["limit"] = request.limit
        return Calls((ToolUse("break_down_segment", args),), unread=reading.unread)
    if request.order_by:
        args["order_by"] = request.order_by
    if request.limit:
        args["limit"] = request.limit
    return Calls((ToolUse("query_segment", args),), unread=reading.unread)


def _is_everyone(segment: SegmentRequest | None) -> bool:
    """Nothing was read from the words: no condition, no order, no groups."""
    return segment == SegmentRequest({"all": []})


class QuerySegment(Intent):
    name = "query_segment"

    def score(self, request: Request) -> float:
        reading = request.reading
        if reading.request is None and reading.question is None:
            return NONE
        asks = _ABOUT_MEMBERS.found_in(request.unnamed)
        if reading.question is None and _is_everyone(reading.request) and not _MEMBERS.found_in(request.unnamed):
            return NONE
        if reading.is_refinement and request.focus.topic == "segment":
            return LIKELY
        if asks:
            return LIKELY - 0.05
        return POSSIBLE if not reading.unread else WEAK - 0.05

    def plan(self, request: Request) -> Act:
        return self._act(request, request.reading, request.words)

    def complete(self, request: Request, pending: Pending) -> Act | None:
        reading = request.read(f"{pending.args['words']}, {request.words}")
        if reading.request is None or reading.question is not None:
            reading = request.reading
        return None if reading.request is None else self._act(request, reading, request.words)

    def _act(self, request: Request, reading: Reading, words: str) -> Act:
        if reading.question is not None:
            return Ask(
                reading.question.slots,
                reading.question.words,
                Pending(self.name, {"words": words}, reading.question.slots),
            )
        if reading.request is None:
            return Say(which(request, "I did not understand which members you mean.", "没有理解您指的是哪些会员。"))
        return segment_calls(reading, reading.request)


class ExplainMembership(Intent):
    name = "explain_membership"
    _WHY: ClassVar[re.Pattern[str]] = re.compile(
        r"\bwhy\s(?:is|was|isn't|wasn't|does|doesn't|did|didn't|are|aren't|were)\s(?P<who>.+?)\s(?:not\s"
        r"|never\s|n't\s)?(?:on|in|part of|included|excluded|listed|match\w*|left out"
        r"|counted|missing|among|fit|qualif\w+|get|make|there)\b"
        r"|\b(?:is|was)\s(?P<is>.+?)\s(?:not\s)?(?:in|on|part of|included in|among)\s(?:it|that|this"
        r"|the (?:\w+ )?(?:list|segment|group|audience)|there|them|those)\b"
        r"|为什么(?P<zh>.+?)(?:不在|没在|没有在|在|被排除|没被|没有被|不符合|符合)|(?P<is_zh>[\u4e00-\u9fff]{2,4}?)(?:在不在|是否在|在里面吗"
        r"|在名单)"
    )

    def score(self, request: Request) -> float:
        match = self._WHY.search(request.lowered)
        if match is None or self._member(request, match) is None:
            return NONE
        return EXPLICIT if request.focus.segment is not None or request.reading.request is not None else POSSIBLE

    def plan(self, request: Request) -> Act:
        match = self._WHY.search(request.lowered)
        member = self._member(request, match) if match else None
        if match is None or member is None:
            return Ask(("which_member",), which(request, "Which member do you mean?", "您指的是哪位会员？"))
        asked = request.read(request.words[match.end() :]).request
        segment = asked if asked is not None and asked.definition.get("all") != [] else request.focus.segment
        if segment is None:
            words = which(
                request, f"Which group should {member} be in or not in?", f"您想知道 {member} 在不在哪个人群里？"
            )
            return Ask(("audience",), words, Pending(self.name, {"member": member}, ("audience",)))
        args: dict[str, Any] = {"definition": segment.definition, "member": member}
        return Calls((ToolUse(self.name, args),))

    def complete(self, request: Request, pending: Pending) -> Act | None:
        args = dict(pending.args)
        if "member" in pending.missing:
            args["member"] = request.member.name if request.member and request.member.name else request.words.strip()
        elif request.reading.request is not None:
            args["definition"] = request.reading.request.definition
        else:
            return None
        return Calls((ToolUse(self.name, args),))

    def _member(self, request: Request, match: re.Match[str]) -> str | None:
        """The words for the person as they were typed; 'he' and 'she' mean the member in focus."""
        group = next((name for name, value in match.groupdict().items() if value), None)
        if group is None:
            return None
        who = request.words[match.start(group) : match.end(group)].strip()
        if who.lower() in ("he", "she", "they", "it", "him", "her", "他", "她"):
            return request.focus.member
        return (
            who
            if 0 < len(who) <= 40 and who.lower() not in ("this", "that", "there", "the", "so many", "nobody")
            else None
        )
