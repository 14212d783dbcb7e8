"""Questions about a segment that is known: why somebody is in or out, who is at its edge, what its conditions cost."""

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from agent.planner.acts import Act, Ask, Calls, Pending, ToolUse
from agent.planner.focus import arranged, day_of
from agent.planner.intents.base import EXPLICIT, NONE, POSSIBLE, Intent, which
from agent.planner.request import Request
from crm.segments.language.reader import SegmentRequest
from crm.segments.language.vocabulary import MEMBER

_PRONOUNS = ("he", "she", "they", "it", "him", "her", "them", "他", "她")
_NOBODY = (
    "this",
    "that",
    "there",
    "the",
    "so many",
    "nobody",
    "who",
    "which",
    "what",
    "anyone",
    "谁",
    "哪些人",
    "哪些",
)
LONGEST_NAME = 40


class ExplainMembership(Intent):
    name = "explain_membership"
    _IN = (
        r"(?:on|in|part of|included|excluded|listed|match\w*|left out|counted|missing|among|fit|qualif\w+|get|make"
        r"|there|belong)"
    )
    _THE_GROUP = r"(?:it|that|this|there|them|those|(?:the|this|that|our) (?:\w+ )?(?:list|segment|group|audience))"
    _WHY: ClassVar[re.Pattern[str]] = re.compile(
        r"\b(?:why|how come)\s(?:is|was|isn't|wasn't|does|doesn't|did|didn't|are|aren't|were)\s(?P<why>.+?)\s"
        rf"(?:not\s|never\s|n't\s)?{_IN}\b"
        rf"|\bhow come\s(?P<how>.+?)\s(?:is|was|isn't|wasn't|doesn't|didn't|does|did)\s(?:not\s)?{_IN}\b"
        rf"|\b(?:is|was)\s(?P<is>.+?)\s(?:not\s)?(?:in|on|part of|included in|among|a member of)\s{_THE_GROUP}\b"
        rf"|\b(?:does|did|do|would|will|could)\s(?P<does>.+?)\s(?:belong|fit|qualify|match|count|make it)\b"
        r"|\bwhat(?:'s| is)?\s(?:keeps|keeping|kept|holds|holding)\s(?P<keeps>.+?)\s(?:out|from|away|back)\b"
        r"|\bwhat(?:'s| is| does)?\s(?P<lacks>.+?)\s(?:missing|lacking|lack)\b"
        r"|为什么(?P<zh_why>.+?)(?:不在|没在|没有在|在|被排除|没被|没有被|不符合|符合|不属于|属于|没入选|没有入选|入选|没进)"
        r"|(?P<zh_how>[\u4e00-\u9fff]{2,4}?)(?:为什么|为何|怎么)(?:会|就)?(?:不|没|没有|被)?(?:在|符合|属于|入选|排除|进|算)"
        r"|(?P<zh_is>[\u4e00-\u9fff]{2,4}?)(?:在不在|是否在|在里面吗|在名单|属不属于|是否属于|属于|符不符合|是否符合|符合|算不算"
        r"|算在|差在|差什么|差哪|够不够)"
    )

    _AND_HE: ClassVar[re.Pattern[str]] = re.compile(
        r"^\W*(?:and|what about|how about|or|那|那么)?\s*(?P<who>[^\s?？,，][^?？,，]*?)\s*(?:呢|too)?\W*$",
        re.IGNORECASE,
    )

    def score(self, request: Request) -> float:
        if self._member(request) is None:
            return NONE
        known = request.focus.segment is not None or request.saved_segment is not None
        return EXPLICIT if known or request.reading.request is not None else POSSIBLE

    def plan(self, request: Request) -> Act:
        match, member = self._WHY.search(request.lowered), self._member(request)
        if member is None:
            return Ask(("which_member",), which(request, "Which member do you mean?", "您指的是哪位会员？"))
        segment = asked_segment(request, request.words[match.end() :] if match else "")
        if segment is None:
            words = which(
                request, f"Which group should {member} be in or not in?", f"您想知道 {member} 在不在哪个人群里？"
            )
            return Ask(("audience",), words, Pending(self.name, {"member": member}, ("audience",)))
        return Calls((ToolUse(self.name, {**explained(segment), "member": member}),))

    def complete(self, request: Request, pending: Pending) -> Act | None:
        args = dict(pending.args)
        if "member" in pending.missing:
            args["member"] = request.member.name if request.member and request.member.name else request.words.strip()
        elif request.reading.request is not None:
            args |= explained(request.reading.request)
        else:
            return None
        return Calls((ToolUse(self.name, args),))

    def _member(self, request: Request) -> str | None:
        """The words for the person as they were typed; 'he' and 'she' mean the member in focus."""
        match = self._WHY.search(request.lowered)
        group = next((name for name, value in match.groupdict().items() if value), None) if match else None
        if match is None or group is None:
            return self._next_member(request)
        who = request.words[match.start(group) : match.end(group)].strip()
        if who.lower() in _PRONOUNS:
            return request.focus.member
        is_name = 0 < len(who) <= LONGEST_NAME and who.lower() not in _NOBODY
        return who if is_name and not who.lower().startswith(("which ", "what ", "each ")) else None

    def _next_member(self, request: Request) -> str | None:
        """ "And Wang Fang?" after somebody else was explained."""
        match = self._AND_HE.match(request.words) if request.focus.last_tool == self.name else None
        if match is None:
            return None
        vocabulary = request.world.vocabulary
        is_known = match["who"] in vocabulary.local_names or match["who"] in vocabulary.values.get(MEMBER, ())
        return match["who"] if is_known else None


