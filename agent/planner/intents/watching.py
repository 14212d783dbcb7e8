"""Looking at campaigns: show one, its plan, its live numbers, the list of them."""

import re
from typing import Any, ClassVar

from agent.planner.acts import Act, Calls, Pending, ToolUse
from agent.planner.intents.base import EXPLICIT, LIKELY, NONE, POSSIBLE, Cues, Intent, ask_campaign
from agent.planner.intents.campaign_reference import campaign_meant, points_back, speaks_of_campaign, speaks_of_members
from agent.planner.request import Request


class CampaignQuestion(Intent):
    """A question about one campaign. Subclasses name the tool, the words and what the answer should dwell on."""

    tool: ClassVar[str]
    cues: ClassVar[Cues]

    def score(self, request: Request) -> float:
        if not self.cues.found_in(request.unnamed):
            return NONE
        if request.campaigns:
            return EXPLICIT
        if speaks_of_campaign(request):
            return LIKELY
        if not speaks_of_members(request) and re.search(r"\bcampaign\b|活动", request.unnamed):
            return POSSIBLE
        return POSSIBLE if points_back(request) and request.focus.segment is None else NONE

    def plan(self, request: Request) -> Act:
        meant = campaign_meant(request)
        if meant.reference is None:
            return ask_campaign(request, self.name, {"view": self.view(request)}, meant.candidates)
        return self._call(meant.reference, self.view(request))

    def complete(self, request: Request, pending: Pending) -> Act | None:
        meant = campaign_meant(request)
        if meant.reference is None:
            return None
        return self._call(meant.reference, {**pending.args.get("view", {}), **self.view(request)})

    def view(self, request: Request) -> dict[str, Any]:
        return {}

    def _call(self, reference: str, view: dict[str, Any]) -> Calls:
        return Calls((ToolUse(self.tool, {"campaign": reference}),), view=view)


class MonitorCampaign(CampaignQuestion):
    name = "monitor_campaign"
    tool = "monitor_campaign"
    cues = Cues(
        r"exclu\w+|filtered out|suppressed|skipped|left out|not (?:been )?sent|undelivered|deliver\w*"
        r"|bounc\w+|fail\w*|open(?:s|ed|ing)?"
        r"|open rates?|click\w*|ctr|coverage|reach(?:ed)?|progress|live (?:numbers|metrics|data|stats|view"
        r"|status|performance|results?)|real-?time|so far|metrics|numbers"
        r"|stats|monitor\w*"
        r"|unsubscrib\w+|pending|sent(?: out)?|how(?:'s| is| are)\b.*\b(?:doing|going|performing|tracking"
        r"|coming along|it)|right now"
        r"|by now|up to now|who (?:got|received)|opt(?:ed)?[\s-]?outs?",
        "触达率|点击率|打开率|送达|排除|剔除|过滤|进度|实时|监控|发送情况|发了多少|发送失败|失败|覆盖率|现在.*(?:怎么样|如何)|转化率|退订",
    )
    _RATES: ClassVar[Cues] = Cues(
        r"(?:open|click|delivery|bounce) rates?|ctr|coverage", "触达率|点击率|打开率|送达率|覆盖率"
    )
    """Numbers that only a campaign has: without its name we ask for it."""
    _ASPECTS: ClassVar[tuple[tuple[str, Cues], ...]] = (
        (
            "exclusions",
            Cues(
                r"exclu\w+|filtered out|suppressed|skipped|left out|not (?:been )?sent|opt(?:ed)?[\s-]?outs?",
                "排除|剔除|过滤|没发|未发",
            ),
        ),
        ("coverage", Cues(r"coverage|reach(?:ed)?", "触达率|覆盖率")),
        ("open_rate", Cues(r"open(?:s|ed)?|open rates?", "打开率|打开")),
        ("click_rate", Cues(r"click\w*|ctr", "点击率|点击")),
        ("conversion", Cues(r"conver\w+", "转化率?")),
        ("delivery", Cues(r"deliver\w*|bounc\w+|fail\w*|undelivered", "送达|失败")),
        ("timeseries", Cues(r"per day|by day|daily|trend|over time", "每天|每日|趋势")),
    )

    def score(self, request: Request) -> float:
        fit = super().score(request)
        if not fit and self._RATES.found_in(request.unnamed) and not speaks_of_members(request):
            return LIKELY
        if fit and speaks_of_members(request) and not self._counts_exclusions(request):
            return POSSIBLE - 0.1
        return fit

    def view(self, request: Request) -> dict[str, Any]:
        aspects = [name for name, cues in self._ASPECTS if cues.found_in(request.unnamed)]
        channels = [each.channel for each in request.channels]
        return {"aspects": aspects} | ({"channels": channels} if channels else {})

    def _counts_exclusions(self, request: Request) -> bool:
        """'How many people were excluded from X and why' asks about the campaign, not for a segment."""
        passive = r"(?:were|was|are|is|been|got|did|have|has|被)"
        return bool(
            re.search(
                rf"{passive}.*(?:exclu|filter|skip|suppress|reach|sent|left out)|排除|剔除|过滤|触达", request.unnamed
            )
        )


