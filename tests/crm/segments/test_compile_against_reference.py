"""The SQL and the evaluator in memory agree on random definitions over random worlds."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from crm.catalog import CATALOG
from crm.database import Sessions
from crm.fields import Field
from crm.segments.compile import select_member_ids
from crm.segments.definition import Condition, Definition, Not, Ordering
from crm.segments.plan import Shape
from crm.segments.records import member_records
from crm.segments.reference import evaluate, value_of
from crm.segments.scope import SegmentScope
from tests.crm.segments.strategies import conditions_on, definitions, terms
from tests.crm.segments.worlds import World, build, random_world, worlds

CROWD_SIZE = 80
"""Members of the fixed world: enough for each edge and each missing value to meet each other."""


@dataclass(frozen=True)
class Crowd:
    session: Session
    scope: SegmentScope
    records: list[dict[str, Any]]


@pytest.fixture(scope="module")
def crowd(world_sessions: Sessions) -> Iterator[Crowd]:
    with world_sessions() as session:
        scope = build(session, random_world(Random(7), CROWD_SIZE))
        yield Crowd(session, scope, list(member_records(session, scope)))
        session.rollback()


def expected_ids(definition: Definition, records: list[dict[str, Any]], scope: SegmentScope) -> list[int]:
    """What the reference says: who, in which order, how many."""
    found = [record for record in records if evaluate(definition, record, scope)]
    order = definition.order_by
    if order is not None:
        values = {record["id"]: value_of(order.term, record, scope.viewpoint) for record in found}
        known = [record for record in found if values[record["id"]] is not None]
        # Stable in both directions: members that tie stay in the order of their ids.
        known.sort(key=lambda record: values[record["id"]], reverse=order.direction == "desc")
        found = known + [record for record in found if values[record["id"]] is None]
    return [record["id"] for record in found][: definition.limit]


def assert_sql_agrees(session: Session, definition: Definition, records: list[Any], scope: SegmentScope) -> None:
    expected = expected_ids(definition, records, scope)
    for shape in Shape:
        assert list(session.scalars(select_member_ids(definition, scope, shape))) == expected, definition.to_json()


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(world=worlds, asked=st.lists(definitions(), min_size=1, max_size=3))
def test_sql_gives_the_members_that_the_reference_gives(
    world_sessions: Sessions, world: World, asked: list[Definition]
) -> None:
    with world_sessions() as session:
        scope = build(session, world)
        records = list(member_records(session, scope))
        for definition in asked:
            assert_sql_agrees(session, definition, records, scope)
        session.rollback()


@pytest.mark.parametrize("field", CATALOG.fields, ids=lambda field: field.name)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_each_field_means_the_same_in_sql_and_in_memory(crowd: Crowd, field: Field, data: st.DataObject) -> None:
    condition: Condition = data.draw(conditions_on(field))
    for root in (condition, Not(condition)):
        assert_sql_agrees(crowd.session, Definition(root), crowd.records, crowd.scope)
    if field.can_order:
        order = Ordering(data.draw(terms(field)), data.draw(st.sampled_from(["asc", "desc"])))
        assert_sql_agrees(crowd.session, Definition(condition, order, limit=20), crowd.records, crowd.scope)