class ExplainSegment(Intent):
    """Who just misses a segment or is only just in, and which condition keeps how many out."""

    name = "explain_segment"
    _EDGE: ClassVar[re.Pattern[str]] = re.compile(
        r"\b(?:just|narrowly|nearly|barely|only just) (?:miss\w*|in\b|out\b|made it|make it|qualif\w+)"
        r"|\bnear(?:ly)? miss\w*|\balmost (?:in\b|made it|make it|qualif\w+|there\b|fit\b)"
        r"|\bclos(?:e|est) to (?:qualify\w*|getting in|being in|making it|leaving|the (?:line|edge|threshold|cut\w*))"
        r"|\bon the (?:edge|verge|brink|border)|\bborderline\b|\babout to (?:drop|fall) out"
        r"|\bone condition (?:short|away)"
        r"|差一?点|差一个条件|险些|擦边|边缘|临界|勉强(?:符合|进)|几乎符合|接近符合|刚好(?:没|不)|快要?(?:掉出|离开|退出)"
    )
    _COST: ClassVar[re.Pattern[str]] = re.compile(
        r"\b(?:which|what) (?:condition|filter|criteri\w+|rule|restriction)s?\b.*\b(?:costs?|remov\w+|exclud\w+|cuts?"
        r"|drops?|los\w+|narrow\w*|most|biggest|restrict\w*|matters?|keeps?)\b"
        r"|\b(?:each|every) (?:condition|filter|criterion|rule)\b|\bmost restrictive\b"
        r"|\b(?:condition|filter)s? (?:costs?|removes?|excludes?) (?:us )?(?:the )?(?:most|how many)"
        r"|(?:哪个|哪条|哪一?项|每个|每条|各个?)(?:筛选)?条件|条件.{0,6}(?:影响|刷掉|筛掉|减少|卡掉|排除)"
    )

    def score(self, request: Request) -> float:
        return EXPLICIT if request.says(self._EDGE) or request.says(self._COST) else NONE

    def plan(self, request: Request) -> Act:
        segment = asked_segment(request, "")
        view = {"dwell": "edge" if request.says(self._EDGE) else "cost"}
        if segment is None:
            words = which(request, "Of which members? Say who they are first.", "您指的是哪些会员？请先说明人群。")
            return Ask(("audience",), words, Pending(self.name, view, ("audience",)))
        return Calls((ToolUse(self.name, explained(segment)),), view=view)

    def complete(self, request: Request, pending: Pending) -> Act | None:
        found = request.reading.request
        return None if found is None else Calls((ToolUse(self.name, explained(found)),), view=pending.args)


def asked_segment(request: Request, words: str) -> SegmentRequest | None:
    """The saved segment that is named, else the members that `words` describe, else those spoken of last."""
    if request.saved_segment is not None:
        return SegmentRequest(saved_condition(request.saved_segment))
    asked = request.read(words).request if words.strip() else None
    if asked is not None and asked.definition != {"all": []}:
        return asked
    return request.focus.segment


def saved_condition(name: str) -> dict[str, Any]:
    """The members of a saved segment."""
    return {"all": [{"field": "segment", "op": "in", "value": [name]}]}


def explained(segment: SegmentRequest) -> Mapping[str, Any]:
    """The arguments by which tools know a segment that is to be explained."""
    return {"definition": arranged(segment), **day_of(segment)}
