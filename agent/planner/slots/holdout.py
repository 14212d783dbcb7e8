"""The holdout share a request asks for: 'keep 10% as holdout', 'no holdout', '留5%对照组'."""

import re
from dataclasses import dataclass

from agent.planner.slots.numbers import NUMBER, plain, read_number
from agent.planner.slots.span import Span


@dataclass(frozen=True)
class HoldoutFound:
    holdout_pct: int | float
    span: Span


_GROUP = r"(?:hold[\s-]?out|control(?: group)?|hold[\s-]?back)(?:\s(?:group|set|share))?"
_GROUP_ZH = "(?:对照组?|保留组|空白组)"
_NONE = re.compile(
    rf"(?:with )?(?:no|without(?: an?)?|skip(?: the)?|zero|drop the|remove the)\s{_GROUP}"
    rf"|{_GROUP}\s?(?:of |: ?|= ?)?(?:none|0\s?%)|(?:不留|不设|不要|无|取消){_GROUP_ZH}"
)
_SHARES = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?:(?:keep|leave|hold|set aside|reserve|with|use)\s)?(?:an?\s)?(?P<share>{NUMBER})\s?(?:%|percent|pct)\s?"
        rf"(?:of (?:them|members|the audience)\s)?(?:(?:as|for|in|out as)\s)?(?:an?\s|the\s)?{_GROUP}",
        rf"(?:hold|keep|leave)\s(?:back|out|aside)\s(?P<share>{NUMBER})\s?(?:%|percent)",
        rf"(?:hold|keep|leave)\s(?P<share>{NUMBER})\s?(?:%|percent)\s?(?:of (?:them|members"
        rf"|the audience)\s)?(?:back|out|aside)",
        rf"{_GROUP}\s?(?:of|at|to|:|=|is|should be)?\s?(?P<share>{NUMBER})\s?(?:%|percent)",
        rf"(?:留出?|设置?|保留|抽)?\s?(?P<share>{NUMBER})\s?%的?(?:人|会员)?(?:作为|做|为)?{_GROUP_ZH}",
        rf"{_GROUP_ZH}(?:比例|占比)?(?:改成|设为|为|是|占)?\s?(?P<share>{NUMBER})\s?%",
    )
)


def find_holdout(text: str) -> HoldoutFound | None:
    """The holdout share in percent of the audience, or None when the text does not speak of one."""
    lowered = text.lower()
    for pattern in _SHARES:
        if match := pattern.search(lowered):
            return HoldoutFound(plain(read_number(match.group("share"))), Span(match.start(), match.end()))
    if match := _NONE.search(lowered):
        return HoldoutFound(0, Span(match.start(), match.end()))
    return None
