"""Capabilities that people ask for and that do not exist yet: said openly, with what can be done instead.

When a capability arrives, its entry here goes and an intent takes its place.
"""

from dataclasses import dataclass
from typing import ClassVar

from agent.planner.acts import Act, Ask, Say
from agent.planner.intents.base import EXPLICIT, NONE, Cues, Intent, which
from agent.planner.request import Request
from agent.planner.slots.members import CANDIDATES_OFFERED


@dataclass(frozen=True)
class UnsupportedAct:
    """One capability to come."""

    name: str
    cues: Cues
    en: str
    zh: str
    instead_en: str
    instead_zh: str


_MISSING: tuple[UnsupportedAct, ...] = (
    UnsupportedAct(
        "care",
        Cues(
            r"(?:birthday|anniversary) (?:care|greetings?|messages?|coupons?|emails?|sms|texts?|gifts?|wishes"
            r"|campaigns?|cards?|touch\w*|reminders?|blessings?)"
            r"|care (?:touch\w*|deliver\w*|messages?|plan|calendar|duplicates?|status|rate)|(?:birthday"
            r"|anniversary) benefit"
            r"|expiry reminders?|points expir\w+ (?:reminder|notice|warning)|warm-?ups? \d|greetings? (?:message|card)",
            "生日(?:关怀|祝福|券|礼|短信|提醒|消息|优惠)|周年(?:关怀|祝福|礼|提醒)|入会周年.{0,4}(?:关怀|祝福|礼)|关怀|到期提醒",
        ),
        "care for key dates (birthdays, anniversaries, expiries)",
        "关键日期关怀（生日、周年、到期）",
        "list the members with a birthday or anniversary in a period and draft a campaign for them",
        "列出某段时间内过生日或周年的会员，并为他们起草活动",
    ),
    UnsupportedAct(
        "recommendations",
        Cues(
            r"add (?:it|this|that|the (?:card|gift|package)) to\b|(?:recommend\w*|suggest\w*)\b.*\b(?:gifts?"
            r"|packages?|card|cards)|gifts?\b.*\b(?:recommend\w*"
            r"|suggest\w*)|(?:gift|recommendation) cards?|recommendations?\b"
            r"|what gifts?\b|cross-?sell\w*|upsell (?:to|ideas|candidates)|next best (?:action|offer)",
            "推荐(?:礼|卡|点|什么)|礼品推荐|礼包推荐|推荐.*礼|交叉销售|推荐卡",
        ),
        "gift recommendations and their cards",
        "礼品推荐和推荐卡",
        "list members whose activity is declining and draft a campaign with a gift for them",
        "列出活跃度下降的会员，并为他们起草带礼品的活动",
    ),
    UnsupportedAct(
        "churn",
        Cues(
            r"why (?:is|was|are)\b.*\b(?:churn|risk|flagged)|churn (?:trend|model|alert|drivers?|reasons?)"
            r"|how accurate|value at risk|retention (?:journey|outcomes?)"
            r"|model (?:quality|accuracy|auc)|alert me|notify me (?:when|if)|not (?:really )?(?:a )?churn|false alarm",
            "为什么.*流失|流失(?:模型|趋势|原因|预警)|提醒我|误报",
        ),
        "explaining and tracking churn scores",
        "流失评分的解释和跟踪",
        "list members by churn risk",
        "按流失风险列出会员",
    ),
    UnsupportedAct(
        "tasks",
        Cues(
            r"(?:create|assign|add|make|open|set up)\b.*\btasks?|retention tasks?|follow-?up tasks?"
            r"|assign\b.*\b(?:csm|kevin|helen|amy)",
            "任务|派给|分配给|待办",
        ),
        "making tasks by hand",
        "手工创建任务",
        "list open tasks, set up a journey that gives tasks, or list the members concerned by their CSM",
        "列出未完成的任务、设置会派任务的旅程，或按客户经理列出相关会员",
    ),
    UnsupportedAct(
        "lifecycle",
        Cues(
            r"(?:when|whenever|as soon as|once|if) (?:someone|a member|anyone|members?|people)\b.*\b(?:become"
            r"|becomes|turn|turns|enter|enters|move|moves|go|goes|drop|drops|reach|reaches)"
            r"|(?:moved|went|changed|shifted|transition\w*|slipped|dropped)\b.*\bfrom\b.*\bto\b.*\b(?:dormant"
            r"|active|potential|vip|new)?|stage (?:rules?|definitions?|transitions?|changes?|history)"
            r"|(?:which|what) (?:lifecycle )?stage (?:is|are)|(?:override|recompute|recalculate|set"
            r"|change)\b.*\bstages?|trigger\b.*\bjourney|journeys?\b",
            "变成?.*时.*(?:发|推)|从.*变(?:成|为)|转为|阶段(?:规则|变化|迁移|流转)|重新计算.*阶段|旅程|流转",
        ),
        "the history of lifecycle stages, and starting a journey for somebody from here",
        "生命周期阶段的历史，以及在对话中为会员启动旅程",
        "count, list and break down members by lifecycle stage",
        "按生命周期阶段统计、列出和拆分会员",
    ),
    UnsupportedAct(
        "value_growth",
        Cues(
            r"arpu|close to (?:upgrad\w+|gold|silver|platinum)|(?:near|about to|ready to) upgrad\w+"
            r"|upgrade (?:candidates?|rate|journey|gap|revenue|impact)|upgrad\w+ (?:to|from)"
            r"|clv growth|growth in clv|upsell",
            "arpu|客单|升级(?:候选|率|到|金|白|铂)|快升级|即将升级|交叉",
        ),
        "upgrade candidates and revenue per member over time",
        "升级候选会员和人均收入变化",
        "list members by tier, spend or customer lifetime value",
        "按等级、消费或客户终身价值列出会员",
    ),
    UnsupportedAct(
        "ranking",
        Cues(
            r"(?:which|what) campaigns?\b.*\b(?:best|worst|most|highest|lowest|better)|rank\w*\b.*\bcampaigns"
            r"|(?:best|worst|top \d+|top) (?:performing )?campaigns?",
            "(?:哪个|哪些)活动.*(?:最|好)|活动排名|效果最好的活动",
        ),
        "a ranking of all campaigns",
        "全部活动的排名",
        "review a campaign or compare two of them",
        "复盘某个活动，或对比两个活动",
    ),
    UnsupportedAct(
        "alerts",
        Cues(r"(?:any|show|list|open) (?:\w+ )?alerts?|alerts? (?:today|this week)|anomal\w+", "告警|预警|异常"),
        "alerts",
        "告警",
        "show a campaign's live numbers and its exclusions",
        "查看活动的实时数据和排除明细",
    ),
)


