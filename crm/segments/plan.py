"""Which shape of SQL suits a definition. Every shape gives the same members; only the time differs."""

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import ColumnElement, FromClause

from crm.activity.models import MEMBER_FACTS
from crm.clock import day_end
from crm.fields import ZERO_WITHOUT_ROWS, Aggregate, KeptRows, Kind, Op, RowColumns, Rows, Sql, Value, Viewpoint
from crm.members.models import Member
from crm.segments.comparisons import number_holds
from crm.segments.definition import AllOf, Condition, Definition, Node, Term
from crm.segments.fact_access import asks_only_for_any, fact_amount, newest_fact
from crm.segments.frozen import FrozenSegments
from crm.segments.scope import SegmentScope


class Shape(StrEnum):
    PER_MEMBER = "per_member"
    """Look at the rows of each member that the cheap conditions left over, by index."""
    BY_SETS = "by_sets"
    """Go through the rows once, grouped by member."""


class Reads(StrEnum):
    """Where the answer to a condition is read."""

    MEMBER = "member"
    """The member's own row, or one row of his elsewhere."""
    FACTS = "facts"
    """The one row of facts of the member."""
    CATEGORY_FACTS = "category facts"
    """One row a category that he bought."""
    ROWS = "rows"
    """The rows themselves: orders, lines, events, messages."""


@dataclass(frozen=True)
class Plan:
    viewpoint: Viewpoint
    shape: Shape
    starts_at_facts: bool = False
    """Whether the statement goes through the facts of members instead of the members."""
    row_owner_id: int | None = None
    """The account whose members are visible; None sees everyone."""
    scope: SegmentScope | None = None
    """In which saved segments that were written down are read; None: names stand for those that there are."""
    is_within_base: bool = False
    """Whether this is a saved segment in the place of the condition on it. Those in it stand beside the statement
    (WITH), not in it: SQLite reads no more than six queries within each other."""

    @property
    def frozen(self) -> FrozenSegments | None:
        return None if self.scope is None else self.scope.frozen

    @property
    def base(self) -> FromClause:
        return MEMBER_FACTS if self.starts_at_facts else Member.__table__

    @property
    def member_id(self) -> Sql:
        return MEMBER_FACTS.c.member_id if self.starts_at_facts else Member.__table__.c.id


def plan_for(definition: Definition, scope: SegmentScope) -> Plan:
    """A plan for statements over members.

    One pass over the rows pays when nothing narrows the members and only one condition or order needs it.

    Two grouped passes cost many times what lookups do (12 times at 1M members and 20M orders on SQLite,
    5 times at 200k and 3M), one costs about the same on SQLite and much less on PostgreSQL.
    """
    viewpoint = scope.viewpoint
    from_rows = [
        asked.term if isinstance(asked, Condition) else asked
        for asked, reads in describe_plan(definition, scope)
        if reads is Reads.ROWS
    ]
    by_index = any(map(_is_one_seek, from_rows))
    is_narrow = scope.row_owner_id is not None or any(_narrows(node, viewpoint) for node in _required(definition.root))
    per_member = is_narrow or by_index or len(from_rows) > 1
    shape = Shape.PER_MEMBER if per_member else Shape.BY_SETS
    return Plan(viewpoint, shape, row_owner_id=scope.row_owner_id, scope=scope)


def visible(plan: Plan) -> tuple[ColumnElement[bool], ...]:
    """Conditions on `Member`: within the rights of who asks, and already a member on the day."""
    found: list[ColumnElement[bool]] = []
    if plan.row_owner_id is not None:
        found.append(Member.owner_id == plan.row_owner_id)
    if plan.viewpoint.is_past:
        found.append(Member.joined_at < day_end(plan.viewpoint.today, plan.viewpoint.zone))
    return tuple(found)


def describe_plan(definition: Definition, scope: SegmentScope) -> tuple[tuple[Condition | Term, Reads], ...]:
    """What each condition, and the order, is read from; in reading order. Those of saved segments that were written
    down stand in the place of the condition on them."""
    conditions = definition.conditions() if scope.frozen is None else scope.frozen.inlined(definition)
    found: list[tuple[Condition | Term, Reads]] = [
        (condition, reads_of(condition, scope.viewpoint)) for condition in conditions
    ]
    if definition.order_by is not None:
        found.append((definition.order_by.term, reads_of_term(definition.order_by.term, scope.viewpoint)))
    return tuple(found)


def reads_of(condition: Condition, viewpoint: Viewpoint) -> Reads:
    """Where the answer to a condition is read."""
    if asks_only_for_any(condition):
        newest = newest_fact(condition.term, viewpoint)
        if newest is not None:
            return Reads.CATEGORY_FACTS if isinstance(newest, RowColumns) else Reads.FACTS
    return reads_of_term(condition.term, viewpoint)


def reads_of_term(term: Term, viewpoint: Viewpoint) -> Reads:
    """Where the value of a term is read."""
    amount = fact_amount(term, viewpoint)
    if amount is not None:
        return Reads.CATEGORY_FACTS if isinstance(amount, KeptRows) else Reads.FACTS
    return Reads.ROWS if isinstance(term.field.source, Rows) else Reads.MEMBER


def _is_one_seek(term: Term) -> bool:
    """The first or last row of a member stands at the end of an index range."""
    source = term.field.source
    return isinstance(source, Rows) and source.aggregate in (Aggregate.FIRST, Aggregate.LAST)


def _required(node: Node) -> list[Condition]:
    """The conditions that every member of the segment meets."""
    if isinstance(node, Condition):
        return [node]
    return [found for part in node.parts for found in _required(part)] if isinstance(node, AllOf) else []


def _narrows(condition: Condition, viewpoint: Viewpoint) -> bool:
    """Whether the condition is cheap to read and usually leaves a minority."""
    if reads_of(condition, viewpoint) is Reads.FACTS:
        return not _holds_of_nothing(condition)
    in_member_row = isinstance(condition.field.source, Value) and condition.field.source.member_id is None
    if condition.field.kind is Kind.CHOICE:
        return in_member_row and condition.op in (Op.IN, Op.EQ)
    if condition.field.kind is Kind.DAY:
        return in_member_row and condition.op in (Op.GT, Op.GE, Op.EQ, Op.BETWEEN, Op.ANNIVERSARY_BETWEEN)
    return in_member_row and condition.field.kind is Kind.MONTH_DAY


def _holds_of_nothing(condition: Condition) -> bool:
    """Whether members without any rows meet the condition, who often are the majority."""
    source = condition.field.source
    if not isinstance(source, Rows) or source.aggregate not in ZERO_WITHOUT_ROWS:
        return False
    return condition.op is not Op.TOP_PERCENT and number_holds(condition.op, 0, condition.value)
