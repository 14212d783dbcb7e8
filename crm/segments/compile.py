"""Turns a definition into one SQL statement, the same on SQLite and PostgreSQL.

A node is compiled for the verdict that is wanted of it, true or false, and `not` only swaps the two.
So a comparison with a missing value, which is neither, never lets a member in.

The statement goes through the facts of members where they answer a condition, else through the members.
"""

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, and_, false, func, not_, or_, select, true

from crm.errors import InvalidRequest
from crm.fields import ZERO_WITHOUT_ROWS, Aggregate, KeptRows, Kind, Op, Presence, RowColumns, Rows, Sql, Value
from crm.members.fields import ME
from crm.members.models import Member
from crm.segments.comparisons import compare, number_holds
from crm.segments.definition import AllOf, AnyOf, Condition, Definition, Node
from crm.segments.fact_access import (
    COPIES,
    SAME_FOR_ANY_ROWS,
    before_start,
    fact_amount,
    newest_fact,
    reads_member_row,
    since_start,
)
from crm.segments.fields import SEGMENT
from crm.segments.frozen import FrozenSegment, FrozenSegments
from crm.segments.plan import Plan, Reads, Shape, describe_plan, plan_for, visible
from crm.segments.projection import Projection, flag_rows, project
from crm.segments.rows import aggregated, has_no_row, has_row, members_whose, per_member, rows_of
from crm.segments.scope import SegmentScope, require_history
from crm.segments.top_share import in_top_share

Predicate = ColumnElement[bool]

POSITIVE_OPS = frozenset({Op.IN, Op.EQ, Op.CONTAINS_ANY, Op.CONTAINS_ALL, Op.ANY})
"""Operators over words that hold of a member who has them; the others hold of those who do not."""

PERCENT_STEPS = 10_000
"""Shares of members are whole hundredths of a percent."""


