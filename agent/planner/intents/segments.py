"""Questions about members: count or list them, break them down."""

from dataclasses import replace
from typing import Any

from agent.planner.acts import Act, Ask, Calls, Pending, Say, ToolUse
from agent.planner.focus import day_of, listed
from agent.planner.intents.base import LIKELY, NONE, POSSIBLE, WEAK, Cues, Intent, which
from agent.planner.intents.explaining import explained
from agent.planner.orders import ask_members
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
    """The tool call that answers a segment request: groups or one number when it asks for them, else members."""
    if request.group_by or _asks_for_a_number(request):
        args: dict[str, Any] = {"definition": listed(request), "group_by": list(request.group_by)}
        if request.metric:
            args["metric"] = request.metric
        if request.limit:
            args["limit"] = request.limit
        return Calls((ToolUse("break_down_segment", args | day_of(request)),), unread=reading.unread)
    args = {"definition": request.definition}
    for name in ("order_by", "limit", "limit_percent", "share_of"):
        if (value := getattr(request, name)) is not None:
            args[name] = value
    return Calls((ToolUse("query_segment", args | day_of(request)),), unread=reading.unread)


def _asks_for_a_number(request: SegmentRequest) -> bool:
    """ "The median spend of gold members": one number over all of them."""
    metric = request.metric or {}
    is_list = request.limit is not None or (request.order_by is not None and request.limit_percent is None)
    return "field" in metric and metric.get("fn") != "share" and not is_list


def _is_everyone(segment: SegmentRequest | None) -> bool:
    """Nothing was read from the words: no condition, no order, no groups."""
    return segment is not None and replace(segment, as_of=None) == SegmentRequest({"all": []})


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
        if reading.unread and _is_everyone(reading.request):
            return ask_members(request, ", ".join(reading.unread), is_change=False)
        return _nothing_to_remove(request, reading) or segment_calls(reading, reading.request)


def _nothing_to_remove(request: Request, reading: Reading) -> Act | None:
    """What to show for a condition that is not there: the members without the split of its name, or all conditions."""
    before, found = request.focus.segment, reading.request
    if before is None or found is None or not reading.removed or found.definition != before.definition:
        return None
    names = [name for name in reading.removed if name != "channel"]
    view = {"no_condition": [_label(request, name) for name in names]}
    if set(names) & set(before.group_by):
        left = replace(found, group_by=tuple(name for name in before.group_by if name not in names), metric=None)
        return replace(segment_calls(reading, left), view=view | {"was_split": True})
    return Calls((ToolUse("explain_segment", explained(found)),), view=view | {"dwell": "cost"})


def _label(request: Request, name: str) -> str:
    field = request.world.vocabulary.field(name)
    return name if field is None else field.label.in_language(request.language)
