"""The stretch of values for which a condition holds, and how far a member's value is from its ends."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from crm.fields import Aggregate, Field, Kind, Op, Rows
from crm.segments.days import resolve_day
from crm.segments.definition import Condition, Node, Not, Ordering, Term
from crm.segments.fact_access import SAME_FOR_ANY_ROWS
from crm.segments.reference import local_day_of
from crm.segments.scope import SegmentScope
from crm.words import Text

DAYS = "days"
CENT = 0.01
DAYS_OF_A_MONTH = 30
"""A distance in days is set against a month to compare it with distances in other units."""
LAST_TIME = Text("last time", "最近一次")

Edge = float | int | date


@dataclass(frozen=True)
class ValueRange:
    """Values from `low` to `high`, both included; None is open. Inside it the verdict is one, outside the other."""

    term: Term
    """What is measured: the condition's own term, or the last of its rows."""
    low: Edge | None
    high: Edge | None
    unit: str
    step: float | int
    """The smallest change there is: a day, an order, a cent; 0 for scores."""
    holds_inside: bool
    """Whether the condition is true of the values inside."""

    def distance(self, value: Any) -> float | int:
        """How far a value, as records hold it, must go to change the verdict; in the band's unit."""
        here: Any = local_day_of(value) if self.unit == DAYS else value
        below = None if self.low is None else _difference(self.low, here)
        above = None if self.high is None else _difference(here, self.high)
        ends = [end for end in (below, above) if end is not None]
        outside = [end for end in ends if end > 0]
        return _rounded(outside[0] if outside else min(-end for end in ends) + self.step)

    def relative(self, distance: float | int) -> float:
        """A distance without a unit, to compare members who miss different conditions."""
        if self.unit == DAYS:
            return distance / DAYS_OF_A_MONTH
        edge = self.low if self.low is not None else self.high
        return distance / max(abs(edge), 1) if isinstance(edge, int | float) else distance


def value_range_of(node: Node, scope: SegmentScope, cut_off: Any = None) -> ValueRange | None:
    """The band of one comparison of a number or a day; None for others. `cut_off` is where a top share ends."""
    if isinstance(node, Not):
        band = value_range_of(node.part, scope, cut_off)
        return None if band is None else replace(band, holds_inside=not band.holds_inside)
    if not isinstance(node, Condition) or node.op is Op.KNOWN:
        return None
    if node.op is Op.TOP_PERCENT:
        return None if cut_off is None else _number_band(node.term, cut_off, None)
    if node.field.kind is Kind.NUMBER:
        return _recency_band(node, scope) or _compared_number(node)
    return _compared_day(node, scope) if node.field.kind is Kind.DAY else None


def place_range(order: Ordering, cut_off: Any) -> ValueRange | None:
    """The band of the values that lead into a limited list; None where no distance can be told."""
    field = order.term.field
    if cut_off is None or field.kind not in (Kind.NUMBER, Kind.DAY):
        return None
    edge = local_day_of(cut_off) if field.kind is Kind.DAY else cut_off
    low, high = (edge, None) if order.direction == "desc" else (None, edge)
    unit = DAYS if field.kind is Kind.DAY else _unit(field)
    return ValueRange(order.term, low, high, unit, 0, holds_inside=True)


def _number_band(term: Term, low: Any, high: Any, *, holds_inside: bool = True) -> ValueRange:
    return ValueRange(term, low, high, _unit(term.field), _step(term.field), holds_inside)


def _unit(field: Field) -> str:
    return "" if field.unit is None else field.unit.value


def _step(field: Field) -> float | int:
    return 1 if field.is_whole else CENT if field.is_money else 0


def _compared_number(condition: Condition) -> ValueRange:
    value: Any = condition.value
    step = _step(condition.field)
    if condition.op is Op.BETWEEN:
        return _number_band(condition.term, *value)
    low, high = _ends(condition.op, value, _rounded(value - step), _rounded(value + step))
    return _number_band(condition.term, low, high, holds_inside=condition.op is not Op.NE)


def _compared_day(condition: Condition, scope: SegmentScope) -> ValueRange | None:
    if condition.op is Op.ANNIVERSARY_BETWEEN:
        return None
    value: Any = condition.value
    if condition.op is Op.BETWEEN:
        low, high = (resolve_day(day, scope.today) for day in value)
    else:
        day = resolve_day(value, scope.today)
        low, high = _ends(
            condition.op, day, date.fromordinal(day.toordinal() - 1), date.fromordinal(day.toordinal() + 1)
        )
    return ValueRange(condition.term, low, high, DAYS, 1, holds_inside=condition.op is not Op.NE)


def _ends(op: Op, value: Any, before: Any, after: Any) -> tuple[Any, Any]:
    """First and last value for which a comparison, or for `!=` its opposite, is true."""
    match op:
        case Op.GT:
            return after, None
        case Op.GE:
            return value, None
        case Op.LT:
            return None, before
        case Op.LE:
            return None, value
        case _:
            return value, value


def _recency_band(condition: Condition, scope: SegmentScope) -> ValueRange | None:
    """ "No order in the last 60 days" is about the day of the last order; None when the count itself matters."""
    source, window = condition.field.source, condition.term.window
    if not isinstance(source, Rows) or (condition.op, condition.value) not in SAME_FOR_ANY_ROWS or window is None:
        return None
    days = window.days(scope.today)
    if source.aggregate is not Aggregate.COUNT or days.first is None or (days.last or scope.today) < scope.today:
        return None
    holds_with_rows = (condition.op, condition.value) in {(Op.GT, 0), (Op.GE, 1), (Op.NE, 0)}
    last = Term(_last_of(condition.field, source, scope), qualifiers=condition.term.qualifiers)
    return ValueRange(last, days.first, None, DAYS, 1, holds_inside=holds_with_rows)


def _last_of(field: Field, source: Rows, scope: SegmentScope) -> Field:
    """The day of the last row: the catalog's field where it has one, for facts may be kept of it."""
    for known in scope.catalog.fields:
        other = known.source
        if isinstance(other, Rows) and other.aggregate is Aggregate.LAST and other.columns is source.columns:
            return known
    rows = Rows(Aggregate.LAST, source.columns, source.facts, source.qualifiers, has_windows=False)
    return Field(name=field.name, kind=Kind.DAY, source=rows, label=LAST_TIME, missing="")


def _difference(first: Any, second: Any) -> float | int:
    difference: float | int = (first - second).days if isinstance(first, date) else first - second
    return difference


def _rounded(number: float | int) -> float | int:
    """Free of the dust that binary fractions leave: 5000 - 0.01 is 4999.99."""
    return round(number, 6) if isinstance(number, float) else number
