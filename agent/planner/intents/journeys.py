"""Journeys and tasks: set one up from a template, look at it, find a member in it, hold it; whose tasks wait."""

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from agent.planner.acts import Act, Ask, Calls, ToolUse, call
from agent.planner.intents.base import EXPLICIT, NONE, Cues, Intent, which
from agent.planner.request import Request
from agent.planner.slots.journeys import (
    find_days,
    find_journey,
    find_template,
    names_journey,
    tiers_in,
    unplaced_in,
)
from agent.planner.slots.members import CANDIDATES_OFFERED
from crm.access.actor import Permission

SURE = EXPLICIT + 0.05
"""With the word journey in it, it is no campaign that is meant."""
_IT = re.compile(r"\b(?:it|its|this|that)\b|它|这个|那个|该旅程")
_QUESTION = re.compile(
    r"^\W*(?:how|why|what|which|who|where|when did|did|does|do|has|have|was|were|is|are)\b|怎么样|多少|哪"
)


def speaks_of_journey(request: Request) -> bool:
    """By that word, or by pointing back to the one spoken of last."""
    if names_journey(request.lowered):
        return True
    focus = request.focus
    return focus.topic == "journey" and focus.journey is not None and _IT.search(request.lowered) is not None


def journey_meant(request: Request) -> str | None:
    """The one that is named, else the one spoken of last."""
    if request.quoted:
        return request.quoted[0].name
    named, spoken_of = find_journey(request.words), request.focus.journey
    if named is None or (spoken_of is not None and named.casefold() in spoken_of.casefold()):
        return spoken_of
    return named


class JourneyRequest(Intent):
    """About one journey. Subclasses name the tool and the words."""

    tool: ClassVar[str]
    cues: ClassVar[Cues]
    is_question: ClassVar[bool] = False

    def score(self, request: Request) -> float:
        if not self.cues.found_in(request.lowered) or not speaks_of_journey(request):
            return NONE
        if not self.is_question and _QUESTION.search(request.lowered):
            return NONE
        return SURE

    def plan(self, request: Request) -> Act:
        journey = journey_meant(request)
        return call("list_journeys") if journey is None else self.finish(request, journey)

    def finish(self, request: Request, journey: str) -> Act:
        return call(self.tool, journey=journey)


class PauseJourney(JourneyRequest):
    name = "pause_journey"
    tool = "pause_journey"
    cues = Cues(r"pause|halt|suspend|freeze|stop|on hold|hold", "暂停|停一下|先停|停掉|停止|叫停")


class ResumeJourney(JourneyRequest):
    name = "resume_journey"
    tool = "resume_journey"
    cues = Cues(r"resume|un-?pause|restart|continue|start\b.*\bagain", "恢复|继续|重新启动|重启")


class SubmitJourney(JourneyRequest):
    name = "submit_journey"
    tool = "submit_journey"
    cues = Cues(
        r"submit|(?:for|request|get|ask for) (?:an? |the )?(?:approval|sign-?off)|get\b.*\bapproved",
        "提交|提审|送审|报批|申请审批|发起审批",
    )


class ShowJourney(JourneyRequest):
    name = "show_journey"
    tool = "show_journey"
    is_question = True
    cues = Cues(
        r"show|open|see|view|display|details?|status|how(?:'s| is| are| does| did| well)|doing|going|perform\w*"
        r"|results?|what(?:'s| is)|tell me about|describe|steps?|conver\w+|click\w*|under way|entered|reached",
        "看看|看一下|打开|显示|查看|详情|状态|是什么|怎么样|如何|效果|进展|步骤|转化|点击|多少人",
    )

    def score(self, request: Request) -> float:
        fit = super().score(request)
        return fit - 0.02 if fit else fit  # more telling words beside it decide


class ShowJourneyMember(JourneyRequest):
    """Where one member is in a journey."""

    name = "show_journey_member"
    tool = "show_journey_member"
    is_question = True
    cues = Cues(
        r"where|stand(?:s|ing)?|place|step|got to|what happened|how far|did .* (?:get|receive|enter)|timeline|history",
        "哪一步|哪里|到哪|在哪|进行到|走到|发生了什么|收到",
    )

    def score(self, request: Request) -> float:
        return super().score(request) if request.member is not None else NONE

    def finish(self, request: Request, journey: str) -> Act:
        member = request.member
        if member is not None and member.name is None:
            offered = member.candidates[:CANDIDATES_OFFERED]
            words = which(
                request,
                f"Which member do you mean: {', '.join(offered)}?",
                f"您指的是哪位会员：{'、'.join(offered)}？",
            )
            return Ask(("which_member",), words)
        return call(self.tool, journey=journey, member=member.name if member is not None else "")


