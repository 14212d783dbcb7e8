"""Saved segments: keep the members spoken of under a name, list what is kept, look at one."""

import re
from dataclasses import replace
from typing import Any, ClassVar

from agent.planner.acts import Act, Ask, Calls, Pending, ToolUse, call
from agent.planner.focus import arranged
from agent.planner.intents.base import EXPLICIT, LIKELY, NONE, Cues, Intent, which
from agent.planner.orders import ask_members
from agent.planner.request import Request
from agent.planner.slots.segments import find_name_to_save
from agent.planner.slots.span import mask
from crm.members.fields import ME
from crm.segments.language.reader import Reading, SegmentRequest

LISTING = Cues(
    r"(?:which|what|list|show|see|any|all|our|my|the)\b[^?.]{0,25}\bsegments|saved segments"
    r"|segments (?:do we|are there|exist)",
    "(?:有哪些|列出|查看|看看|所有|全部|已保存|保存)的?(?:已保存的|已有的|现有的)?(?:分群|分组|人群)"
    "|(?:分群|分组)(?:列表|清单|有哪些|都有哪些)",
)


class SaveSegment(Intent):
    name = "save_segment"
    _SAVE: ClassVar[re.Pattern[str]] = re.compile(
        r"\b(?:save|store|keep|bookmark)\b\s+(?:it|this|that|them|these|those|the|a|as|under|segment|my)\b"
        r"|\b(?:call|name) (?:it|this|that|them)\b.*\bsave\b|^\W*save\b|保存|另存|存(?:为|成|下来|一下)|收藏"
    )
    _MEMBERS: ClassVar[re.Pattern[str]] = re.compile(
        r"\b(?:save|store|keep)\s+(?!(?:it|this|that|them|these|those|as|under)\b)(.+?)\s+(?:as|under)\b"
        r"|(?:把|将)(?!它|他们|她们|这些|这批|这个|以上|上面|上述)(.+?)(?:保存|另存|存|收藏)",
        re.IGNORECASE | re.DOTALL,
    )
    """'save the gold members in Shanghai as ...': whom the words themselves describe."""
    _POINTS_BACK: ClassVar[re.Pattern[str]] = re.compile(
        r"^\W*(?:(?:the|a|my|our|all of|new)\s+)*(?:segment|list|group|members|people|results?|audience"
        r"|definition)?\W*$"
        r"|^(?:分群|分组|人群|名单|结果|会员)?$",
        re.IGNORECASE,
    )
    _SOMETHING_ELSE: ClassVar[Cues] = Cues(
        r"drafts?|templates?|reports?|pdf|files?|money|budget|posted|in mind", "草稿|报告|模板|文件"
    )

    def score(self, request: Request) -> float:
        is_other = self._SOMETHING_ELSE.found_in(request.unnamed) or LISTING.found_in(request.unnamed)
        return NONE if is_other or not request.says(self._SAVE) else EXPLICIT

    def plan(self, request: Request) -> Act:
        said = self._said(request)
        if said is not None and said.unread:
            return ask_members(request, ", ".join(said.unread))
        if said is not None and said.question is not None:
            return Ask(said.question.slots, said.question.words)
        segment = said.request if said is not None else request.focus.segment
        if segment is None:
            words = which(
                request,
                "Which members shall I save? Ask for them first, then say *save it as …*.",
                "要保存哪些会员？请先查询，再说“保存为……”。",
            )
            return Ask(("audience",), words)
        definition = _without_me(arranged(segment), request.world.actor.display_name)
        name = find_name_to_save(request.words)
        if name is None:
            words = which(request, "Under which name shall I save it?", "保存为什么名称？")
            return Ask(("segment_name",), words, Pending(self.name, {"definition": definition}, ("segment_name",)))
        return call(self.name, name=name, definition=definition)

    def _said(self, request: Request) -> Reading | None:
        """The members that the words themselves describe: 'save the gold members in Shanghai as ...'."""
        match = self._MEMBERS.search(mask(request.words, [each.span for each in request.quoted]))
        if match is None:
            return None
        text = next(part for part in match.groups() if part is not None)
        if self._POINTS_BACK.match(text):
            return None
        reading = request.read(text)
        if reading.question is None and reading.request in (None, SegmentRequest({"all": []})):
            return replace(reading, unread=reading.unread or (text.strip(),))
        return reading

    def complete(self, request: Request, pending: Pending) -> Act | None:
        name = find_name_to_save(request.words) or request.words.strip(" .。\"'“”")
        return call(self.name, name=name, **pending.args) if name else None


