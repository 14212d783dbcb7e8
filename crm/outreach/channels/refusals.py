"""What a refusal says of the recipient: that there is none, that they may be gone, or nothing.

Codes are those of RFC 5321 and RFC 3463; words are asked where codes are missing or say nothing, as with many large
providers. In doubt a refusal is about us, or about the message: an address that works is not given up for it.
"""

import re
from enum import StrEnum


class Refusal(StrEnum):
    DEAD = "dead"
    """There is no such mailbox, number or device."""
    RECIPIENT = "recipient"
    """The recipient is refused for good, and it is not said beyond doubt that there is none."""
    OTHER = "other"
    """About us, the message, a full mailbox, or for a while only."""


_ENHANCED = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?!\.?\d)")
_DEAD_CODES = {(1, 1), (1, 2), (1, 3), (1, 6), (1, 10)}
"""No such mailbox, no such domain, no address, moved away, takes no mail (RFC 3463, RFC 7505)."""
_RECIPIENT_CODES = {(1, 0), (1, 4), (2, 0), (2, 1), (4, 1), (4, 4)}
"""Other trouble with the address; a mailbox that is disabled; what Exchange Online says of an unknown recipient."""
_SILENT_CODES = {(0, 0), (5, 0)}
"""Said by servers that know no better code."""

_OBJECT = r"(?:user|recipient|mailbox|mail ?box|account|addressee|address|subscriber|number|device|token|local[ -]part)"
_DEAD = re.compile(
    rf"no such (?:local |email )?(?:{_OBJECT}|person)|unknown (?:local )?{_OBJECT}|{_OBJECT} (?:is )?unknown"
    rf"|(?:invalid|non-?existent) (?:phone )?{_OBJECT}"
    rf"|{_OBJECT}\b[^.;]{{0,100}}?\b(?:not found|not known|(?:does ?n[o']t|does not|not|no longer) exists?"
    rf"|(?:could|can) ?not be found|not registered|not in service)"
    rf"|no (?:mailbox|account|user)\b.{{0,20}}\b(?:here|by that name|with that name)|doesn'?t have a \S+ account"
    r"|recipnotfound|user_?unknown|\bunregistered\b|notregistered|invalidregistration|baddevicetoken"
    r"|(?:用户|收件人|邮箱|账号|帐号|账户|号码|地址)(?:名)?\s*不存在|不存在(?:该|此|的)?(?:用户|收件人|邮箱|账号|帐号)"
    r"|(?:无|没有)(?:此|该)(?:用户|收件人|邮箱|账号|帐号)|找不到(?:该|此)?(?:用户|收件人|邮箱)"
    r"|无效(?:的)?(?:收件人|邮箱|号码|用户)|空号",
    re.IGNORECASE,
)
_ABOUT_US = re.compile(
    r"spam|black ?list|block|\brbl\b|dnsbl|reputation|polic|\bspf\b|dkim|dmarc|virus|malware|relay|authentic|rate limit"
    r"|frequen|too (?:many|fast|large)|throttl|gr[ea]ylist|content|abuse|unsolicited|banned|prohibit|\bptr\b|\brdns\b"
    r"|reverse dns|sender|from address|suspect|suspicious|connection|\bhelo\b|\behlo\b|\bip\b|blocked|quarantine|phish"
    r"|bulk|\bclient\b|不欢迎|垃圾|黑名单|策略|频率|频繁|反垃圾|发件人|限制|拦截|中继",
    re.IGNORECASE,
)
_FULL = re.compile(
    r"quota|mail ?box (?:is )?full|full mailbox|\bis full\b|(?:insufficient|exceeded) (?:system )?storage|disk full"
    r"|out of space|over ?limit|已满|空间不足|容量|配额",
    re.IGNORECASE,
)
_OF_RECIPIENT = re.compile(rf"\b{_OBJECT}\b|rcpt|mailbox|收件人|用户|邮箱|账号|帐号|号码|停机", re.IGNORECASE)
_ADDRESS = re.compile(r"(?:<|(?<![^\s<>]))[^\s<>]+@[^\s<>]+>?")
"""Begins where a word does: tried from each of its letters, a long word without an @ takes for ever."""
_FOR_A_WHILE = re.compile(r"try (?:again )?later|temporar|greylist|稍后|暂时", re.IGNORECASE)


def refusal_by_mail(code: int, words: str, *, at_recipient: bool) -> Refusal:
    """What a mail server means. `at_recipient`: it answered RCPT, and not the content."""
    if not 500 <= code < 600 or code == 552:
        return Refusal.OTHER
    words = _ADDRESS.sub("", words)
    enhanced = _ENHANCED.search(words)
    if enhanced is None:
        return _by_words(words, is_of_recipient=at_recipient and code in (550, 551, 553))
    subject_and_detail = int(enhanced[2]), int(enhanced[3])
    if enhanced[1] != "5":
        return Refusal.OTHER
    if subject_and_detail in _SILENT_CODES:
        return _by_words(words, is_of_recipient=at_recipient)
    if _FULL.search(words) or subject_and_detail not in _DEAD_CODES | _RECIPIENT_CODES:
        return Refusal.OTHER
    has_dead_words = _DEAD.search(words) is not None
    if _ABOUT_US.search(words):
        return Refusal.RECIPIENT if has_dead_words else Refusal.OTHER
    is_dead = subject_and_detail in _DEAD_CODES or has_dead_words
    return Refusal.DEAD if is_dead else Refusal.RECIPIENT


def refusal_by_words(words: str) -> Refusal:
    """What a gateway means by its own words, or by those of a mail server that it passes on."""
    words = _ADDRESS.sub("", words)
    passed_on = re.match(r"\s*(?P<code>[45]\d\d)\b", words)
    if passed_on or _ENHANCED.search(words):
        return refusal_by_mail(int(passed_on["code"]) if passed_on else 550, words, at_recipient=False)
    return _by_words(words, is_of_recipient=_OF_RECIPIENT.search(words) is not None)


def refusal_by_gateway(words: str, *, is_permanent: bool) -> Refusal:
    """Its word that there is no such address holds, unless its reason speaks of something else."""
    meant = refusal_by_words(words)
    if not is_permanent or (meant is Refusal.OTHER and _speaks_of_something_else(words)):
        return meant
    return Refusal.DEAD


def _speaks_of_something_else(words: str) -> bool:
    odd = (_ENHANCED, _FULL, _FOR_A_WHILE, _ABOUT_US)
    return re.match(r"\s*4\d\d\b", words) is not None or any(pattern.search(words) for pattern in odd)


def without_addresses(words: str) -> str:
    """The words of a refusal for people who may not see whom it names."""
    return _ADDRESS.sub("<address>", words)


def _by_words(words: str, *, is_of_recipient: bool) -> Refusal:
    if _FULL.search(words) or _FOR_A_WHILE.search(words) or _ABOUT_US.search(words):
        return Refusal.OTHER
    if _DEAD.search(words):
        return Refusal.DEAD
    is_denied = re.search(r"denied|rejected|refused", words, re.IGNORECASE) and not _OF_RECIPIENT.search(words)
    return Refusal.RECIPIENT if is_of_recipient and not is_denied else Refusal.OTHER
