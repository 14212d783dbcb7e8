"""Shares of some members: in "what share of gold members ordered in May", the gold members are the whole."""

import re
from collections.abc import Sequence

from crm.segments.language.kinds import Entity, Kind

_ZH_WHOLE = re.compile(
    r"^(?P<whole>.+?(?:会员|客户|用户|顾客|人群|的人))"
    r"(?:中|里面?|当中|之中|其中)?(?:有?(?:多少|多大)?(?:比例|占比)|有?百分之(?:多少|几)|[,，]?(?=.*(?:占比|比例|百分之)))"
)
_BEGINS_PREDICATE = frozenset({Kind.VERB, Kind.NEGATION, Kind.ANCHOR, Kind.WHOLE})


def whole_of_share(items: Sequence[Entity]) -> tuple[int, int] | None:
    """Where the words for the whole stand in the working text; None when the sentence asks for no share of members."""
    start = next((place for place, item in enumerate(items) if _asks_for_share(item)), None)
    if start is None:
        return None
    after = range(start + 1, len(items))
    heads = [place for kind in (Kind.HEAD, Kind.VALUE) for place in after if items[place].kind is kind]
    if not heads:
        return None
    head = heads[0]  # "of gold members", else "of women"
    in_clause = False
    for item in items[head + 1 :]:
        in_clause = in_clause or item.kind is Kind.OPEN
        if item.kind is Kind.VERB or (item.kind in _BEGINS_PREDICATE and not in_clause):
            return items[start].end, item.start
    return None


def chinese_whole_of_share(source: str) -> str | None:
    """The words for the whole in 金卡会员中近30天下过单的占比; None for another sentence."""
    found = _ZH_WHOLE.match(source)
    return None if found is None else found["whole"]


def _asks_for_share(item: Entity) -> bool:
    return item.kind is Kind.AGGREGATE and item.value == "share"
