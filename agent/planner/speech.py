"""Who says what to whom: only an order or a request addressed to the assistant may lead to an act with an effect.

Questions, remarks, wishes, hypotheses, reports, words to others, thanks and complaints never do. The reading is
conservative: a sentence is an order only when it has the form of one.
"""

import re
from dataclasses import dataclass
from typing import Literal

from agent.planner.slots.names import find_quoted
from agent.planner.slots.span import Span, mask

Kind = Literal["order", "question", "fragment", "other"]

_VERBS = (
    r"add|adjust|allow|apply for|approve|archive|ask for|attach|begin|bring|build|call|cancel|cap|change|chnage"
    r"|chang|compose|confirm"
    r"|continue|contact|create|cut|decline|decrease|delay|delete|deny|design|discard|do|double|draft|drop"
    r"|e-?mail|edit"
    r"|email|exclude|export|extend|fire|fix|freeze|get|give|go ahead|green-?light|greet|halt|hold|include"
    r"|increase|invite"
    r"|keep|kick|kill|launch|leave out|let(?!'s| (?:me|us|him|her|them)\b)|limit|lower|mail|make|message|modify"
    r"|move|name|notify|offer|onboard"
    r"|organi[sz]e"
    r"|pause|plan|postpone|prepare|prolong|propose|publish|pull|push|put|raise|reach out|reactivate|reduce|reject"
    r"|release|remind|remove|rename|repeat|replace|reschedule|restart|restrict|resume|reward|rewrite|rerun|run"
    r"|save|schedule"
    r"|scrap|send|set|set up|shift|shorten|sign off|sketch|skip|sms|spin up|start|stop|store|submit|suspend|swap"
    r"|switch"
    r"|take|target|text|thank|treat|turn|un-?pause|update|use|veto|wait|wake|welcome|win|withdraw|write"
)
_LEAD = (
    r"(?:ok(?:ay)?|alright|all right|right|please|pls|plz|hi|hello|hey|hey there|now|then|and|so|also|but|well"
    r"|yes|yeah"
    r"|yep|sure|no|nope|great|good|fine|perfect|cool|nice|thanks?(?: you)?|thx|sorry|actually|just|only|instead"
    r"|next|first"
    r"|good (?:morning|afternoon|evening)|stop|wait|hm+|oh|in that case|finally|quickly|kindly|automatically"
    r"|to begin|for now|today"
    r"|on second thou?ghts?|let me think|everyone|team|there|👍|\W)"
)
_POLITE = r"(?:(?:can|could|would|will) you(?: all)?(?: please| kindly| now| just| also)*|would you mind|mind)"
_WANT = (
    r"(?:i(?:'d| would) like(?: you)?(?: to)?|i (?:want|need)(?: you)?(?: to)?|we (?:want|need)(?: you)?(?: to)?"
    r"|let's|let us|go ahead and|make sure (?:to|you)|i'd love (?:you )?to|need)"
)
_ORDER = re.compile(
    rf"^(?:{_LEAD}[\s,!.]*)*(?:(?:{_POLITE}|{_WANT})\s+)?(?:please\s+|just\s+|now\s+"
    rf"|also\s+)*(?!thank you\b)(?:{_VERBS})\b"
    r"(?!\s+(?:was|is|were|are|has|had|will|would)\b)",
    re.I,
)
_WANTS = re.compile(rf"^(?:{_LEAD}[\s,!.]*)*{_WANT}\s+\S", re.I)
_PLEASE = re.compile(rf"\bplease\b.{{0,40}}\b(?:{_VERBS})\b|\b(?:{_VERBS})\b.{{0,80}}\bplease\b", re.I)
_POLITE_ORDER = re.compile(
    rf"^(?:{_LEAD}[\s,!.]*)*{_POLITE}\s+(?:please\s+)?(?!tell|show|explain|say|see|count|list|find"
    rf"|still)(?:{_VERBS})\b",
    re.I,
)
_QUESTION = re.compile(
    r"^(?:\W|and |but |so |or |ok |hm+ |well |by the way |btw )*(?:who|what|whats|wat|when|where|which|why|how"
    r"|is|are|am|was|were|do(?! it\b)|does|did|has|have|had|can|could"
    r"|should|shall|would|will|may|might|must|isn't|aren't|doesn't|didn't|won't|wouldn't)\b"
    r"|^(?:\W|and |but |so )*(?:before you change|any idea|do you know|tell me (?:who|what|when|why|how|whether"
    r"|if))\b",
    re.I,
)
_HYPOTHESIS = re.compile(
    r"\b(?:if|suppose|supposing|imagine|assuming|what if|hypothetically|whether|wonder|might|maybe|perhaps"
    r"|unless|wish"
    r"|would (?:be|have|love|approve)|could (?:still|have)|should have|in general|one (?:day|of these days)"
    r"|at some point"
    r"|not sure|depends|eventually|as soon as i|let you know|when i know)\b|\bwe(?:'ll| will)\b|\bi(?:'ll| will)\b",
    re.I,
)
_DOUBTS = re.compile(
    r"\b(?:might|maybe|perhaps|not sure|eventually|whether|wonder|suppose|imagine|hypothetically|wish|one day)\b"
    r"|^\W*(?:what )?if\b|\bif (?!they (?:do not|don't)|no\b|there|nobody|someone|anyone)",
    re.I,
)
_NEGATION = re.compile(
    rf"^(?:{_LEAD}[\s,!.]*)*(?:don'?t|do not|not|never|no need to|not yet|we(?:'re| are) not"
    rf"|leave .{{0,60}} as it is)\b",
    re.I,
)
_KEEPS = re.compile(
    r"^(?:\W|please )*(?:leave|keep)\b.{0,60}\b(?:as (?:it|they) (?:is|are)|alone|unchanged|the way)\b", re.I
)
_TO_OTHERS = re.compile(
    r"^(?:\W|please |and |then )*(?:tell|ask|remind|inform|let)\s(?:@?[A-Z]\w+|him|her|them|the team|everybody"
    r"|my boss|my manager)\b(?! go)"
    r"|^@\w+|^(?:hey|hi|hello) (?!there|team|all|again)[A-Z]\w+[ ,]|^dear\b"
)
_VOCATIVE = re.compile(r"^(?P<name>[A-Z][a-z]+)(?: [A-Z][a-z]+)?,\s")
_NOT_NAMES = frozenset(
    [
        "ok",
        "okay",
        "yes",
        "no",
        "thanks",
        "sorry",
        "good",
        "great",
        "fine",
        "please",
        "hi",
        "hello",
        "now",
        "then",
        "well",
        "actually",
        "also",
        "right",
        "alright",
        "sure",
        "stop",
        "perfect",
        "cool",
        "nice",
        "instead",
        "next",
        "first",
        "today",
        "tomorrow",
        "finally",
        "hm",
        "oh",
        "so",
        "and",
        "but",
        "just",
        "only",
        "everyone",
    ]
)
_WRONG_CHAT = re.compile(
    r"\bwrong (?:window|chat|channel|thread|person|tab)\b|\bmeant for (?:my|the|some|a)\b|\bnot for you\b|发错"
    r"|不是发给你"
    r"|这是要发给|窗口错了",
    re.I,
)
_LETS_OTHERS_SPEAK = re.compile(
    r"\b(?:said|says|saying|wrote|writes|writing|replied|answered|commented|noted|quoted?|transcript|minutes"
    r"|translat\w+|rephrase|paraphrase|proofread|spell\w*|how (?:do|would) (?:you|i) say|(?:mail|message) from)\b"
    r"[^:：]*[:：]\s*$"
    r"|(?:翻译|译成|怎么说|润色一下|朗读|说|写道|回复|回答|留言|原话|记录|纪要|聊天)[^:：，。]{0,12}[:：]\s*$",
    re.I,
)
"""What follows the colon is another's words, or words to be worked on: nobody's order to us."""
_SPEAKER = re.compile(
    r"^\W*(?!(?i:budget|holdout|audience|channels?|start|end|offers?|copy|text|subject|body|names?|notes?|also|task"
    r"|request|todo|correction|changes?|update|control|discount|segment|campaign|goal|date|time|when|who|what"
    r"|one|two|email|push|journey|reminder|important|urgent|again|summary|answer|action)\b)"
    r"[A-Z][a-z]+(?: [A-Z][a-z]+)?[:：]\s*$"
)
_SPLIT = re.compile(
    r"(?<=[.!?;])\s+|(?<=[。！？；\n])|\s+-+\s+|——|:\s+(?=\S)|：|\.\.\.|…"
    rf"|,\s+(?=automatically\b)|,\s+(?=(?:so |and |but |then )*(?:please|pls)\b)|,\s+(?=(?:so |and |but |then "
    rf"|instead )*(?:{_VERBS})\b)"
    r"|，(?=(?:请|麻烦|帮我|那?就?把|所以请|预算|对照组|人群|渠道|优惠|开始时间|文案|名字|标题))|，"
)