def select_member_ids(definition: Definition, scope: SegmentScope, shape: Shape | None = None) -> Select[int]:
    """The members of a segment: one column `member_id`, in the definition's order, at most its limit.

    `shape` overrides how the rows are looked at; it never changes who is in.
    """
    found = _find(definition, scope, shape)
    statement: Select[Any] = (
        select(found.plan.member_id.label("member_id")).select_from(found.source).where(found.is_member)
    )
    if definition.order_by is not None and found.order is not None:
        value = found.order.expression
        by = value.desc() if definition.order_by.direction == "desc" else value.asc()
        statement = statement.order_by(by.nulls_last())
    statement = statement.order_by(found.plan.member_id)
    if definition.limit_percent is None:
        return statement.limit(definition.limit)
    total = select(func.count()).select_from(found.source).where(found.is_member).correlate(None).scalar_subquery()
    steps = round(definition.limit_percent * PERCENT_STEPS / 100)
    return statement.limit((total * steps + PERCENT_STEPS - 1) // PERCENT_STEPS)


def select_count(definition: Definition, scope: SegmentScope) -> Select[int]:
    """How many members a segment has."""
    if definition.is_limited:
        return select(func.count()).select_from(select_member_ids(definition, scope).subquery())
    found = _find(replace(definition, order_by=None), scope, None)
    return select(func.count()).select_from(found.source).where(found.is_member)


def member_predicate(definition: Definition, scope: SegmentScope) -> Predicate:
    """Whether a row of `Member` is in the segment, for use in a statement over `Member`."""
    plan = plan_for(definition, scope)
    if definition.is_limited or _starts_at_facts(definition, scope):
        chosen = select_member_ids(definition, scope).cte()
        return Member.id.in_(select(chosen.c.member_id))
    return _is_member(definition, scope, plan)


@dataclass(frozen=True, eq=False)
class _Found:
    """The parts of a statement over the members of a segment."""

    plan: Plan
    source: FromClause
    is_member: Predicate
    order: Projection | None


def _find(definition: Definition, scope: SegmentScope, shape: Shape | None) -> _Found:
    plan = replace(plan_for(definition, scope), starts_at_facts=_starts_at_facts(definition, scope))
    if shape is not None:
        plan = replace(plan, shape=shape)
    is_member = _is_member(definition, scope, plan)
    order = None if definition.order_by is None else project(definition.order_by.term, plan)
    source: FromClause = plan.base
    if plan.starts_at_facts and reads_member_row(is_member, *([] if order is None else [order.expression])):
        source = source.join(Member, Member.id == plan.member_id)
    if order is not None and order.join is not None:
        source = source.outerjoin(order.join, order.join.c.member_id == plan.member_id)
    return _Found(plan, source, is_member, order)


def _starts_at_facts(definition: Definition, scope: SegmentScope) -> bool:
    return any(reads is Reads.FACTS for _, reads in describe_plan(definition, scope))


def _is_member(definition: Definition, scope: SegmentScope, plan: Plan) -> Predicate:
    for condition in definition.conditions():
        if scope.me_id is None and isinstance(condition.value, tuple) and ME in condition.value:
            raise InvalidRequest(f"{ME} needs a person who is asking; name the person instead")
    require_history(scope, (asked.field for asked, _ in describe_plan(definition, scope)))
    return and_(*visible(plan), _holds(definition.root, wanted=True, plan=plan))


def _holds(node: Node, *, wanted: bool, plan: Plan) -> Predicate:
    """SQL that is true exactly when the node's verdict is the wanted one."""
    if isinstance(node, Condition):
        return _condition_holds(node, wanted=wanted, plan=plan)
    if isinstance(node, AllOf | AnyOf):
        parts = [_holds(part, wanted=wanted, plan=plan) for part in node.parts]
        return and_(true(), *parts) if isinstance(node, AllOf) == wanted else or_(false(), *parts)
    return _holds(node.part, wanted=not wanted, plan=plan)


def _condition_holds(condition: Condition, *, wanted: bool, plan: Plan) -> Predicate:
    source = condition.field.source
    if condition.field.name == SEGMENT and plan.frozen is not None:
        return _segments_hold(condition, plan.frozen, wanted=wanted, plan=plan)
    if condition.op is Op.TOP_PERCENT:
        return in_top_share(condition, wanted=wanted, plan=plan)
    if isinstance(source, Presence):
        rows, is_positive = flag_rows(source), (condition.value == (condition.op is Op.EQ)) == wanted
        return has_row(rows, plan) if is_positive else has_no_row(rows, plan)
    if isinstance(source, Value):
        return _value_holds(condition, source, wanted=wanted, plan=plan)
    if source.aggregate is Aggregate.SET:
        return _words_hold(condition, wanted=wanted, plan=plan)
    if condition.op is Op.KNOWN:
        return _any_row_holds(condition, is_wanted=condition.value == wanted, plan=plan)
    return _aggregate_holds(condition, source, wanted=wanted, plan=plan)


def _segments_hold(condition: Condition, frozen: FrozenSegments, *, wanted: bool, plan: Plan) -> Predicate:
    """Saved segments that were written down: nobody is half in one, so that what is unknown there is out here."""
    is_in = or_(false(), *(_is_in(base, plan) for base in frozen.named_by(condition)))
    return is_in if _asks_for(condition, wanted=wanted) else is_in.is_not(true())


def _is_in(base: FrozenSegment, plan: Plan) -> Predicate:
    """A saved segment is of everyone's members, whoever's the definition is that builds on it."""
    if base.definition.is_limited or plan.is_within_base:
        assert plan.scope is not None  # noqa: S101 - what was written down stands in a scope
        ids = select_member_ids(base.definition, replace(plan.scope, row_owner_id=None, me_id=None)).cte()
        return plan.member_id.in_(select(ids.c.member_id))
    return _holds(base.definition.root, wanted=True, plan=replace(plan, row_owner_id=None, is_within_base=True))


def _value_holds(condition: Condition, source: Value, *, wanted: bool, plan: Plan) -> Predicate:
    expression = source.expression(plan.viewpoint)
    if plan.starts_at_facts:
        expression = source.kept if source.kept is not None else COPIES.get(expression, expression)
    if condition.field.kind is not Kind.CHOICE and condition.op is not Op.KNOWN:
        test = compare(condition.field, condition.op, expression, condition.value, plan.viewpoint)
        return _in_row(source, test if wanted else not_(test), plan)
    if condition.op is Op.KNOWN:
        test, is_positive = expression.is_not(None), condition.value == wanted
    else:
        test, is_positive = _is_one_of(source, expression, condition.value, plan), _asks_for(condition, wanted=wanted)
    if is_positive:
        return _in_row(source, test, plan)
    if source.member_id is None:
        return or_(expression.is_(None), not_(test))
    return has_no_row(RowColumns(source.member_id), plan, test)


def _in_row(source: Value, test: Predicate, plan: Plan) -> Predicate:
    return test if source.member_id is None else has_row(RowColumns(source.member_id), plan, test)


def _is_one_of(source: Value, expression: Sql, words: Any, plan: Plan) -> Predicate:
    reference = source.reference
    return expression.in_(words if reference is None else reference.keys(words, plan.viewpoint))


def _asks_for(condition: Condition, *, wanted: bool) -> bool:
    """Whether the condition, with the wanted verdict, holds of members who have the words."""
    return (condition.op in POSITIVE_OPS) == wanted


def _words_hold(condition: Condition, *, wanted: bool, plan: Plan) -> Predicate:
    rows = _kept_rows(condition, plan) or rows_of(condition.term, plan.viewpoint)
    words, is_positive = condition.value, _asks_for(condition, wanted=wanted)
    value: Any = rows.value
    if condition.op is Op.CONTAINS_ALL and isinstance(words, tuple):
        if is_positive:
            return and_(*(has_row(rows, plan, value == word) for word in words))
        return or_(*(has_no_row(rows, plan, value == word) for word in words))
    tests = () if words is None else (value.in_(words),)
    return has_row(rows, plan, *tests) if is_positive else has_no_row(rows, plan, *tests)


def _kept_rows(condition: Condition, plan: Plan) -> RowColumns | None:
    """The few rows in which facts hold what the condition asks for any of."""
    kept = newest_fact(condition.term, plan.viewpoint)
    if not isinstance(kept, RowColumns) or kept.at is None:
        return None
    return replace(kept, conditions=(*kept.conditions, since_start(condition.term, kept.at, plan.viewpoint)))


def _any_row_holds(condition: Condition, *, is_wanted: bool, plan: Plan) -> Predicate:
    """Whether the member has any of the rows that the condition looks at, or none."""
    term, newest = condition.term, newest_fact(condition.term, plan.viewpoint)
    if newest is not None and not isinstance(newest, RowColumns) and plan.starts_at_facts:
        choose = since_start if is_wanted else before_start
        return choose(term, newest, plan.viewpoint)
    rows = _kept_rows(condition, plan) or rows_of(term, plan.viewpoint)
    return has_row(rows, plan) if is_wanted else has_no_row(rows, plan)


def _only_value(rows: RowColumns) -> Sql:
    """What a single row comes to: its value, or its moment."""
    value = rows.at if rows.value is None else rows.value
    assert value is not None  # noqa: S101 - kept rows have one of the two
    return value


def _aggregate_holds(condition: Condition, source: Rows, *, wanted: bool, plan: Plan) -> Predicate:
    aggregate = source.aggregate
    zero_holds = aggregate in ZERO_WITHOUT_ROWS and number_holds(condition.op, 0, condition.value) == wanted
    if aggregate is Aggregate.COUNT and (condition.op, condition.value) in SAME_FOR_ANY_ROWS:
        return _any_row_holds(condition, is_wanted=not zero_holds, plan=plan)

    def holds_of(expression: Sql, *, verdict: bool) -> Predicate:
        test = compare(condition.field, condition.op, expression, condition.value, plan.viewpoint)
        return test if verdict else not_(test)

    kept = fact_amount(condition.term, plan.viewpoint)
    if kept is not None and not isinstance(kept, KeptRows):
        return holds_of(kept, verdict=wanted)
    rows = rows_of(condition.term, plan.viewpoint)
    if kept is not None:
        rows, aggregate = kept.columns, kept.aggregate
    if kept is not None and kept.is_single:
        test = holds_of(_only_value(rows), verdict=wanted != zero_holds)
        return has_no_row(rows, plan, test) if zero_holds else has_row(rows, plan, test)
    if plan.shape is Shape.PER_MEMBER:
        return holds_of(per_member(rows, aggregate, plan), verdict=wanted)
    if zero_holds:
        return not_(members_whose(rows, plan, holds_of(aggregated(rows, aggregate), verdict=not wanted)))
    return members_whose(rows, plan, holds_of(aggregated(rows, aggregate), verdict=wanted))