class ListJourneys(Intent):
    name = "list_journeys"
    _CUES: ClassVar[Cues] = Cues(
        r"(?:which|what|list|show|all|any|our|how many|see)\b[^?.]{0,30}\bjourneys",
        "(?:哪些|什么|列出|所有|全部|看看|几个).{0,8}旅程|旅程(?:列表|清单|有哪些)",
    )

    def score(self, request: Request) -> float:
        return SURE + 0.01 if self._CUES.found_in(request.lowered) else NONE

    def plan(self, request: Request) -> Act:
        return call(self.name)


class ListTasks(Intent):
    name = "list_tasks"
    _CUES: ClassVar[Cues] = Cues(
        r"(?:my|our|open|unassigned|overdue|pending|waiting|which|what|list|show|any|all)\b[^?.]{0,30}\btasks?"
        r"|tasks? (?:do i have|are (?:open|waiting|mine|due))",
        "(?:我的|未分配|哪些|什么|列出|查看|看看|所有|全部|待办|逾期).{0,6}任务|任务(?:列表|清单|有哪些)",
    )
    _MAKES: ClassVar[Cues] = Cues(r"create|assign|add|make|open a|set up|give", "创建|新建|派给|分配给|添加")
    _WHOSE: ClassVar[tuple[tuple[str, Cues], ...]] = (
        ("unassigned", Cues(r"unassigned|nobody'?s?|no ?one'?s?|without (?:an )?owner", "未分配|没人|无人")),
        ("all", Cues(r"all|everybody'?s|every ?one'?s|the team'?s|our", "所有|全部|大家|团队")),
    )

    def score(self, request: Request) -> float:
        if not self._CUES.found_in(request.lowered) or self._MAKES.found_in(request.lowered):
            return NONE
        return EXPLICIT

    def plan(self, request: Request) -> Act:
        whose = next((name for name, cues in self._WHOSE if cues.found_in(request.lowered)), "mine")
        return call(self.name, whose=whose)


class SetUpJourney(Intent):
    """Members are to be written to by themselves: whenever somebody joins, falls dormant, has a birthday."""

    name = "set_up_journey"
    _ONLY_DRAFT: ClassVar[Cues] = Cues(r"draft|sketch|propose|prepare|design", "起草|草稿|草拟|设计|准备")

    def score(self, request: Request) -> float:
        text = request.lowered
        if _QUESTION.search(text) or find_template(text) is None or self._is_about_one(request):
            return NONE
        return SURE - 0.01

    def plan(self, request: Request) -> Act:
        template = find_template(request.lowered)
        audience = self._audience(request)
        args: dict[str, Any] = {"template": template}
        if request.quoted:
            args["name"] = request.quoted[0].name
        if template == "reactivation":
            args["stages"] = ["dormant"]
        if tiers := tiers_in(audience):
            args["tiers"] = list(tiers)
        if request.channels:
            args["channels"] = [each.channel for each in request.channels]
        if request.offers:
            args["offers"] = [each.offer for each in request.offers]
        if days := find_days(request.lowered):
            args["days"] = days
        may_submit = request.world.actor.may(Permission.SUBMIT_CAMPAIGN)
        is_draft = self._ONLY_DRAFT.found_in(request.lowered) or not may_submit
        tool = "draft_journey" if is_draft else "set_up_journey"
        return Calls((ToolUse(tool, args),), unread=unplaced_in(audience))

    @staticmethod
    def _audience(request: Request) -> Mapping[str, Any]:
        found = request.read(request.words).request
        return found.definition if found is not None else {}

    @staticmethod
    def _is_about_one(request: Request) -> bool:
        """A command to one that exists: 'pause the welcome journey'."""
        commands = (PauseJourney.cues, ResumeJourney.cues, SubmitJourney.cues)
        return names_journey(request.lowered) and any(cues.found_in(request.lowered) for cues in commands)


JOURNEY_INTENTS: tuple[Intent, ...] = (
    ListJourneys(),
    PauseJourney(),
    ResumeJourney(),
    SubmitJourney(),
    ShowJourneyMember(),
    SetUpJourney(),
    ShowJourney(),
    ListTasks(),
)
