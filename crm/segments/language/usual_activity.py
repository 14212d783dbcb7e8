"""Activity of this week against a usual one: "activity this week below half of the usual", 本周活跃度不到平时一半."""

import re
from collections.abc import Iterator

from crm.segments.language.kinds import Entity, Kind, WholeCondition
from crm.segments.language.numbers import ANY_NUMBER, to_number

RATIO = "weekly_activity_ratio"
_BELOW = (
    r"below|under|less than|lower than|beneath|short of|down to"
    r"|低于|不到|不足|少于|小于|未达到?|没到|跌破|不及|下降到|降到"
)
_AT_MOST = r"at most|no more than|不超过|至多"
_ABOVE = r"above|over|more than|higher than|exceeding|exceeds|高于|超过|大于|多于"
_AT_LEAST = r"at least|no less than|不低于|至少|不少于"
_OPERATORS = {"<": _BELOW, "<=": _AT_MOST, ">": _ABOVE, ">=": _AT_LEAST}
_COMPARE = "|".join(f"(?P<op{index}>{words})" for index, words in enumerate(_OPERATORS.values()))
_PARTS = {"half": 0.5, "a half": 0.5, "a third": 1 / 3, "one third": 1 / 3, "two thirds": 2 / 3, "a quarter": 0.25}
_PARTS |= {"one quarter": 0.25, "three quarters": 0.75, "twice": 2, "double": 2}
_ZH_PARTS = {
    "一半": 0.5,
    "半": 0.5,
    "三分之一": 1 / 3,
    "三分之二": 2 / 3,
    "四分之一": 0.25,
    "四分之三": 0.75,
    "两倍": 2,
}
_USUAL = (
    r"(?:the |their |its |his |her )?(?:usual|normal|average|typical|baseline|ordinary)(?: (?:week|level|rate|weeks))?"
)
_A_WEEK = r"this week|last week|the last week|the past week|the last 7 days|the past 7 days"
_LINKS = r"is|was|were|has|have|fell|falls|fallen|dropped|drops|sank|went|rose|being|dropping|falling"
_PART_EN = (
    rf"(?P<part>{'|'.join(sorted(_PARTS, key=len, reverse=True))})"
    rf"|(?P<number>{ANY_NUMBER})\s*(?P<unit>%|percent|x|times)"
)
_EN = re.compile(
    rf"\b(?:activity|engagement|visits)\s+(?:in |over |during )?(?:{_A_WEEK})(?:\s+(?:{_LINKS}))*"
    rf"\s+(?:to )?(?:{_COMPARE})\s+(?:{_PART_EN})?\s*(?:of |as |what is )?{_USUAL}"
)
_ZH = re.compile(
    r"(?:本周|这周|这一周|上周|近一周|最近一周|近7天|最近7天|近七天)的?(?:活跃度?|活动量?|活跃程度)"
    rf"(?:{_COMPARE})(?:平时|平常|往常|通常|正常|平均|常态)(?:水平|值)?的?"
    rf"(?:(?P<part>{'|'.join(sorted(_ZH_PARTS, key=len, reverse=True))})|(?P<number>{ANY_NUMBER})(?P<unit>%|成|倍))?"
)
_SCALES = {"%": 0.01, "percent": 0.01, "成": 0.1}


def find_usual_activity(working: str) -> Iterator[Entity]:
    """Comparisons of a week's activity with a usual week, each as a whole condition."""
    for match in [*_EN.finditer(working), *_ZH.finditer(working)]:
        op = next(name for index, name in enumerate(_OPERATORS) if match[f"op{index}"])
        node = {"field": RATIO, "op": op, "value": _share(match)}
        yield Entity(Kind.WHOLE, WholeCondition(node), match.start(), match.end(), match.group())


def _share(match: re.Match[str]) -> float | int:
    """ "Below the usual" is below 1."""
    if match["part"]:
        return round((_PARTS | _ZH_PARTS)[match["part"]], 3)
    if not match["number"]:
        return 1
    share = round(to_number(match["number"]) * _SCALES.get(match["unit"], 1), 6)
    return int(share) if float(share).is_integer() else share
