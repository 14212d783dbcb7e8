"""Two definitions that differ in one place read differently, in English and in Chinese, unless they mean the same."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.catalog import CATALOG
from crm.errors import InvalidRequest
from crm.fields import Kind, Op
from crm.segments.definition import AllOf, AnyOf, Condition, Definition, Node, Not, Term
from crm.segments.describe import describe
from crm.segments.phrases import PHRASES
from crm.segments.scope import SegmentScope
from tests.conftest import examples
from tests.crm.segments.drawing import TODAY, ZONES
from tests.crm.segments.strategies import PERCENTS, conditions_on, definitions, orderings, terms, values

SCOPE = SegmentScope(CATALOG, TODAY, ZONES[0], me_id=1)
Draw = st.DrawFn


def another_op(draw: Draw, condition: Condition) -> Node:
    """The same value compared otherwise, where the other comparison takes it."""
    op = draw(st.sampled_from([op for op in condition.field.ops if op is not condition.op] or [condition.op]))
    try:
        return Condition(condition.term, op, condition.value)
    except InvalidRequest:
        return Condition(condition.term, op, draw(values(condition.field, op)))


def another_value(draw: Draw, condition: Condition) -> Node:
    return replace(condition, value=draw(values(condition.field, condition.op)))


def other_rows(draw: Draw, condition: Condition) -> Node:
    """Another window, other qualifiers, or both."""
    return replace(condition, term=draw(terms(condition.field)))


def another_field(draw: Draw, condition: Condition) -> Node:
    """The same comparison of another field, where that makes sense."""
    field = draw(st.sampled_from([field for field in CATALOG.fields if field.kind is condition.field.kind]))
    try:
        return Condition(Term(field, condition.term.window, condition.term.qualifiers), condition.op, condition.value)
    except InvalidRequest:
        return draw(conditions_on(field))


def negated(_draw: Draw, node: Node) -> Node:
    return node.part if isinstance(node, Not) else Not(node)


def all_or_any(_draw: Draw, node: Node) -> Node:
    if isinstance(node, AllOf) and node.parts:
        return AnyOf(node.parts)
    return AllOf(node.parts) if isinstance(node, AnyOf) else node


def one_part_less(draw: Draw, node: Node) -> Node:
    if not isinstance(node, AllOf | AnyOf) or len(node.parts) < 2:
        return node
    left_out = draw(st.integers(0, len(node.parts) - 1))
    return replace(node, parts=tuple(part for index, part in enumerate(node.parts) if index != left_out))


def parts_in_a_group(_draw: Draw, node: Node) -> Node:
    """The last two parts become a group of the other kind."""
    if not isinstance(node, AllOf | AnyOf) or len(node.parts) < 3:
        return node
    group = AnyOf(node.parts[-2:]) if isinstance(node, AllOf) else AllOf(node.parts[-2:])
    return replace(node, parts=(*node.parts[:-2], group))


OF_CONDITIONS: list[Callable[[Draw, Condition], Node]] = [another_op, another_value, other_rows, another_field]
OF_NODES: list[Callable[[Draw, Node], Node]] = [negated, all_or_any, one_part_less, parts_in_a_group]


@st.composite
def pairs(draw: Draw) -> tuple[Definition, Definition]:
    """A definition and the same with one thing changed."""
    one = draw(definitions())
    if draw(st.integers(0, 3)) == 0:
        return one, _arranged_otherwise(draw, one)
    place = draw(st.sampled_from(list(_places(one.root))))
    node = _at(one.root, place)
    changes: list[Any] = [*OF_NODES, *(OF_CONDITIONS if isinstance(node, Condition) else [])]
    changed = draw(st.sampled_from(changes))(draw, node)
    return one, replace(one, root=_with(one.root, place, changed))


def _arranged_otherwise(draw: Draw, one: Definition) -> Definition:
    match draw(st.sampled_from(["direction", "order", "limit", "percent"])):
        case "direction" if one.order_by is not None:
            turned = "asc" if one.order_by.direction == "desc" else "desc"
            return replace(one, order_by=replace(one.order_by, direction=turned))
        case "limit":
            return replace(one, limit=draw(st.none() | st.integers(1, 2_000)), limit_percent=None)
        case "percent" if one.order_by is not None:
            return replace(one, limit=None, limit_percent=draw(st.sampled_from(PERCENTS)))
        case _:
            return replace(one, order_by=draw(orderings()))


Place = tuple[int, ...]


def _places(node: Node, place: Place = ()) -> Iterator[Place]:
    yield place
    for index, part in enumerate(_parts(node)):
        yield from _places(part, (*place, index))


def _parts(node: Node) -> tuple[Node, ...]:
    if isinstance(node, Condition):
        return ()
    return (node.part,) if isinstance(node, Not) else node.parts


def _at(node: Node, place: Place) -> Node:
    return _at(_parts(node)[place[0]], place[1:]) if place else node


def _with(node: Node, place: Place, changed: Node) -> Node:
    if not place:
        return changed
    if isinstance(node, Not):
        return Not(_with(node.part, place[1:], changed))
    assert isinstance(node, AllOf | AnyOf)
    parts = list(node.parts)
    parts[place[0]] = _with(parts[place[0]], place[1:], changed)
    return replace(node, parts=tuple(parts))


def meaning(node: Node) -> Any:
    """A node without differences of mere writing: `=` as a list of one, groups of one, flags, the order of words."""
    if isinstance(node, Condition):
        op, value = node.op, node.value
        if node.field.kind is Kind.CHOICE:
            op = {Op.EQ: Op.IN, Op.NE: Op.NOT_IN}.get(op, op)
        if node.field.kind is Kind.FLAG:
            op, value = Op.EQ, value == (op is Op.EQ)
        return node.term, op, value
    if isinstance(node, Not):
        return "not", meaning(node.part)
    parts = [meaning(part) for part in node.parts]
    return parts[0] if len(parts) == 1 else ("all" if isinstance(node, AllOf) else "any", *parts)


def whole_meaning(definition: Definition) -> Any:
    return meaning(definition.root), definition.order_by, definition.limit, definition.limit_percent


@pytest.mark.deep
@settings(max_examples=examples(1_000), deadline=None, suppress_health_check=list(HealthCheck))
@given(pairs())
def test_definitions_that_differ_in_one_place_read_differently(pair: tuple[Definition, Definition]) -> None:
    one, two = pair
    if whole_meaning(one) != whole_meaning(two):
        for language in PHRASES:
            assert describe(one, SCOPE, language=language) != describe(two, SCOPE, language=language)