_TO_OTHERS_ZH = re.compile(
    r"^(?:小|老|阿)[\u4e00-\u9fff]{1,2}[，,]|^[\u4e00-\u9fff]{1,3}(?:姐|哥|总|老师|经理)[，,]|^[\W]*(?:请|麻烦)?(?:你"
    r"|您)?(?:帮我)?(?:转告|告诉|跟.{1,6}说|问问|问一下|叫|提醒(?!会员|客户|他们|所有))(?!我)"
)
_DISCUSSES = re.compile(
    r"\b(?:to|about|let's|let us) (?:talk|discuss|think|know|understand|see|look|check|decide|meet|wait|ask"
    r"|hear|remember)\b",
    re.I,
)
_QUESTION_ZH = re.compile(
    r"(.)不\1|你觉得|怎么看|"
    r"[吗么呢嘛][？?！。]*$|[？?]\s*$|是不是|能不能|可不可以|要不要|该不该|会不会|有没有|是否|为什么|怎么(?!样也)|多少|几[个天条人位]"
    r"|谁|哪(?!天就)|什么|咋|如何"
)
_POLITE_ORDER_ZH = re.compile(
    r"^(?:请|麻烦)?(?:你|您)?(?:能|可以|能不能|可不可以|可否|能否)(?:请)?(?:你|您)?(?:帮(?:我|忙)|把|给他们)"
)
_HYPOTHESIS_ZH = re.compile(
    r"如果|假如|假设|要是|万一|的话|也许|可能|或许|说不定|我在想|再说|以后|下次|回头|早晚|过阵子|等.{1,8}再|就好了|还没想好|会批|希望"
)
_NEGATION_ZH = re.compile(
    r"^不是|没(?:有)?(?:决定|想好|考虑好|打算|确定|说要|让你|叫你|要你)|不(?:打算|确定|一定)|没(?:意义|用|必要)|被(?:驳回|拒)|不可能|不了|别(?!的|人)|不用|不必|不需要|先不|暂时不|不要(?!短信|邮件|推送|对照|优惠|折扣)|就这样|不动|没有?必要|不急|不是现在"
)
_REPORT_ZH = re.compile(
    r"昨天|已经|上次|去年|前年|上个?月|上周|之前(?!的)|刚才|刚从|刚开完|差点|曾经|以前|当时|(?:说|写着|写的|留言|抱怨|提到|告诉我|跟我说|反馈)"
    r"|我让|我叫|我请|我跟|我问|了(?:吧|啊|呀|哈哈+|呢)?[。！~ ]*$"
)
_ORDER_ZH = re.compile(
    r"^[\W]*(?:好的?|行|可以|嗯|那|那就|然后|另外|再|现在|顺便|先|你好|您好|早上好|谢谢|对了|还有|不对|哦|就)*[\W]*"
    r"(?:请|麻烦(?:你|您)?|帮(?:我|忙)|给(?:我|他们|她们|这些|这批|所有|全部)|我(?:想|要|需要)|把|将|让"
    r"|再?(?:新?建|创建|起草|策划|做|搞|弄|发起|准备|设置|写|发送?|群发|推送|暂停|停|恢复|继续|取消|作废|撤[回销]|删|提交|提审|送审|报批"
    r"|批准|同意|通过|驳回|拒绝|退回|排期|安排|启动|上线|发布|保存|另存|存|收藏|导出|改|换|加|去掉|调|设|用|只|推迟|提前|延后|延长|缩短"
    r"|降低|提高|减少|增加|限|排除|重命名|命名|欢迎|唤醒|召回|标题|文案|不要|去除|换))"
)
_FIELD_ORDER_ZH = re.compile(
    r"(?:给[^，。]{1,30}(?:发|建|做|送|创建|推送|办|搞|策划)|自动(?:发|推|通知|欢迎)|就(?:通知|派)|改(?:成|为|到|用|一下)?|换成?|设(?:成|为)|调(?:到|成|为"
    r"|整为)|定(?:为|在|成|\s?[\d¥])|推迟到|提前到|延(?:后|期)到|取消掉|暂停|重命名|命名为"
    r"|保存|存成|存为|发给|加上|去掉|排期|提交|批准)"
)
_VOCATIVE_ZH = re.compile(
    r"^(?P<name>[\u4e00-\u9fff]{1,4})(?:姐|哥|总|老师|经理)?[，,]\s*(?:你|您|有空|记得|麻烦批|预算怎么|帮忙批|快)"
)
_NOT_NAMES_ZH = frozenset(
    [
        "好",
        "好的",
        "行",
        "可以",
        "嗯",
        "那",
        "请",
        "另外",
        "你好",
        "您好",
        "早上好",
        "不对",
        "等等",
        "算了",
        "谢谢",
        "没问题",
        "对",
        "是",
        "然后",
        "还有",
        "顺便",
    ]
)


