"""Turns a definition into one SQL statement, the same on SQLite and PostgreSQL.

A node is compiled for the verdict that is wanted of it, true or false, and `not` only swaps the two.
So a comparison with a missing value, which is neither, never lets a member in.
"""

from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, not_, or_, select, true

from crm.errors import InvalidRequest
from crm.fields import ZERO_WITHOUT_ROWS, Aggregate, Kind, Op, Presence, RowColumns, Sql, Value
from crm.members.fields import ME
from crm.members.models import Member
from crm.segments.comparisons import compare, number_holds
from crm.segments.definition import AllOf, AnyOf, Condition, Definition, Node
from crm.segments.plan import Plan, Shape, plan_for
from crm.segments.projection import flag_rows, project
from crm.segments.rows import aggregated, has_no_row, has_row, members_whose, per_member, rows_of
from crm.segments.scope import SegmentScope

Predicate = ColumnElement[bool]

POSITIVE_OPS = frozenset({Op.IN, Op.EQ, Op.CONTAINS_ANY, Op.CONTAINS_ALL, Op.ANY})
"""Operators over words that hold of a member who has them; the others hold of those who do not."""

SAME_FOR_ANY_ROWS = frozenset({(Op.EQ, 0), (Op.NE, 0), (Op.GT, 0), (Op.GE, 1), (Op.LE, 0), (Op.LT, 1)})
"""Counts of which only one thing matters: is there a row."""


def select_member_ids(definition: Definition, scope: SegmentScope, shape: Shape | None = None) -> Select[int]:
    """The members of a segment: one column `member_id`, in the definition's order, at most its limit.

    `shape` overrides how the rows are looked at; it never changes who is in.
    """
    plan = plan_for(definition, scope) if shape is None else Plan(scope.viewpoint, shape)
    statement = select(Member.id.label("member_id")).where(_is_member(definition, scope, plan))
    if definition.order_by is not None:
        value = project(definition.order_by.term, plan)
        if value.join is not None:
            statement = statement.outerjoin(value.join, value.join.c.member_id == Member.id)
        by = value.expression.desc() if definition.order_by.direction == "desc" else value.expression.asc()
        statement = statement.order_by(by.nulls_last())
    return statement.order_by(Member.id).limit(definition.limit)


def member_predicate(definition: Definition, scope: SegmentScope) -> Predicate:
    """Whether a row of `Member` is in the segment, for use in a statement over `Member`."""
    if definition.limit is not None:
        chosen = select_member_ids(definition, scope).subquery()
        return Member.id.in_(select(chosen.c.member_id))
    return _is_member(definition, scope, plan_for(definition, scope))


def _is_member(definition: Definition, scope: SegmentScope, plan: Plan) -> Predicate:
    for condition in definition.conditions():
        if scope.me_id is None and isinstance(condition.value, tuple) and ME in condition.value:
            raise InvalidRequest(f"{ME} needs a person who is asking; name the person instead")
    holds = _holds(definition.root, wanted=True, plan=plan)
    return holds if scope.row_owner_id is None else and_(Member.owner_id == scope.row_owner_id, holds)


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
    if isinstance(source, Presence):
        rows, is_positive = flag_rows(source), (condition.value == (condition.op is Op.EQ)) == wanted
        return has_row(rows, plan) if is_positive else has_no_row(rows)
    if isinstance(source, Value):
        return _value_holds(condition, source, wanted=wanted, plan=plan)
    if condition.op is Op.KNOWN:
        rows = rows_of(condition.term, plan.viewpoint)
        return has_row(rows, plan) if condition.value == wanted else has_no_row(rows)
    if source.aggregate is Aggregate.SET:
        return _words_hold(condition, wanted=wanted, plan=plan)
    return _aggregate_holds(condition, source.aggregate, wanted=wanted, plan=plan)


def _value_holds(condition: Condition, source: Value, *, wanted: bool, plan: Plan) -> Predicate:
    expression = source.expression(plan.viewpoint)
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
    return has_no_row(RowColumns(source.member_id), test)


def _in_row(source: Value, test: Predicate, plan: Plan) -> Predicate:
    return test if source.member_id is None else has_row(RowColumns(source.member_id), plan, test)


def _is_one_of(source: Value, expression: Sql, words: Any, plan: Plan) -> Predicate:
    reference = source.reference
    return expression.in_(words if reference is None else reference.keys(words, plan.viewpoint))


def _asks_for(condition: Condition, *, wanted: bool) -> bool:
    """Whether the condition, with the wanted verdict, holds of members who have the words."""
    return (condition.op in POSITIVE_OPS) == wanted


def _words_hold(condition: Condition, *, wanted: bool, plan: Plan) -> Predicate:
    rows = rows_of(condition.term, plan.viewpoint)
    words, is_positive = condition.value, _asks_for(condition, wanted=wanted)
    value: Any = rows.value
    if condition.op is Op.CONTAINS_ALL and isinstance(words, tuple):
        if is_positive:
            return and_(*(has_row(rows, plan, value == word) for word in words))
        return or_(*(has_no_row(rows, value == word) for word in words))
    tests = () if words is None else (value.in_(words),)
    return has_row(rows, plan, *tests) if is_positive else has_no_row(rows, *tests)


def _aggregate_holds(condition: Condition, aggregate: Aggregate, *, wanted: bool, plan: Plan) -> Predicate:
    rows = rows_of(condition.term, plan.viewpoint)
    zero_holds = aggregate in ZERO_WITHOUT_ROWS and number_holds(condition.op, 0, condition.value) == wanted
    if aggregate is Aggregate.COUNT and (condition.op, condition.value) in SAME_FOR_ANY_ROWS:
        return has_no_row(rows) if zero_holds else has_row(rows, plan)

    def holds_of(expression: Sql, *, verdict: bool) -> Predicate:
        test = compare(condition.field, condition.op, expression, condition.value, plan.viewpoint)
        return test if verdict else not_(test)

    if plan.shape is Shape.PER_MEMBER:
        return holds_of(per_member(rows, aggregate), verdict=wanted)
    if zero_holds:
        return not_(members_whose(rows, holds_of(aggregated(rows, aggregate), verdict=not wanted)))
    return members_whose(rows, holds_of(aggregated(rows, aggregate), verdict=wanted))
