"""The budget a request states: 'budget 5,000', 'max budget of ¥20k', '预算5000元'."""

import re
from dataclasses import dataclass

from agent.planner.slots.numbers import ANY_NUMBER, NUMBER, read_number
from agent.planner.slots.span import Span

_BUDGET = re.compile(
    rf"(?:(?:with )?(?:an?|the)?\s?(?:max(?:imum)?\s|total\s)?(?:budget|spend cap|cost cap)\s?(?:of|is|to|at"
    rf"|:|=|under|up to|max(?:imum)?)*\s?"
    rf"(?:rmb|cny|[¥￥$€£])?\s?(?P<after>{NUMBER})(?:\s?(?:元|块|yuan|rmb|cny))?"
    rf"|(?:rmb|cny|[¥￥$€£])?\s?(?P<before>{NUMBER})\s?(?:元|块|yuan|rmb|cny)?\s(?:max(?:imum)?\s)?budget"
    rf"|(?:总?预算)(?:是|为|上限|不超过|控制在)*\s?[¥￥]?(?P<zh>{ANY_NUMBER})\s?[元块]?)"
)


@dataclass(frozen=True)
class BudgetFound:
    budget_cents: int
    span: Span


def find_budget(text: str) -> BudgetFound | None:
    """The total budget in minor units, or None."""
    match = _BUDGET.search(text.lower())
    if match is None:
        return None
    amount = match.group("after") or match.group("before") or match.group("zh")
    return BudgetFound(round(read_number(amount) * 100), Span(match.start(), match.end()))