@dataclass(frozen=True)
class Sentence:
    """A part of a message that is one act; `span` is where it stands."""

    span: Span
    kind: Kind


def sentences_of(text: str) -> tuple[Sentence, ...]:
    """The parts of a message, each with what it is. Quoted words are nobody's order."""
    if _WRONG_CHAT.search(text):
        return (Sentence(Span(0, len(text)), "other"),)
    bare = mask(text, [each.span for each in find_quoted(text)], "_")
    parts = []
    start = 0
    for match in [*_SPLIT.finditer(bare), None]:
        end = len(bare) if match is None else match.end()
        if bare[start:end].strip():
            parts.append(Span(start, end))
        start = end
    own = _own_parts(bare, parts)
    kinds = [
        _kind(bare[span.start : span.end].strip(" ,，"), text) if place < own else "other"
        for place, span in enumerate(parts)
    ]
    return tuple(map(Sentence, parts, kinds))


def _own_parts(bare: str, parts: list[Span]) -> int:
    """How many parts are the person's own words, before others are let speak."""
    for place, span in enumerate(parts):
        part = bare[span.start : span.end].strip()
        speaker = _SPEAKER.match(part)
        if _LETS_OTHERS_SPEAK.search(part) or (
            speaker
            and part.rstrip(":： ").lower() not in _NOT_NAMES
            and not re.match(rf"\W*(?:{_VERBS})\b", part, re.I)
        ):
            return place
    return len(parts)


