"""What nobody may have done here, and what lies outside this product. Each refusal offers another way."""

import re
from typing import ClassVar

from agent.planner.acts import Act, Refuse
from agent.planner.intents.base import EXPLICIT, FORBIDDEN, NONE, Intent, which
from agent.planner.request import Request
from crm.channels import SENDABLE_CHANNELS

_SENDING = re.compile(
    r"\b(?:send|sms|e-?mail|text|push|message|blast|contact|reach|notify|launch|deliver|include|including|add"
    r"|campaign|put|mail|target)\b"
    r"|发|推送|群发|联系|触达|通知"
)
_NO_CONSENT = (
    r"(?:unsubscrib\w+|opt(?:ed)?[\s-]?outs?(?: people| members| list)?|opted out|(?:no|without|withdrawn"
    r"|missing|lacking) (?:\w+ )?consent"
    r"|(?:never|not|didn't|haven't|hasn't|don't|doesn't) (?:given |give |have "
    r"|gave )?(?:\w+ )?(?:consent(?:ed)?|opt(?:ed)?[\s-]?in|agree[d]?)"
    r"|do[\s-]not[\s-]contact|dnc|black[\s-]?list(?:ed)?|block[\s-]?list(?:ed)?|suppress(?:ed|ion)(?: list)?"
    r"|said no to)"
)
_NO_CONSENT_ZH = "(?:退订|没有?同意|未同意|未授权|没授权|黑名单|拒收|不同意接收)"


class RefuseConsent(Intent):
    """Messages to people who have not agreed to them."""

    name = "refuse_consent"
    _INCLUDES: ClassVar[re.Pattern[str]] = re.compile(
        rf"\b(?:includ(?:e|ing)|even|also|as well as|plus|regardless of|ignor(?:e|ing)|bypass(?:ing)?"
        rf"|overrid(?:e|ing)|skip(?:ping)?"
        rf"|disregard(?:ing)?|despite|never mind|no matter|whether or not|doesn't matter|don't (?:care"
        rf"|worry) (?:about|if)|add back|turn off"
        rf"|switch off|disable|without checking|not only)\b[^.;]{{0,45}}?(?:{_NO_CONSENT}|\bconsents?\b"
        rf"|\bconsent check|\bpermissions?\b)"
        rf"|(?:包括|连|忽略|无视|绕过|不管|跳过|即使|哪怕)[^。；]{{0,12}}(?:{_NO_CONSENT_ZH}|同意|授权)"
    )
    _TO_THEM: ClassVar[re.Pattern[str]] = re.compile(
        rf"\b(?:send|sms|e-?mail|text|push|message|blast|contact|reach|notify|mail)\b(?![^.;]*\b(?:exclu"
        rf"|except|not to|but not|skip|leav|without any)\w*)"
        rf"[^.;,]{{0,50}}?\b(?:who|that|to|the|all|our|people|members|everyone|those)\b[^.;,]{{0,25}}?{_NO_CONSENT}"
        rf"|(?:给|向)[^。；，]{{0,12}}{_NO_CONSENT_ZH}[^。；，]{{0,10}}(?:发|推)"
    )
    _HAVE_NOT: ClassVar[re.Pattern[str]] = re.compile(
        r"\b(?:not|never|\w+n't)\s(?:yet\s|been\s)?(?:unsubscrib|opt|on the|black|block|suppress)"
    )
    """'who have not opted out' is the opposite of what is refused."""
    _QUESTION: ClassVar[re.Pattern[str]] = re.compile(
        r"^\W*(?:how many|who|which|what|list|count|show|why|find|number of|are|is|did|were|was|do)\b|多少|哪些"
        r"|列出|为什么"
    )

    def score(self, request: Request) -> float:
        text = request.unnamed
        if self._QUESTION.search(text):
            return NONE
        if self._INCLUDES.search(text) and _SENDING.search(text):
            return FORBIDDEN
        return FORBIDDEN if self._sends_to_opted_out(request) else NONE

    def plan(self, request: Request) -> Act:
        return Refuse(
            "consent",
            which(
                request,
                "I cannot message people who unsubscribed, opted out or are on the suppression list, "
                "however urgent it is. I can draft it for everyone with consent for the channel, and show how many "
                "are excluded and why.",
                "不能给已退订、未同意或在黑名单里的会员发消息，再紧急也不行。"
                "可以只发给同意该渠道的会员，并列出排除了多少人及原因。",
            ),
        )

    def _sends_to_opted_out(self, request: Request) -> bool:
        """An e-mail to people who opted out of SMS is fine; the same channel, or any, is not."""
        match = self._TO_THEM.search(request.unnamed)
        if match is None or self._HAVE_NOT.search(match.group()):
            return False
        condition = match.group()[match.group().rfind(" to ") :] + request.unnamed[match.end() : match.end() + 20]
        refused = [name for name in SENDABLE_CHANNELS if name in condition.replace("e-mail", "email")]
        sending = {each.channel for each in request.channels}
        return not refused or not sending or bool(sending & set(refused))