class PlanCampaign(CampaignQuestion):
    name = "plan_campaign"
    tool = "plan_campaign"
    cues = Cues(
        r"(?:outreach |sending |send |delivery |messages? )?(?:plan|timeline)|(?:the|its|sending"
        r"|send) schedule|preview|forecast"
        r"|conflicts?|overlap\w*"
        r"|(?:who|how many\b.*) (?:will|would)\b.*\b(?:get|receive|go out|be|reach)|cost|enough|in stock"
        r"|stock|inventory|left for"
        r"|short(?:age)?|when (?:will|does|do|would)\b.*\b(?:go|send|start|run)",
        "触达计划|发送计划|计划|预览|会发|会有多少|库存|够不够|够吗|够用|冲突|成本|花多少",
    )
    _ASPECTS: ClassVar[tuple[tuple[str, Cues], ...]] = (
        (
            "benefits",
            Cues(
                r"enough|in stock|stock|inventory|left for|short(?:age)?|coupons?|vouchers?|gifts?",
                "库存|够不够|够吗|够用|券|礼品",
            ),
        ),
        ("conflicts", Cues(r"conflicts?|overlap\w*", "冲突|重叠")),
        ("cost", Cues(r"cost|budget|spend", "成本|预算|花多少")),
        ("schedule", Cues(r"schedule|timeline|when|per day|by day", "时间|每天|什么时候")),
    )

    def score(self, request: Request) -> float:
        if re.search(r"\bplan (?:a|an|the next)\b", request.unnamed):
            return NONE
        return super().score(request)

    def view(self, request: Request) -> dict[str, Any]:
        return {"aspects": [name for name, cues in self._ASPECTS if cues.found_in(request.unnamed)]}


class ShowCampaign(CampaignQuestion):
    name = "show_campaign"
    tool = "show_campaign"
    cues = Cues(
        r"show|open|see|view|display|look at|pull up|details?|what(?:'s| is) in|status|where\b.*\bstand"
        r"|bring up|tell me about|what(?:'s| is)",
        "看看|看一下|打开|显示|查看|详情|状态|是什么",
    )

    def score(self, request: Request) -> float:
        fit = super().score(request)
        return fit - 0.2 if fit else fit  # "show the plan / the report / the open rate" have words of their own


class ListCampaigns(Intent):
    name = "list_campaigns"
    _CUES: ClassVar[Cues] = Cues(
        r"(?:list|show|which|what|all|any|see|give)\b.*\b(?:campaigns|drafts|approvals?)|(?:pending|open"
        r"|waiting) approvals?"
        r"|(?:waiting|pending|awaiting|needs?|need)\b.*\b(?:my )?(?:approval|sign-?off|approved)"
        r"|anything (?:for me )?to approve"
        r"|how many campaigns|campaigns? (?:do we have|are (?:running|live|active))",
        "(?:哪些|列出|所有|有什么|有哪些|看看|几个|全部).*活动|待审批|等.{0,3}审批|需要.{0,4}审批|活动(?:列表|清单|有哪些)",
    )
    _STATES: ClassVar[tuple[tuple[str, Cues], ...]] = (
        ("awaiting_approval", Cues(r"approv\w+|sign-?off|awaiting|waiting", "审批|待批|待审")),
        ("running", Cues(r"running|live|active|in progress|ongoing|under ?way|currently", "进行中|正在|运行|在跑")),
        ("draft", Cues(r"drafts?|unfinished", "草稿")),
        ("scheduled", Cues(r"scheduled|upcoming|planned|coming up", "已排期|排期|即将|待发")),
        ("paused", Cues(r"paused|on hold", "暂停")),
        ("completed", Cues(r"completed|finished|ended|past|done|over", "已完成|已结束|结束|完成|过去")),
        ("cancelled", Cues(r"cancell?ed", "已取消|取消")),
    )

    def score(self, request: Request) -> float:
        if not self._CUES.found_in(request.unnamed) or request.campaigns or speaks_of_members(request):
            return NONE
        return LIKELY + 0.05

    def plan(self, request: Request) -> Act:
        state = next((state for state, cues in self._STATES if cues.found_in(request.unnamed)), None)
        return Calls((ToolUse("list_campaigns", {"state": state} if state else {}),), view={"state": state})