def gives_an_order(text: str) -> bool:
    """Whether any part of the message is an order or a request to the assistant."""
    return any(sentence.kind == "order" for sentence in sentences_of(text))


def is_question(text: str) -> bool:
    """Whether the message asks, and orders nothing."""
    kinds = [sentence.kind for sentence in sentences_of(text)]
    return "question" in kinds and "order" not in kinds


def orders_in(text: str) -> str:
    """The message with everything blanked that is no order: remarks, reports and questions give no slots.

    Fragments beside an order belong to it.
    """
    sentences = sentences_of(text)
    other = [each.span for each in sentences if each.kind not in ("order", "fragment")]
    return mask(text, other)


def _kind(part: str, whole: str) -> Kind:
    if _TO_OTHERS_ZH.search(part) or _TO_OTHERS_ZH.search(whole.strip()):
        return "other"
    is_chinese = re.search(r"[\u4e00-\u9fff]", part) is not None
    if _addresses_others(part, whole):
        return "other"
    return _kind_zh(part) if is_chinese else _kind_en(part)


def _addresses_others(part: str, whole: str) -> bool:
    for pattern, known in ((_VOCATIVE, _NOT_NAMES), (_VOCATIVE_ZH, _NOT_NAMES_ZH)):
        match = pattern.match(whole.strip())
        if (
            match is not None
            and match["name"].lower() not in known
            and not re.match(rf"(?:{_VERBS})\b", match["name"], re.I)
        ):
            return True
    return _TO_OTHERS.search(part) is not None or (
        _TO_OTHERS.search(whole.strip()) is not None and whole.strip().startswith(("@", "Dear", "Hey ", "hey "))
    )