class RefuseBypass(Intent):
    """Going around approval, caps or quiet hours."""

    name = "refuse_bypass"
    _AROUND = (
        r"(?:skip(?:ping)?|bypass(?:ing)?|without|no need (?:for|of)|don't (?:need|wait for|bother with)"
        r"|ignor(?:e|ing)|overrid(?:e|ing)"
        r"|avoid(?:ing)?|circumvent|get around|go around|exceed(?:ing)?|disregard(?:ing)?|disable|turn off"
        r"|switch off|lift|raise)"
    )
    _APPROVAL: ClassVar[re.Pattern[str]] = re.compile(
        rf"\b{_AROUND}\b[^.;,]{{0,25}}\b(?:approvals?|sign-?off|manager'?s? (?:ok|okay|review|approval)"
        rf"|waiting for (?:\w+ )?approval)\b"
        r"|\b(?:approve|sign off)\b[^.;]{0,30}\b(?:my own|myself|yourself|on (?:her|his|their|grace's) behalf)\b"
        r"|(?:跳过|绕过|不用|无需|不经|不走|免)(?:经理)?(?:的)?审批|不用批准"
    )
    _CAPS: ClassVar[re.Pattern[str]] = re.compile(
        rf"\b{_AROUND}\b[^.;,]{{0,25}}\b(?:(?:frequency |message |weekly |contact |sending )?(?:caps?"
        rf"|limits?)|quiet hours?)\b"
        r"|(?:忽略|无视|绕过|突破|超过|不管|跳过)[^。；，]{0,8}(?:频次|频控|上限|免打扰|静默)"
    )

    def score(self, request: Request) -> float:
        if re.search(r"^\W*(?:how many|who|which|what|list|count|show|why|find)\b|多少|哪些", request.unnamed):
            return NONE
        return FORBIDDEN if self._APPROVAL.search(request.unnamed) or self._CAPS.search(request.unnamed) else NONE

    def plan(self, request: Request) -> Act:
        if self._APPROVAL.search(request.unnamed):
            return Refuse(
                "approval",
                which(
                    request,
                    "Nothing reaches members before somebody else with the right to approve has approved it. "
                    "I can submit it for approval now, so that it can go out as soon as it is approved.",
                    "未经其他有权限的人批准，任何消息都不会发给会员。可以现在就提交审批，批准后按时发送。",
                ),
            )
        return Refuse(
            "policy",
            which(
                request,
                "The frequency cap and the quiet hours protect members and hold for every campaign. "
                "I can draft it within them and show how many messages are excluded or deferred.",
                "频次上限和免打扰时段对所有活动都有效，不能绕过。可以在限制内起草活动，并列出被排除或延后的消息数。",
            ),
        )


