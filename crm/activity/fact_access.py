"""What the facts of members answer of the fields over orders."""

from datetime import date, timedelta

from sqlalchemy import Float, cast, func

from crm.activity.fact_window import ORDER_STARTS, start_on
from crm.activity.models import MEMBER_FACTS, MemberCategory
from crm.fields import Aggregate, KeptRows, Qualifiers, RowColumns, Sql, Viewpoint, Window


class OrderFacts:
    """Answers from the facts what the orders of a member come to; from the facts by category for categories."""

    def __init__(self, aggregate: Aggregate) -> None:
        self.aggregate = aggregate

    def amount(self, qualifiers: Qualifiers, window: Window | None, viewpoint: Viewpoint) -> Sql | KeptRows | None:
        categories = qualifiers.get("category")
        if categories is not None:
            return None if window is not None else self._of_categories(categories)
        facts = MEMBER_FACTS.c
        match self.aggregate:
            case Aggregate.COUNT:
                return _kept(window, viewpoint, "orders", facts.order_count)
            case Aggregate.SUM:
                return _kept(window, viewpoint, "spend", facts.spend_cents)
            case Aggregate.AVERAGE:
                spend = _kept(window, viewpoint, "spend", facts.spend_cents)
                count = _kept(window, viewpoint, "orders", facts.order_count)
                return None if spend is None or count is None else cast(spend, Float) / func.nullif(count, 0)
            case Aggregate.FIRST:
                return facts.first_order_at
            case Aggregate.LAST:
                return facts.last_order_at
            case Aggregate.SET:
                return None

    def newest(self, qualifiers: Qualifiers) -> Sql | RowColumns | None:
        categories = qualifiers.get("category")
        if categories is None and self.aggregate is not Aggregate.SET:
            return MEMBER_FACTS.c.last_order_at
        chosen = () if categories is None else (MemberCategory.category.in_(categories),)
        return RowColumns(
            MemberCategory.member_id, at=MemberCategory.last_at, value=MemberCategory.category, conditions=chosen
        )

    def _of_categories(self, categories: tuple[str, ...]) -> KeptRows | None:
        kept, is_single = MemberCategory, len(categories) == 1
        value: Sql | None
        at: Sql | None
        match self.aggregate:
            case Aggregate.COUNT if is_single:
                value, at, aggregate = kept.order_count, None, Aggregate.SUM
            case Aggregate.SUM:
                value, at, aggregate = kept.spend_cents, None, Aggregate.SUM
            case Aggregate.FIRST:
                value, at, aggregate = None, kept.first_at, Aggregate.FIRST
            case Aggregate.LAST:
                value, at, aggregate = None, kept.last_at, Aggregate.LAST
            case _:
                # One order can hold several categories: their counts do not add up.
                return None
        chosen = (kept.category.in_(categories),)
        return KeptRows(RowColumns(kept.member_id, at, value, conditions=chosen), aggregate, is_single)


def _kept(window: Window | None, viewpoint: Viewpoint, prefix: str, lifetime: Sql) -> Sql | None:
    """The column that holds the window, or the difference of two; None when its ends are not kept."""
    if window is None:
        return lifetime
    first, last = window
    since_first = lifetime if first is None else _since(first, viewpoint, prefix)
    if since_first is None or last is None:
        return since_first
    since_end = _since(last + timedelta(days=1), viewpoint, prefix)
    return None if since_end is None else since_first - since_end


def _since(first: date, viewpoint: Viewpoint, prefix: str) -> Sql | None:
    name = start_on(ORDER_STARTS, first, viewpoint.today)
    return None if name is None else MEMBER_FACTS.c[f"{prefix}_{name}"]
