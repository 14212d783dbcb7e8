"""Running campaigns: submit, schedule, approve, reject, pause, resume, cancel."""

import re
from typing import Any, ClassVar

from agent.planner.acts import Act, Ask, Calls, Pending, ToolUse, call
from agent.planner.intents.base import EXPLICIT, LIKELY, NONE, POSSIBLE, Cues, Intent, ask_campaign, which
from agent.planner.intents.campaign_reference import campaign_meant, points_back, speaks_of_campaign
from agent.planner.request import Request

_QUESTION = re.compile(r"^(?:how|why|what|which|who|when|did|does|has|have|was|were|can you (?:tell|show))\b")
_NEW_CAMPAIGN = re.compile(r"\b(?:an?|new|another)\s(?:[\w'-]+\s){0,4}campaign\b|新?建.*活动|做一个")


class CampaignCommand(Intent):
    """A command on one campaign. Subclasses name the tool and the words."""

    tool: ClassVar[str]
    cues: ClassVar[Cues]

    def score(self, request: Request) -> float:
        text = request.unnamed
        if not self.cues.found_in(text) or _QUESTION.search(text) or _NEW_CAMPAIGN.search(text):
            return NONE
        if request.campaigns:
            return EXPLICIT
        if speaks_of_campaign(request) or "campaign" in text or "活动" in text:
            return LIKELY
        return POSSIBLE if points_back(request) and request.focus.segment is None else NONE

    def plan(self, request: Request) -> Act:
        meant = campaign_meant(request)
        args = self.arguments(request)
        if meant.reference is None:
            return ask_campaign(request, self.name, args, meant.candidates)
        return self.finish(request, {"campaign": meant.reference, **args})

    def complete(self, request: Request, pending: Pending) -> Act | None:
        args = {**pending.args, **self.arguments(request)}
        if "campaign" in pending.missing:
            meant = campaign_meant(request)
            if meant.reference is None:
                return None
            args["campaign"] = meant.reference
        return self.finish(request, args)

    def arguments(self, request: Request) -> dict[str, Any]:
        """Arguments beside the campaign that the words give."""
        return {}

    def finish(self, request: Request, args: dict[str, Any]) -> Act:
        """The call, once the campaign is known; or a question for another argument."""
        return call(self.tool, args)


class PauseCampaign(CampaignCommand):
    name = "pause_campaign"
    tool = "pause_campaign"
    cues = Cues(r"pause|halt|suspend|freeze|stop|on hold|hold off", "暂停|停一下|先停|停掉|停止|叫停")


class ResumeCampaign(CampaignCommand):
    name = "resume_campaign"
    tool = "resume_campaign"
    cues = Cues(
        r"resume|un-?pause|restart|continue|reactivate|start\b.*\bagain|turn\b.*\bback on",
        "恢复|继续发|继续投|重新启动|重启",
    )


class CancelCampaign(CampaignCommand):
    name = "cancel_campaign"
    tool = "cancel_campaign"
    cues = Cues(
        r"cancel|abort|call\b.*\boff|scrap|withdraw|kill|discard|unschedule|delete", "取消|作废|撤销|撤回|删除|删掉"
    )


class SubmitCampaign(CampaignCommand):
    name = "submit_campaign"
    tool = "submit_campaign"
    cues = Cues(
        r"submit|(?:for|request|get|ask for) (?:an? |the )?(?:approval|sign-?off)|get\b.*\bapproved",
        "提交|提审|送审|报批|申请审批|发起审批",
    )

    def arguments(self, request: Request) -> dict[str, Any]:
        start = request.moment.start_text
        return {"start": start} if start else {}