class RefuseContactExport(Intent):
    """Phone numbers, addresses and other personal data on their way out of the CRM."""

    name = "refuse_contact_export"
    _OUT: ClassVar[str] = (
        r"(?:export|download|dump|extract|send|e-?mail|give|share|forward|copy|list|show|print|upload"
        r"|hand over|get|what(?:'s| is| are)|provide|need|want|read out|tell)"
    )
    _DATA: ClassVar[str] = (
        r"(?:(?:phone|mobile|cell|telephone|contact)(?: ?numbers?| details?| info(?:rmation)?| data"
        r"| lists?)?s?|phones|e-?mail address(?:es)?|e-?mails of"
        r"|home address(?:es)?|postal address(?:es)?|personal (?:data|details|information|info)|pii"
        r"|id (?:card )?numbers?|passport\w*|wechat ids?|passwords?|api keys?"
        r"|credit cards?|bank (?:details|accounts?))"
    )
    _EN: ClassVar[re.Pattern[str]] = re.compile(rf"\b{_OUT}\b[^.;]{{0,60}}\b{_DATA}\b")
    _OUTSIDE: ClassVar[re.Pattern[str]] = re.compile(
        r"\b(?:export|download|dump|send|e-?mail|upload|share|forward|copy)\b[^.;]{0,60}\b(?:members?"
        r"|customers?|list|database|everyone|contacts|data)\b[^.;]{0,40}"
        r"\b(?:to (?:my |a |an )?(?:\w+ )?(?:gmail|hotmail|outlook|personal|private|usb|dropbox|google|drive"
        r"|excel|friend|competitor|agency|vendor|partner|third part(?:y|ies))|gmail|as (?:a )?csv|to csv"
        r"|spreadsheet)"
    )
    _ZH: ClassVar[re.Pattern[str]] = re.compile(
        r"(?:导出|下载|发给我|给我|发到|拷贝|列出|提供|告诉我|查)[^。；]{0,20}(?:手机号|电话|邮箱地址|邮箱|联系方式|身份证|住址|地址|隐私|密码)"
        r"|(?:手机号|电话|邮箱|联系方式|身份证|住址)[^。；]{0,12}(?:导出|下载|发给我|给我|发到|是多少)"
    )
    _ABOUT_HAVING: ClassVar[re.Pattern[str]] = re.compile(
        r"\b(?:with|without|who have|missing|no|lack\w*|valid|verified|have an?)\s(?:an?\s|valid\s"
        r"|verified\s)?(?:phone|mobile|e-?mail)\b"
    )

    def score(self, request: Request) -> float:
        text = request.unnamed
        if self._OUTSIDE.search(text) or self._ZH.search(text):
            return FORBIDDEN
        return FORBIDDEN if self._EN.search(text) and not self._ABOUT_HAVING.search(text) else NONE

    def plan(self, request: Request) -> Act:
        return Refuse(
            "pii_export",
            which(
                request,
                "I do not hand out members' contact details or personal data. "
                "You can work on these members inside the CRM, where contacts are masked: I can count them, "
                "list them by name, or draft a campaign for them.",
                "不能导出或提供会员的联系方式和个人信息。可以在系统内（脱敏）处理这些会员：统计、按姓名列出，或为他们起草活动。",
            ),
        )


class RefuseOffTopic(Intent):
    """Topics that have nothing to do with members and campaigns."""

    name = "refuse_off_topic"
    _TOPICS: ClassVar[re.Pattern[str]] = re.compile(
        r"\b(?:weather|forecast for (?:today|tomorrow)|temperature|rain(?:ing)?|stock (?:price|market)"
        r"|share price|bitcoin|crypto|exchange rate|joke|poem|song|lyrics|recipe"
        r"|translate|capital of|president|prime minister|world cup|football|basketball|nba|movie|film"
        r"|restaurant|flights?|hotel|taxi|news|horoscope|homework"
        r"|python|javascript|java|sql query|write (?:me )?(?:a |some )?(?:code|script|essay|story|novel"
        r"|function)|who won|meaning of life|calories|medical advice|doctor|lawyer|tax return"
        r"|book (?:me )?(?:a |an )?(?:flight|table|meeting room|room|ticket)|order (?:me )?(?:a )?(?:pizza"
        r"|coffee|lunch))\b"
        r"|天气|股票|股价|笑话|写首?诗|翻译|菜谱|新闻|世界杯|电影|机票|酒店|订餐|彩票|写代码|星座"
    )

    def score(self, request: Request) -> float:
        return EXPLICIT + 0.05 if self._TOPICS.search(request.unnamed) else NONE

    def plan(self, request: Request) -> Act:
        return off_topic(request)


def off_topic(request: Request) -> Refuse:
    return Refuse(
        "out_of_scope",
        which(
            request,
            "That is outside what I can help with: I work on members, segments, campaigns and their results. "
            "Ask me *what can you do?* for examples.",
            "这超出了我的范围：我负责会员、人群、活动及其效果。可以问我“你能做什么”查看示例。",
        ),
    )