def _kind_en(part: str) -> Kind:
    is_polite_order = _POLITE_ORDER.search(part) is not None and not re.search(r"\bstill\b|\bin general\b", part, re.I)
    if is_polite_order or re.match(r"\W*I (?:hereby )?(?:approve|reject|decline)\b", part):
        return "order"
    if part.endswith(("?", "？")) or _QUESTION.search(part):
        return "question"
    if _NEGATION.search(part) or _KEEPS.search(part):
        return "other"
    if _HYPOTHESIS.search(part) and not (_ORDER.search(part) and not _DOUBTS.search(part)):
        return "other"
    if _ORDER.search(part) or _PLEASE.search(part) or _wants_a_thing(part):
        return "order"
    return "fragment" if _is_fragment(part) else "other"


def _wants_a_thing(part: str) -> bool:
    """'I'd like the holdout at 15 percent': a wish that is spoken to us, about something we can do."""
    ours = re.search(r"\d|_{2}|\b(?:campaign|audience|segment|journey|holdout|sms|email|push|off)\b", part, re.I)
    return _WANTS.search(part) is not None and ours is not None and _DISCUSSES.search(part) is None


_SUBJECT = re.compile(
    r"\b(?:i|let's|discuss\w*|talk\w*|thinking|hoping|we|he|she|they|it|you|that|this|there|nobody|somebody|everybody|who|is|are|was|were|be|been|has"
    r"|have|had|does"
    r"|did|said|says|told|asked|wrote|reads|looks?|likes?|thinks?|goes|went|got|gets|makes?|made|needs?|wants?|should"
    r"|would|will|can|could|may|must|i'm|i've|we've|it's|that's|we're|they're|gone|arrived|complained|mentioned)\b",
    re.I,
)


def _is_fragment(part: str) -> bool:
    """A stretch without a subject and a finite verb: '15% off, Friday 9:00', 'only those in Shanghai'."""
    return _SUBJECT.search(part) is None


def _kind_zh(part: str) -> Kind:
    if _POLITE_ORDER_ZH.search(part):
        return "order"
    if _QUESTION_ZH.search(part):
        return "question"
    if _NEGATION_ZH.search(part) or _HYPOTHESIS_ZH.search(part):
        return "other"
    is_order = _ORDER_ZH.search(part) is not None or _FIELD_ORDER_ZH.search(part) is not None
    if _REPORT_ZH.search(part) and not re.search(r"请|麻烦|帮我|^把", part):
        return "other"
    if is_order:
        return "order"
    return "other" if _STATES_ZH.search(part) else "fragment"


_STATES_ZH = re.compile(r"是|有点|觉得|喜欢|挺|很|太|真|好像|想|会(?!员)|收到|看到|发现|跑得|没人|讨厌")