class Unsupported(Intent):
    name = "not_yet"
    _BIRTHDAY_SEGMENT: ClassVar[Cues] = Cues(
        r"(?:how many|list|who|which|count|show)\b.*\b(?:have|has|with|whose)\b.*\b(?:birthdays?|anniversar\w+)",
        "(?:多少|哪些|列出).*(?:生日|周年)的",
    )

    def score(self, request: Request) -> float:
        missing = self._missing(request)
        return EXPLICIT - 0.03 if missing else NONE

    def plan(self, request: Request) -> Act:
        missing = self._missing(request)
        if missing is None:
            raise ValueError("planned without a capability that is missing")
        en = f"I cannot do that yet: {missing.en} are still to come. What I can do now: {missing.instead_en}."
        zh = f"这个功能还没有上线：{missing.zh}。现在可以：{missing.instead_zh}。"
        member = request.member
        if member is not None and member.candidates:
            return _ask_member(request, member.candidates, en, zh)
        return Say(which(request, en, zh), unsupported=missing.name)

    def _missing(self, request: Request) -> UnsupportedAct | None:
        if self._BIRTHDAY_SEGMENT.found_in(request.unnamed):
            return None
        return next((missing for missing in _MISSING if missing.cues.found_in(request.unnamed)), None)


def _ask_member(request: Request, candidates: tuple[str, ...], en: str, zh: str) -> Ask:
    """Several members bear the name; what can be done about any of them is said beside the question."""
    offered = candidates[:CANDIDATES_OFFERED]
    more = len(candidates) - len(offered)
    en_more, zh_more = (f" or one of {more} more", f"，或另外 {more} 位") if more else ("", "")
    words = which(
        request,
        f"Which member do you mean: {', '.join(offered)}{en_more}? {en}",
        f"您指的是哪位会员：{'、'.join(offered)}{zh_more}？{zh}",
    )
    return Ask(("which_member",), words)