class ScheduleCampaign(CampaignCommand):
    name = "schedule_campaign"
    tool = "schedule_campaign"
    cues = Cues(
        r"(?:re-?)?schedule|launch|go(?:es)? live|(?:push|put|set|take|make)\b.*\blive|kick\b.*\boff|publish"
        r"|release|start"
        r"|begin|postpone|delay|(?:move|shift|push)\b.*\bto|send (?:it|this|that)(?: out)?|fire (?:it )?off",
        "排期|安排|上线|发布|启动|定时|定在|改到|推迟|延后|提前到|发送|发出去",
    )

    _AT_ONCE: ClassVar[Cues] = Cues(r"now|right away|immediately|at once|asap|straight away", "现在|立即|立刻|马上")
    """Starting at once means: as soon as it is approved, which is what a brief without a start says."""

    def score(self, request: Request) -> float:
        fit = super().score(request)
        return fit - 0.05 if fit else fit  # a more telling word beside it ("submit", "pause") decides

    def arguments(self, request: Request) -> dict[str, Any]:
        start = request.moment.start_text
        return {"at": start} if start else {}

    def finish(self, request: Request, args: dict[str, Any]) -> Act:
        if "at" in args:
            return call(self.tool, args)
        brief = request.focus.campaign.brief if request.focus.campaign else None
        if self._AT_ONCE.found_in(request.unnamed) or (brief and brief.get("start")):
            return call("submit_campaign", campaign=args["campaign"])
        words = which(
            request,
            f"When should {args['campaign']} start? Please give a day and a time.",
            f"{args['campaign']} 要在什么时候开始？请给出日期和时间。",
        )
        return Ask(("time",), words, Pending(self.name, args, ("at",)))

    def complete(self, request: Request, pending: Pending) -> Act | None:
        if "at" in pending.missing and not self.arguments(request):
            return None
        return super().complete(request, pending)


class ApproveCampaign(CampaignCommand):
    name = "approve_campaign"
    tool = "approve_campaign"
    cues = Cues(
        r"approve|sign(?:ing)? off|green-?light|authori[sz]e|give\b.*\b(?:go-?ahead|ok|okay)|ok(?:ay)? the",
        "批准|审批通过|通过审批|同意上线|审核通过|通过(?!率)",
    )

    def score(self, request: Request) -> float:
        refused = RejectCampaign.cues.found_in(request.unnamed)
        return NONE if refused else super().score(request)

    def plan(self, request: Request) -> Act:
        if not speaks_of_campaign(request):
            state = "awaiting_approval"
            return Calls((ToolUse("list_campaigns", {"state": state}),), view={"state": state})
        return super().plan(request)


class RejectCampaign(CampaignCommand):
    name = "reject_campaign"
    tool = "reject_campaign"
    cues = Cues(
        r"reject|decline|turn\b.*\bdown|send\b.*\bback|(?:do not|don't|not|never|can't|cannot) approv(?:e"
        r"|ing)|veto|deny",
        "驳回|拒绝|退回|打回|不批准|不同意|不通过",
    )
    _NOTE: ClassVar[re.Pattern[str]] = re.compile(
        r"(?:\b(?:because|since|as|saying|with (?:the )?note|note|reason|due to|why)\b\s?:?|[:,;–—]|\s-\s|，|："
        r"|因为|理由是?|原因是?)\s*"
        r"(?P<note>\S.{3,}?)\s*[.。]?$",
        re.IGNORECASE,
    )

    _LEAD: ClassVar[re.Pattern[str]] = re.compile(
        r"^(?:原因|理由|因为|because|reason|note|as|since)\s?(?:是|is)?\s?[:：]?\s*", re.IGNORECASE
    )

    def arguments(self, request: Request) -> dict[str, Any]:
        after = max((each.span.end for each in request.campaigns), default=0)
        cue = self.cues.first(request.lowered)
        after = max(after, cue.end() if cue else 0)
        match = self._NOTE.search(request.words[after:])
        return {"note": self._LEAD.sub("", match.group("note")).strip(" '\"“”")} if match else {}

    def finish(self, request: Request, args: dict[str, Any]) -> Act:
        if args.get("note"):
            return call(self.tool, args)
        words = which(
            request,
            f"What should the author of {args['campaign']} change? The rejection needs a reason.",
            f"驳回 {args['campaign']} 需要理由，请说明需要修改什么。",
        )
        return Ask(("note",), words, Pending(self.name, args, ("note",)))

    def complete(self, request: Request, pending: Pending) -> Act | None:
        if "note" in pending.missing:
            return call(self.tool, {**pending.args, "note": request.words.strip()})
        return super().complete(request, pending)
