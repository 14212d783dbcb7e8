"""What a request says of a journey: which one, which template, and how long it waits."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal

Template = Literal["welcome", "reactivation", "birthday"]

_WORD = re.compile(r"\bjourneys?\b|旅程")
_NAMED_EN = re.compile(
    r"\b(?:the|our|my|this|that|is|of|in|for|about|pause|resume|submit|stop|hold|continue|show|open|does|how's|a|an)\s"
    r"(?P<name>(?!(?:the|our|my|this|that|a|an|is|new)\b)[\w'-]+(?:\s[\w'-]+){0,3}?)\sjourney\b",
    re.IGNORECASE,
)
_NAMED_ZH = re.compile(r"(?P<name>[\u4e00-\u9fffA-Za-z0-9 ]{2,24}?)旅程")
_LEAD_ZH = re.compile(r"^.*(?:暂停|恢复|继续|提交|查看|看看|打开|停止|现在|目前|这个|那个|把|将|在|个|的|下)")
_SENDS = r"(?:send|message|e-?mail|text|push|write|greet|welcome|remind|invite|offer|give|start)"
_WINS_BACK = r"(?:re-?activat\w+|win(?:ning)?[ -]?backs?|wake up|bring back)"
_WHENEVER = (
    r"\b(?:when|whenever|as soon as|once|if)\s"
    r"(?:someone|somebody|a (?:new )?member|anyone|members|people|a (?:new )?customer)\s"
)
_TEMPLATES: tuple[tuple[Template, re.Pattern[str]], ...] = (
    (
        "birthday",
        re.compile(r"\bbirthdays?\b.*\bjourney\b|\bjourney\b.*\bbirthdays?\b|生日.{0,10}旅程|旅程.{0,10}生日"),
    ),
    (
        "reactivation",
        re.compile(
            rf"\b{_WINS_BACK}\b.*\b(?:if|when|unless)\b.*"
            r"\b(?:not|no|don't|doesn't|without)\b.*\b(?:respon\w+|answers?|repl\w+|react\w*)\b"
            rf"|\b{_WINS_BACK}\b.*\bjourney\b|\bjourney\b.*\b{_WINS_BACK}\b"
            rf"|{_WHENEVER}(?:becomes?|turns?|enters?|goes|go|falls?|slips?|drops?|moves?)\b.*\b(?:dormant|inactive)\b.*\b{_SENDS}\b"
            r"|(?:唤醒|召回|激活|挽回).{0,12}(?:沉睡|流失).*(?:没有?|未|不)(?:回应|回复|响应|反应)"
            r"|(?:变成?|成为|进入|转为).{0,4}沉睡.*(?:时|后|就).*(?:发|推送)|(?:唤醒|召回).{0,8}旅程"
        ),
    ),
    (
        "welcome",
        re.compile(
            r"^\W*(?:please |can you |could you )?(?:welcome|greet|onboard)\b.*\b(?:new|newly|joins?|newcomers?)\b"
            r"|\bwelcome journey\b|\bjourney\b.*\b(?:welcom\w+|new members?)\b"
            rf"|{_WHENEVER}(?:joins?|signs? up|registers?)\b.*\b{_SENDS}\b"
            r"|(?:自动)?欢迎新会员|新会员.{0,8}(?:加入|注册).*(?:发|推送|欢迎)|(?:建|创建|做|起草|设置).{0,8}欢迎旅程"
        ),
    ),
)
_LENGTH = re.compile(r"(?P<number>\d{1,3})\s*-?\s*(?P<unit>days?|weeks?|天|周)", re.IGNORECASE)
DAYS_OF_WEEK = 7
_OWN_CONDITIONS = frozenset({"tier", "lifecycle_stage", "joined_at"})
"""Fields of an audience that a template has a place for, or says already."""


def names_journey(text: str) -> bool:
    """Whether it speaks of a journey by that word."""
    return _WORD.search(text) is not None


def find_journey(words: str) -> str | None:
    """What stands before the word, e.g. `welcome` in 'how is the welcome journey doing'."""
    if match := _NAMED_EN.search(words):
        return match["name"]
    match = _NAMED_ZH.search(words)
    return (_LEAD_ZH.sub("", match["name"]).strip() or None) if match else None


def find_template(text: str) -> Template | None:
    """Which template does what the words ask for, in lower case."""
    return next((template for template, pattern in _TEMPLATES if pattern.search(text)), None)


def find_days(text: str) -> int | None:
    """The first length of time that is named."""
    match = _LENGTH.search(text)
    if match is None:
        return None
    is_week = match["unit"].startswith(("week", "周"))
    return int(match["number"]) * (DAYS_OF_WEEK if is_week else 1)


def tiers_in(definition: Mapping[str, Any]) -> tuple[str, ...]:
    """The tiers that an audience is narrowed to."""
    return tuple(
        tier
        for leaf in _leaves(definition)
        if leaf["field"] == "tier" and leaf.get("op") == "in"
        for tier in leaf.get("value") or ()
    )


def unplaced_in(definition: Mapping[str, Any]) -> tuple[str, ...]:
    """Fields of an audience for which a template has no place."""
    fields = (str(leaf["field"]) for leaf in _leaves(definition) if leaf["field"] not in _OWN_CONDITIONS)
    return tuple(dict.fromkeys(fields))


def _leaves(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    if "field" in node:
        yield node
    for part in (*(node.get("all") or ()), *(node.get("any") or ())):
        yield from _leaves(part)
