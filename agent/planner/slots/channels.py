"""The channels a request names. A channel inside a condition ('has push consent', 'clicked any push') is not one."""

import re
from dataclasses import dataclass

from agent.planner.slots.span import Span
from crm.channels import PREFERRED, SENDABLE_CHANNELS
from crm.segments.language.text import Taken, just_after, just_before


@dataclass(frozen=True)
class ChannelFound:
    channel: str
    span: Span


_WORDS = (
    (
        PREFERRED,
        r"(?:(?:by|via|on|over|through|in|using)\s)?(?:whatever|whichever|each (?:member|person)'?s?"
        r"|every(?:one|body)'?s"
        r"|their(?: own)?|the(?:ir)?)\s(?:channels? (?:that )?(?:they|he|she|each"
        r"|everyone)(?: \w+)? (?:prefers?|likes?)"
        r"(?: (?:best|most))?|(?:preferred|favou?rite) channels?)"
        r"|preferred channels?|(?:各自|他们)?(?:的)?(?:偏好|首选|喜欢的)(?:的)?渠道",
    ),
    ("email", r"e-?mails?|e-?mailing|邮件|电子邮件|电邮|邮箱"),
    ("sms", r"sms(?:es)?|text messages?|texts?|texting|txt|短信"),
    (
        "push",
        r"(?:app[\s-]?)?push(?:[\s-]?(?:notifications?|messages?))?|app notifications?|in-app notifications?"
        r"|app\s?(?:消息|通知)?推送|app\s?(?:消息|通知)|推送(?:通知|消息)?",
    ),
)
_CHANNELS = tuple(channel.value for channel in SENDABLE_CHANNELS)
_ALL_CHANNELS = re.compile(
    r"(?:on |over |via |by |through )?all (?:three |the )?channels|every channel|全渠道|所有渠道|三个渠道"
)

_PATTERNS = tuple((channel, re.compile(rf"(?<![a-z])(?:{words})(?![a-z])")) for channel, words in _WORDS)

_PUSH_AS_VERB = re.compile(
    r"push(?:es)?\s(?:it|this|that|them live|the\b|[a-z' -]{0,40}?\b(?:live|back|to (?:next|mon|tue|wed|thu"
    r"|fri|sat|sun|\d))|out\b|for\b)"
)

_CONDITION_BEFORE = re.compile(
    r"(?:\b(?:opened|opens?|opening|clicked|clicks?|received|receiving|got|gotten|read"
    r"|unsubscribed?(?: from)?|opted[\s-]?(?:in|out)"
    r"|subscribed|consent(?:ed|s)?|prefer(?:s|red|ring)?|likes?|allow(?:s|ed)?|accept(?:s|ed)?|agreed|bounced"
    r"|ignored|ignore"
    r"|engaged|reacted|reachable|contactable|have|has|having|turned off|turned on|said (?:yes|no)|no|without"
    r"|lack(?:s|ing)?"
    r"|with(?:out)? (?:an?|valid))"
    r"(?:\s(?:to|for|from|on|by|in|of|with|any|an|a|the|our|at least|one|more than|or more|\d+|valid|both|of"
    r"|receive|receiving|us|all"
    r"|e-?mails?|sms|push|and|or|but|nor|/|\+|&|their|last|any of our|promotional|marketing))*\s*|打开过?|点击过?"
    r"|收到过?|退订了?|订阅了?|同意(?:接收)?|偏好|没有|接受|拒收|允许|开启)$"
)
_CONDITION_AFTER = re.compile(
    r"^(?:\s(?:and|or|/|\+|&)\s(?:e-?mail|sms|push))?[\s-]*(?:marketing )?(?:consent(?:s|ed|ing)?"
    r"|opt[\s-]?(?:in|out)s?|opted|subscri\w+"
    r"|permissions?|unsubscri\w+|enabled|addresses|address|reachable|users?|openers?|clickers?|clicks?|opens?"
    r"|in the (?:last|past)"
    r"|numbers?|preference)\b|^(?:\s?(?:同意|授权|订阅|退订|许可|打开|点击|偏好))"
)


_CLAUSE_MARKS = ",;.:(，；。：\n"


def find_channels(text: str) -> tuple[ChannelFound, ...]:
    """The channels to send on, in the text's order; conditions on members and 'push' as a verb are left out."""
    lowered = text.lower()
    found: list[ChannelFound] = []
    taken = Taken(len(lowered))
    for match in _ALL_CHANNELS.finditer(lowered):
        taken.take(*match.span())
        found.extend(ChannelFound(channel, Span(match.start(), match.end())) for channel in _CHANNELS)
    for channel, pattern in _PATTERNS:
        for match in pattern.finditer(lowered):
            span = Span(match.start(), match.end())
            is_meant = not _is_condition(lowered, span) and not _is_verb(lowered, span, channel)
            if is_meant and taken.take(span.start, span.end):
                found.append(ChannelFound(channel, span))
    return tuple(sorted(found, key=lambda each: each.span.start))


def channel_names(found: tuple[ChannelFound, ...]) -> tuple[str, ...]:
    """Each channel once, in the order first named."""
    return tuple(dict.fromkeys(each.channel for each in found))


def _is_condition(text: str, span: Span) -> bool:
    lead = just_before(text, span.start)
    clause = lead[max(lead.rfind(mark) for mark in _CLAUSE_MARKS) + 1 :]
    return bool(_CONDITION_BEFORE.search(clause) or _CONDITION_AFTER.match(just_after(text, span.end)))


def _is_verb(text: str, span: Span, channel: str) -> bool:
    return channel == "push" and bool(_PUSH_AS_VERB.match(text, span.start))
