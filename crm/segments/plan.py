"""Which shape of SQL suits a definition. Both shapes give the same members; only the time differs."""

from dataclasses import dataclass
from enum import StrEnum

from crm.fields import Aggregate, Kind, Op, Rows, Value, Viewpoint
from crm.segments.definition import AllOf, Condition, Definition, Node, Term
from crm.segments.scope import SegmentScope


class Shape(StrEnum):
    PER_MEMBER = "per_member"
    """Look at the rows of each member that the cheap conditions left over, by index."""
    BY_SETS = "by_sets"
    """Go through the rows once, grouped by member."""


@dataclass(frozen=True)
class Plan:
    viewpoint: Viewpoint
    shape: Shape


def plan_for(definition: Definition, scope: SegmentScope) -> Plan:
    """One pass over the rows pays when nothing narrows the members and only one condition or order needs it.

    Two grouped passes cost many times what lookups do (12 times at 1M members and 20M orders on SQLite,
    5 times at 200k and 3M), one costs about the same on SQLite and much less on PostgreSQL.
    """
    terms = [condition.term for condition in definition.conditions()]
    if definition.order_by is not None:
        terms.append(definition.order_by.term)
    passes = sum(isinstance(term.field.source, Rows) for term in terms)
    by_index = any(_is_one_seek(term) for term in terms)
    is_narrow = scope.row_owner_id is not None or any(map(_narrows, _required(definition.root)))
    shape = Shape.PER_MEMBER if is_narrow or by_index or passes > 1 else Shape.BY_SETS
    return Plan(scope.viewpoint, shape)


def _is_one_seek(term: Term) -> bool:
    """The first or last row of a member stands at the end of an index range."""
    source = term.field.source
    return isinstance(source, Rows) and source.aggregate in (Aggregate.FIRST, Aggregate.LAST)


def _required(node: Node) -> list[Condition]:
    """The conditions that every member of the segment meets."""
    if isinstance(node, Condition):
        return [node]
    return [found for part in node.parts for found in _required(part)] if isinstance(node, AllOf) else []


def _narrows(condition: Condition) -> bool:
    """Whether the condition reads the member's own row and usually leaves a minority."""
    in_member_row = isinstance(condition.field.source, Value) and condition.field.source.member_id is None
    if condition.field.kind is Kind.CHOICE:
        return in_member_row and condition.op in (Op.IN, Op.EQ)
    if condition.field.kind is Kind.DAY:
        return in_member_row and condition.op in (Op.GT, Op.GE, Op.EQ, Op.BETWEEN, Op.ANNIVERSARY_BETWEEN)
    return in_member_row and condition.field.kind is Kind.MONTH_DAY
