"""Words around the work: greetings, thanks, and what the agent can do."""

import re
from typing import ClassVar

from agent.plain_answer import plain_answer
from agent.planner.acts import Act, Say
from agent.planner.intents.base import EXPLICIT, NONE, WEAK, Intent, which
from agent.planner.request import Request

_SOCIAL = (
    r"(?:good )?(?:morning|afternoon|evening|night)|hi+|hello|hey|howdy|thanks?|thank you|thx|ty|cheers|great"
    r"|nice|awesome|perfect|cool|lovely"
    r"|well done|(?:good|great|nice|amazing) (?:job|work|stuff|one)|bye|goodbye|see you|have a (?:nice|good"
    r"|great) \w+|how are you|happy \w+"
    r"|you(?:'re| are) (?:great|the best|welcome|awesome)"
    r"|got it|never ?mind|forget (?:it|about it)|appreciate it|no worries|sorry|lol|haha+|ok|okay|wow"
    r"|much appreciated|that helps?|helpful"
)
_SOCIAL_ZH = (
    "你好|您好|早上好|早安|早啊?|下午好|晚上好|谢谢|多谢|感谢|辛苦了?|再见|拜拜"
    "|太好了|不错|厉害|真棒|收到|明白|哈哈+|嗨"
)


class Help(Intent):
    name = "help"
    _CUES: ClassVar[re.Pattern[str]] = re.compile(
        r"\bwhat (?:can|do|could) you (?:do|help|handle)|^\s*help\s*(?:me)?\s*[?!.]*$|\bhow (?:do i|can i"
        r"|to) (?:use|work with) (?:you|this)|\bwhat are you able"
        r"|\bwho are you\b|\byour (?:capabilities|features)"
        r"|你(?:能|可以|会)(?:做|干|帮).*什么|你是谁|怎么用你?|帮助$|有什么功能"
    )

    def score(self, request: Request) -> float:
        return EXPLICIT if request.says(self._CUES) else NONE

    def plan(self, request: Request) -> Act:
        return Say(which(request, _HELP_EN, _HELP_ZH))


class SmallTalk(Intent):
    """A message that is nothing but social. A greeting before a request is left to the request."""

    name = "small_talk"
    _THANKS: ClassVar[re.Pattern[str]] = re.compile(
        r"\b(?:thanks?|thank you|thx|cheers|appreciate(?: it)?)\b(?: (?:so much|a lot|very much"
        r"|again))?(?: for [^.?!]*)?|谢[^。？！]*|感谢[^。？！]*|辛苦了?"
    )
    _SOCIAL_WORDS: ClassVar[re.Pattern[str]] = re.compile(
        rf"\b(?:{_SOCIAL}|there|team|everyone|all|so much|a lot|very|much|again|today|you|it|that|was|is"
        rf"|for (?:that|this|now))\b|{_SOCIAL_ZH}|了|啦|呀|哦|大家"
    )

    def score(self, request: Request) -> float:
        if plain_answer(request.words) is not None:
            return WEAK  # "cancel it" may also mean the campaign in focus
        without_thanks = self._THANKS.sub(" ", request.lowered)
        is_social = request.says(self._THANKS) or re.search(rf"\b(?:{_SOCIAL})\b|{_SOCIAL_ZH}", request.lowered)
        if not is_social:
            return NONE
        rest = self._SOCIAL_WORDS.sub(" ", without_thanks)
        return WEAK - 0.2 if re.search(r"\w", rest) else EXPLICIT

    def plan(self, request: Request) -> Act:
        if plain_answer(request.words) is not None:
            return Say(which(request, "Nothing is waiting for an answer here.", "目前没有需要确认的事项。"))
        if request.says(self._THANKS):
            return Say(which(request, "You're welcome!", "不客气！"))
        return Say(which(request, "Hello! What would you like to know or do?", "您好！想了解什么，或者要做什么？"))


_HELP_EN = """I can:
- count and list members, or break them down: *how many platinum members have not bought in the last 30 days?*
- explain why a member is or is not in a segment, who just missed it, and which condition costs the most
- save a segment under a name, list the saved ones, and tell who came and went
- draft a campaign and change it: *create a win-back campaign for them, email and SMS, ¥50 coupon, Friday 10am*
- submit it for approval, schedule, pause, resume or cancel it, and approve or reject it if that is your role
- show its plan, its live numbers and its exclusions
- review what a campaign achieved, compare two of them, export the review as PDF
- look up what earlier campaigns have taught us

Nothing reaches a member before somebody allowed to has approved it."""

_HELP_ZH = """我可以：
- 统计、列出会员，或按维度拆分：*近30天没有下单的铂金会员有多少？*
- 解释某位会员为什么在或不在某个人群里、谁差一点就符合、哪个条件影响最大
- 把人群保存为分群，列出已保存的分群，查看谁进入或离开
- 起草并修改活动：*给他们建一个召回活动，邮件加短信，50元优惠券，周五上午10点*
- 提交审批、排期、暂停、恢复、取消活动；有权限时可批准或驳回
- 查看活动的触达计划、实时数据和排除明细
- 复盘活动效果，对比两个活动，导出 PDF
- 查询以往活动留下的经验

未经有权限的人批准，任何消息都不会发给会员。"""
