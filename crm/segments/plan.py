"""Which shape of SQL suits a definition. Both shapes give the same members; only the time differs."""

from dataclasses import dataclass
from enum import StrEnum

from crm.fields import Kind, Op, Rows, Value, Viewpoint
from crm.segments.definition import AllOf, Condition, Definition, Node
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
    """One pass over the rows pays when nothing narrows the members and only one condition needs it.

    Measured at 1M members and 20M orders on SQLite: two grouped sets took 12 times as long as
    correlated lookups, a single one half as long as lookups for every member.
    """
    conditions = list(definition.conditions())
    over_rows = sum(isinstance(condition.field.source, Rows) for condition in conditions)
    is_narrow = scope.row_owner_id is not None or any(map(_narrows, _required(definition.root)))
    shape = Shape.PER_MEMBER if is_narrow or over_rows > 1 else Shape.BY_SETS
    return Plan(scope.viewpoint, shape)


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
