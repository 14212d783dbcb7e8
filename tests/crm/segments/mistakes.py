"""Mistakes that compilers of segments make, each as a small wrong compiler, for `test_planted_mistakes`.

None of them changes our code: a wrong compiler asks the right one for something else, or changes its statement.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, cast

from hypothesis import strategies as st
from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    String,
    and_,
    false,
    func,
    literal,
    not_,
    null,
    or_,
    select,
    true,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.sql import operators, visitors

from crm.catalog import CATALOG
from crm.database import UtcDateTime
from crm.fields import ZERO_WITHOUT_ROWS, Aggregate, Kind, Op, Rows, Unit
from crm.members.models import Member
from crm.segments.compile import member_predicate, select_member_ids
from crm.segments.definition import EVERYONE, AllOf, AnyOf, Condition, Definition, Node, Not, Term
from crm.segments.plan import plan_for
from crm.segments.projection import project
from crm.segments.scope import SegmentScope
from tests.crm.segments.strategies import conditions_on, definitions, nodes

Statement = Select[int]
Compiled = Callable[[Definition, SegmentScope], Statement]
Change = Callable[[Condition], Node]


@dataclass(frozen=True)
class Mistake:
    """A wrong compiler, and the definitions among which the suite would meet it."""

    name: str
    compiled: Compiled
    asked: st.SearchStrategy[Definition] = field(default_factory=definitions)
    scope: Mapping[str, Any] = field(default_factory=dict)
    """What is different about who asks, and when."""


def on_fields(*names: str) -> st.SearchStrategy[Definition]:
    """Single conditions, and their opposites: what the suite asks of each field."""
    single = st.sampled_from(names or CATALOG.names).map(CATALOG.field).flatmap(conditions_on)
    return st.one_of(single, single.map(Not)).map(Definition)


def unordered() -> st.SearchStrategy[Definition]:
    return nodes().map(Definition)


def asked_differently(change: Change) -> Compiled:
    """The right statement of another question: each condition changed."""

    def compiled(definition: Definition, scope: SegmentScope) -> Statement:
        return select_member_ids(replace(definition, root=_mapped(definition.root, change)), scope)

    return compiled


def _mapped(node: Node, change: Change) -> Node:
    if isinstance(node, Condition):
        return change(node)
    if isinstance(node, Not):
        return Not(_mapped(node.part, change))
    return replace(node, parts=tuple(_mapped(part, change) for part in node.parts))


def with_wrong_field(name: str, wrong: Any) -> Mistake:
    """One field reads something else in SQL; in memory it keeps its meaning."""
    wrong_field = replace(CATALOG.field(name), source=wrong)

    def change(condition: Condition) -> Node:
        is_meant = condition.field.name == name
        return replace(condition, term=replace(condition.term, field=wrong_field)) if is_meant else condition

    return Mistake(f"{name} read wrongly", asked_differently(change), on_fields(name))


def with_changed_sql(change: Callable[[Any], Any]) -> Compiled:
    """The right statement with some of its expressions replaced."""

    def compiled(definition: Definition, scope: SegmentScope) -> Statement:
        statement = select_member_ids(definition, scope)
        return cast(Statement, visitors.replacement_traverse(statement, {}, lambda element, **_: change(element)))

    return compiled


def _is_comparison(element: Any, *wanted: Any) -> bool:
    return element.__visit_name__ == "binary" and element.operator in wanted


def _compares_moment(element: Any, operator: Any) -> bool:
    if not _is_comparison(element, operator) or not isinstance(element.right, BindParameter):
        return False
    return isinstance(element.left.type, UtcDateTime)


def moved(operator: Any, by: timedelta) -> Callable[[Any], Any]:
    """Windows that begin or end earlier or later."""

    def change(element: Any) -> Any:
        if not _compares_moment(element, operator):
            return None
        return operator(element.left, literal(element.right.value + by, UtcDateTime()))

    return change


def compared_by(operator: Any, instead: Callable[[Any, Any], Any]) -> Callable[[Any], Any]:
    def change(element: Any) -> Any:
        return instead(element.left, element.right) if _compares_moment(element, operator) else None

    return change


def words_by_like(element: Any) -> Any:
    if not _is_comparison(element, operators.in_op, operators.not_in_op, operators.eq):
        return None
    words = getattr(element.right, "value", None)
    words = [words] if isinstance(words, str) else words
    if not words or not all(type(word) is str for word in words):
        return None
    like = or_(*(sql_cast(element.left, String).like(literal(word, String)) for word in words))
    return not_(like) if element.operator is operators.not_in_op else like


def null_among_the_words(element: Any) -> Any:
    return and_(element, null()) if _is_comparison(element, operators.not_in_op) else None


def missing_words_fall_out(element: Any) -> Any:
    return false() if _is_comparison(element, operators.is_) else None


def every_row_counts(element: Any) -> Any:
    is_distinct = element.__visit_name__ == "unary" and element.operator is operators.distinct_op
    return element.element if is_distinct else None


def two_valued_not(definition: Definition, scope: SegmentScope) -> Statement:
    """Unknown is taken for false, and its opposite for true."""

    def holds(node: Node) -> ColumnElement[bool]:
        if isinstance(node, Condition):
            return func.coalesce(member_predicate(Definition(node), scope), false())
        if isinstance(node, Not):
            return not_(holds(node.part))
        parts = [holds(part) for part in node.parts]
        return and_(true(), *parts) if isinstance(node, AllOf) else or_(false(), *parts)

    is_visible = member_predicate(EVERYONE, scope)
    return select(Member.id).where(is_visible, holds(definition.root)).order_by(Member.id)


def negation_not_turned(definition: Definition, scope: SegmentScope) -> Statement:
    def spread(node: Node) -> Node:
        if isinstance(node, Condition):
            return node
        if isinstance(node, Not):
            inner = spread(node.part)
            is_group = isinstance(inner, AllOf | AnyOf) and len(inner.parts) > 1
            return replace(inner, parts=tuple(map(Not, inner.parts))) if is_group else Not(inner)  # type: ignore[union-attr,type-var]
        return replace(node, parts=tuple(map(spread, node.parts)))

    return select_member_ids(Definition(spread(definition.root)), scope)


def any_as_all(definition: Definition, scope: SegmentScope) -> Statement:
    def strict(node: Node) -> Node:
        if isinstance(node, Condition):
            return node
        return Not(strict(node.part)) if isinstance(node, Not) else AllOf(tuple(map(strict, node.parts)))

    return select_member_ids(Definition(strict(definition.root)), scope)


def in_scope(**changes: Any) -> Compiled:
    return lambda definition, scope: select_member_ids(definition, replace(scope, **changes))


def without(part: str, nothing: Any) -> Change:
    return lambda condition: replace(condition, term=replace(condition.term, **{part: nothing}))


def cents_of_cents(condition: Condition) -> Node:
    value: Any = condition.value
    if condition.field.unit is not Unit.MONEY or condition.op in (Op.KNOWN, Op.TOP_PERCENT):
        return condition
    scaled = tuple(end * 100 for end in value) if isinstance(value, tuple) else value * 100
    return Condition(condition.term, condition.op, scaled)


def ends_left_out(condition: Condition) -> Node:
    value: Any = condition.value
    if condition.op is not Op.BETWEEN:
        return condition
    return AllOf((Condition(condition.term, Op.GT, value[0]), Condition(condition.term, Op.LT, value[1])))


def only_with_rows(condition: Condition) -> Node:
    source = condition.field.source
    if not isinstance(source, Rows) or source.aggregate is not Aggregate.COUNT:
        return condition
    return AllOf((condition, Condition(condition.term, Op.GE, 1)))


def any_for_all(condition: Condition) -> Node:
    return replace(condition, op=Op.CONTAINS_ANY) if condition.op is Op.CONTAINS_ALL else condition


def year_without_its_end(condition: Condition) -> Node:
    value: Any = condition.value
    wraps = condition.op in (Op.MONTH_DAY_BETWEEN, Op.ANNIVERSARY_BETWEEN) and value[0] > value[1]
    return Not(AllOf()) if wraps else condition


def ordered(
    *,
    nulls_last: bool = True,
    ties: Callable[[Any], Any] = lambda key: key.asc(),
    turned: bool = False,
    cut_first: bool = False,
    more: int = 0,
) -> Compiled:
    """A list in a wrong order, or cut at a wrong place."""

    def compiled(definition: Definition, scope: SegmentScope) -> Statement:
        order = definition.order_by
        is_member = member_predicate(Definition(definition.root), scope)
        limit = None if definition.limit is None else definition.limit + more
        if cut_first:
            first = select(Member.id).where(is_member).order_by(Member.id).limit(limit).subquery()
            is_member = Member.id.in_(select(first.c.id))
        statement = select(Member.id).where(is_member)
        if order is not None:
            value = project(order.term, plan_for(definition, scope))
            if value.join is not None:
                statement = statement.outerjoin(value.join, value.join.c.member_id == Member.id)
            by = value.expression.desc() if (order.direction == "desc") != turned else value.expression.asc()
            statement = statement.order_by(by.nulls_last() if nulls_last else by.nulls_first())
        return statement.order_by(ties(Member.id)).limit(limit)

    return compiled


def lists() -> st.SearchStrategy[Definition]:
    return definitions().filter(lambda asked: asked.limit_percent is None)


def top_share(*, rounded_up: bool = True, with_ties: bool = True, of_everybody: bool = False) -> Compiled:
    """A top share whose places are counted otherwise; for definitions of that one condition."""

    def compiled(definition: Definition, scope: SegmentScope) -> Statement:
        condition = cast(Condition, definition.root)
        is_visible = member_predicate(EVERYONE, scope)
        value = project(condition.term, plan_for(definition, scope))
        by = [value.expression.desc().nulls_last(), *([] if with_ties else [Member.id])]
        place = (func.rank() if with_ties else func.row_number()).over(order_by=by)
        ranked = select(Member.id, value.expression.label("value"), place.label("place"))
        if value.join is not None:
            ranked = ranked.outerjoin(value.join, value.join.c.member_id == Member.id)
        table = (ranked if of_everybody else ranked.where(is_visible)).subquery()
        known = select(func.count(table.c.value)).scalar_subquery()
        places = known * round(cast(float, condition.value) * 100) + (9_999 if rounded_up else 0)
        source = condition.field.source
        has_zero = isinstance(source, Rows) and source.aggregate in ZERO_WITHOUT_ROWS
        counts = table.c.value > 0 if has_zero else table.c.value.is_not(None)
        leads = select(table.c.id).where(table.c.place * 10_000 <= places, counts)
        return select(Member.id).where(is_visible, Member.id.in_(leads)).order_by(Member.id)

    return compiled


def top_shares() -> st.SearchStrategy[Definition]:
    number_fields = [known for known in CATALOG.fields if known.kind is Kind.NUMBER]
    shares = st.sampled_from([1, 5, 12.5, 33.33, 50])
    return st.builds(
        lambda known, share: Definition(Condition(Term(known), Op.TOP_PERCENT, share)),
        st.sampled_from(number_fields),
        shares,
    )
