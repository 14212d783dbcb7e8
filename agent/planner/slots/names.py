"""The name a request gives a new campaign: in quotes, or after 'called' / 'named' / 名为."""

import re
from dataclasses import dataclass

from agent.planner.slots.span import Span


@dataclass(frozen=True)
class NameFound:
    name: str
    span: Span


_QUOTED = re.compile(
    r"(?<!\w)'(?P<a>[^'\n]{2,80}(?:'s[^'\n]{0,60})?)'(?!\w)|\"(?P<b>[^\"\n]{2,80})\""
    r"|[“「《](?P<c>[^”」》\n]{1,80})[”」》]|‘(?P<d>[^’\n]{2,80})’"
)
_CALLED = re.compile(
    r"(?:\b(?:called|named|call it|name it|titled|rename it(?: to)?|rename to|rename\s[^\n]{0,90}?\sto)"
    r"|(?:名为|名叫|叫做|取名|命名为|名字叫"
    r"|改名为))\s?:?\s?(?P<name>[A-Z0-9\u4e00-\u9fff][^,;:.，；。：\n]*?)(?=\s+(?:for|to|with|targeting|by|via|on"
    r"|starting|offering|aimed)\b|\s[-–—]\s|的|[,;:.，；。：\n]|$)"
)


def find_quoted(text: str) -> tuple[NameFound, ...]:
    """Everything in quotes, without the quotes; the span includes them. An apostrophe inside a word is no quote."""
    return tuple(
        NameFound(next(part for part in match.groups() if part).strip(), Span(match.start(), match.end()))
        for match in _QUOTED.finditer(text)
    )


def find_new_name(text: str) -> NameFound | None:
    """The name for a campaign to be made, or None when the request leaves it open."""
    for quoted in find_quoted(text):
        return quoted
    if match := _CALLED.search(text):
        return NameFound(match.group("name").strip(), Span(match.start(), match.end()))
    return None
