"""What came of a campaign: its review, two side by side, the PDF, and what was learned."""

import re
from typing import Any, ClassVar

from agent.planner.acts import Act, Calls, ToolUse
from agent.planner.intents.base import EXPLICIT, LIKELY, NONE, POSSIBLE, Cues, Intent
from agent.planner.intents.operating import CampaignCommand
from agent.planner.intents.watching import CampaignQuestion
from agent.planner.request import Request

# The names are ids in crm.reports.metrics.
_METRICS: tuple[tuple[str, Cues], ...] = (
    ("roi", Cues(r"roi|return on|worth it|pay off", "回报|投入产出|roi")),
    ("retention", Cues(r"retention|retained|repurchase", "留存|复购")),
    ("conversion", Cues(r"conver\w+", "转化")),
    ("gmv", Cues(r"gmv|revenue|sales|upsell|incremental|uplift|lift", "gmv|销售额|营收|增量|提升")),
    ("open_rate", Cues(r"open(?:s|ed)?|open rates?", "打开率")),
    ("click_rate", Cues(r"click\w*|ctr", "点击率")),
    ("coverage", Cues(r"coverage|reach", "触达率|覆盖率")),
    ("unsubscribe_rate", Cues(r"unsubscrib\w+", "退订")),
    ("redemption", Cues(r"redemptions?|redeem\w*|coupons? use", "核销|使用率")),
)
_BY_CHANNEL = Cues(
    r"(?:by|per|for each|across) channels?|channel[\s-](?:by[\s-]channel|performance|wise)|each channel",
    "分渠道|各渠道|按渠道",
)


def review_view(request: Request) -> dict[str, Any]:
    """What the review's answer should dwell on."""
    view: dict[str, Any] = {}
    if metrics := [name for name, cues in _METRICS if cues.found_in(request.unnamed)]:
        view["metrics"] = metrics
    if _BY_CHANNEL.found_in(request.unnamed):
        view["group_by"] = ["channel"]
    if channels := list(dict.fromkeys(each.channel for each in request.channels)):
        view["channels"] = channels
    return view


class ReviewCampaign(CampaignQuestion):
    name = "review_campaign"
    tool = "review_campaign"
    cues = Cues(
        r"reviews?|reports?|results?|roi|return on|incremental\w*|uplift|lift|retention|outcomes?|recap"
        r"|post-?mortem|perform(?:ance|ed)"
        r"|how (?:did|well|successful|effective|was|were|has)\b|did\b.*\b(?:work|pay|help|succeed|do)"
        r"|what did\b.*\b(?:bring|achieve|do|deliver|yield|get)|worth it|effect\w*|impact|gmv"
        r"|revenue|sales|upsell|success\w*|redemptions?|recalculate|what came of|next steps|conversions?"
        r"|conversion rate|improve\w*"
        r"|significan\w+",
        "复盘|报告|效果|回顾|总结|roi|回报|增量|留存|怎么样|表现|成效|结果|提升|转化",
    )
    _BARE_REPORT: ClassVar[re.Pattern[str]] = re.compile(
        r"\b(?:the|a|campaign|review)\s(?:campaign )?(?:report|review)s?\b|报告|复盘"
    )

    def score(self, request: Request) -> float:
        fit = super().score(request)
        if fit:
            return fit - 0.02  # live words such as "so far" and "excluded" decide against it
        if request.focus.last_tool == self.tool and _is_fragment(request):
            return LIKELY
        return POSSIBLE if self._BARE_REPORT.search(request.unnamed) else NONE

    def view(self, request: Request) -> dict[str, Any]:
        goes_on = request.focus.last_tool == self.tool and _is_fragment(request) and not request.campaigns
        return {**(request.focus.last_view if goes_on else {}), **review_view(request)}


class CompareCampaigns(Intent):
    name = "compare_campaigns"
    _CUES: ClassVar[Cues] = Cues(
        r"compar\w+|versus|vs|against|better than|difference between|side by side|or\b.*\bbetter"
        r"|which (?:one )?(?:did|was|worked)",
        "对比|比较|相比|哪个更?好",
    )

    def score(self, request: Request) -> float:
        if not self._CUES.found_in(request.unnamed):
            return NONE
        return EXPLICIT + 0.02 if len(_compared(request)) >= 2 else NONE

    def plan(self, request: Request) -> Act:
        uses = tuple(ToolUse("review_campaign", {"campaign": reference}) for reference in _compared(request))
        return Calls(uses, view={**review_view(request), "compare": True})


class ExportReview(CampaignCommand):
    name = "export_review"
    tool = "export_review"
    cues = Cues(r"export|download|pdf|archive|print|save\b.*\bas", "导出|下载|pdf|归档|存档")


class SearchInsights(Intent):
    name = "search_insights"
    _CUES: ClassVar[Cues] = Cues(
        r"(?:what|anything|something)\b.*\b(?:learn(?:ed|t|ings?)?|know about|remember)|lessons?|learnings?"
        r"|insights?|knowledge ?base|kb"
        r"|best practices?|what works|what worked|what has worked|past experience|do we know|(?:our|the"
        r"|is there an?|any) (?:\w+ )?(?:rules?|polic(?:y|ies)|guidelines?)"
        r"|tips|playbook|findings|evidence|quiet hours|frequency caps?|how (?:often|many times"
        r"|much)\b.*\b(?:contact|message|mail"
        r"|write to|text)",
        "经验|教训|知识库|学到|学习到|洞察|心得|规则|规定|政策|做法|免打扰|频次上限",
    )
    _RULES: ClassVar[Cues] = Cues(
        r"rules?|polic(?:y|ies)|guidelines?|caps?|limits?|quiet hours|max(?:imum)?|allowed|how often",
        "规则|规定|政策|上限|频次|免打扰|允许",
    )
    _AROUND: ClassVar[re.Pattern[str]] = re.compile(
        r"^(?:what|which|any|do|does|did|have|has|we|i|you|our|the|a|an|is|are|there|can|could|please|pls"
        r"|tell|show|give|find|search"
        r"|look up|me|in|from|about|on|of|for|with|knowledge ?base|kb|learn(?:ed|t|ings?)?|lessons?|insights?"
        r"|know|past|so far|us|to|it)\b\s*"
        r"|^(?:我们|从|在|过去|以往|关于|查一下|查|搜索|知识库|里|有没有|有什么|哪些|什么|学到了?|的|了|过|请)+"
    )

    def score(self, request: Request) -> float:
        return EXPLICIT - 0.01 if self._CUES.found_in(request.lowered) else NONE

    def plan(self, request: Request) -> Act:
        view = {"rules": True} if self._RULES.found_in(request.lowered) else {}
        return Calls((ToolUse("search_insights", {"query": self._topic(request)}),), view=view)

    def _topic(self, request: Request) -> str:
        """The request without its asking words; the whole request when nothing else is left."""
        topic = request.words.strip(" ?？!。.")
        lowered = topic.lower()
        while (match := self._AROUND.match(lowered)) and match.end() < len(lowered):
            topic, lowered = topic[match.end() :], lowered[match.end() :]
        return topic.strip(" ?？") or request.words


def _compared(request: Request) -> tuple[str, ...]:
    named = tuple(dict.fromkeys(each.reference for each in request.campaigns))
    focus = request.focus.campaign
    if len(named) == 1 and focus is not None and focus.name != named[0]:
        return (focus.name, *named)
    return named


def _is_fragment(request: Request) -> bool:
    """A few words that only narrow the answer before: 'just email and sms', 'and by channel?'."""
    return bool(review_view(request)) and len(request.words.split()) <= 7 and not request.offers