def _without_me(node: Any, person: str) -> Any:
    """A saved segment means the same whoever asks, so the person stands in it by name."""
    if isinstance(node, dict):
        return {key: _without_me(value, person) for key, value in node.items()}
    if isinstance(node, list):
        return [_without_me(part, person) for part in node]
    return person if node == ME else node


class ListSegments(Intent):
    name = "list_segments"

    def score(self, request: Request) -> float:
        names_one = request.saved_segment is not None
        return NONE if names_one or not LISTING.found_in(request.unnamed) else EXPLICIT - 0.02

    def plan(self, request: Request) -> Act:
        return call(self.name)


class ShowSegment(Intent):
    """The size, age and changes of one saved segment; its members are a question like any other."""

    name = "show_segment"
    _PASSAGES: ClassVar[re.Pattern[str]] = re.compile(
        r"\b(?:left|leave|leaving|exit\w*|dropped out|fell out|gone from|entered|entering|came into|joined|new in"
        r"|added to|changed|changes|moved (?:in|out))\b|离开|退出|掉出|进入|加入|新进|新增|变化|变动|流入|流出"
    )
    _ABOUT: ClassVar[re.Pattern[str]] = re.compile(
        r"\b(?:how many|how big|how large|size of|count of|number of|tell me about|show(?: me)?|open|describe|what is"
        r"|what's|how is|state of|status of|when was|is .* (?:fresh|stale|up to date))\b"
        r"|多少|几个|几人|规模|人数|查看|看看|打开|介绍|情况|状态|更新"
    )
    _MEMBERS: ClassVar[re.Pattern[str]] = re.compile(
        r"\b(?:list|who (?:is|are)|which members|show (?:me )?(?:the )?members|names of|members (?:of|in))\b"
        r"|列出|名单|有谁|哪些会员|是谁"
    )
    _IT: ClassVar[re.Pattern[str]] = re.compile(r"\b(?:it|this|that|the) ?(?:segment)?\b|这个?分群|这个?分组|它")

    def score(self, request: Request) -> float:
        if self._segment(request) is None:
            return NONE
        if request.says(self._PASSAGES):
            return EXPLICIT - 0.02
        return LIKELY + 0.1 if self._is_about_all_of_it(request) else NONE

    def plan(self, request: Request) -> Act:
        segment = self._segment(request)
        view = {"dwell": "passages"} if request.says(self._PASSAGES) else {}
        return Calls((ToolUse(self.name, {"segment": segment}),), view=view)

    def _segment(self, request: Request) -> str | None:
        """The one that is named; 'it' is the one in focus when the question is who came and went."""
        if request.saved_segment is not None:
            return request.saved_segment
        is_meant = request.says(self._PASSAGES) and request.says(self._IT)
        return request.focus.saved_segment if is_meant else None

    def _is_about_all_of_it(self, request: Request) -> bool:
        """Nothing but the segment is asked for, and not for its members by name."""
        if not request.says(self._ABOUT) or request.says(self._MEMBERS):
            return False
        rest = re.sub(re.escape(self._segment(request) or ""), " ", request.words, flags=re.IGNORECASE)
        found = request.read(rest).request
        return found is None or found == SegmentRequest({"all": []})
