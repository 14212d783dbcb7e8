"""Whether a top share is taken of some members or of all: "top 10% of platinum members by points" ranks the platinum
members, "top 5% by spend who have not ordered" ranks everybody and then asks who has not ordered."""

import re
from collections.abc import Sequence

from crm.segments.language.kinds import Entity, Kind, WholeCondition

_AMONG = re.compile(
    r"(?:\b(?:in|among|amongst|within|inside|into|part of|make|makes|made)\s+(?:the |our |that )?"
    r"|在|属于|位列|进入|排在|进)(?:our )?$"
)
"""Before a top share: it is one condition among others."""
_LINKS = frozenset({Kind.HEAD, Kind.STOP, Kind.EACH, Kind.SORT, Kind.PERIOD, Kind.AGGREGATE})
_NARROWING = frozenset({Kind.VALUE, Kind.ME})


def ranks_some(items: Sequence[Entity], first: int, top: int, read: set[int], working: str) -> bool:
    """Whether the words beside a top share name the members it is a share of.

    `first` and `top` are where its words and its "top" stand in `items`; `read` are those that have been read.
    """
    if _AMONG.search(working[: items[first].start]):
        return False
    before, after = range(first - 1, -1, -1), range(top + 2, len(items))
    return _narrows(items, before, read) or _narrows(items, after, read)


def _narrows(items: Sequence[Entity], places: range, read: set[int]) -> bool:
    """Whether a tier, a city or the like comes before a new phrase begins."""
    for place in places:
        if items[place].kind in _NARROWING:
            return True
        if place not in read and items[place].kind not in _LINKS:
            return False
    return False


def share_condition(term: dict[str, object], percent: float, entity: Entity) -> Entity:
    """Being in a top share as a whole condition, in the place of its "top"."""
    share = int(percent) if float(percent).is_integer() else percent
    node = {key: value for key, value in term.items() if key != "dir"} | {"op": "top_percent", "value": share}
    return Entity(Kind.WHOLE, WholeCondition(node), entity.start, entity.end, entity.text)
