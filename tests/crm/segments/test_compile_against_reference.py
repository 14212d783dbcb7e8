"""SQLite, PostgreSQL and the evaluator in memory agree on random definitions over random worlds."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.catalog import CATALOG
from crm.database import Sessions
from crm.errors import InvalidRequest
from crm.fields import Field
from crm.members.models import Member
from crm.segments.compile import member_predicate, select_count, select_member_ids
from crm.segments.definition import Condition, Definition, Not, Ordering
from crm.segments.records import member_records
from crm.segments.scope import SegmentScope
from tests.conftest import examples
from tests.crm.segments.agreement import disagreement, every_statement, expected_ids, without_order
from tests.crm.segments.conftest import Crowd
from tests.crm.segments.drawing import DAYS_AGO, TODAY, ZONES, World
from tests.crm.segments.strategies import conditions_on, definitions, terms
from tests.crm.segments.worlds import build, build_settled, scope_of, worlds

HISTORIC = tuple(field for field in CATALOG.fields if field.keeps_history)
PRESENT_ONLY = tuple(field for field in CATALOG.fields if not field.keeps_history)
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]


def assert_agreement(session: Session, definition: Definition, records: list[Any], scope: SegmentScope) -> None:
    assert disagreement(session, definition, records, scope) is None
    expected = expected_ids(definition, records, scope)
    assert session.scalar(select_count(definition, scope)) == len(expected)
    members = select(Member.id).where(member_predicate(definition, scope))
    assert sorted(session.scalars(members)) == sorted(expected)


@pytest.mark.deep
@settings(max_examples=examples(200), deadline=None, suppress_health_check=SLOW)
@given(world=worlds, is_settled=st.booleans(), asked=st.lists(definitions(), min_size=1, max_size=3))
def test_sql_gives_the_members_that_the_reference_gives(
    both_databases: Mapping[str, Sessions], world: World, is_settled: bool, asked: list[Definition]
) -> None:
    """A settled world has facts, and nothing that lies in the future; the same ids with them and without."""
    seen = []
    for sessions in both_databases.values():
        with sessions() as session:
            scope = (build_settled if is_settled else build)(session, world)
            assert scope.has_facts == is_settled
            records = list(member_records(session, scope))
            for definition in asked:
                assert_agreement(session, definition, records, scope)
            session.rollback()
        seen.append(without_order(records))
    assert seen[0] == seen[1]


@pytest.mark.deep
@settings(max_examples=examples(100), deadline=None, suppress_health_check=SLOW)
@given(
    world=worlds,
    days_ago=st.sampled_from([days for days in DAYS_AGO if days > 0]),
    asked=st.lists(definitions(HISTORIC), min_size=1, max_size=3),
)
def test_as_of_a_past_day_are_the_members_of_a_world_in_which_nothing_later_happened(
    both_databases: Mapping[str, Sessions], world: World, days_ago: int, asked: list[Definition]
) -> None:
    day = TODAY - timedelta(days=days_ago)
    for sessions in both_databases.values():
        with sessions() as session:
            build(session, world, until=day)
            on_the_day = scope_of(world, day)
            then = list(member_records(session, on_the_day))
            session.rollback()
            build(session, world)
            later = replace(on_the_day, as_of=True)
            now = list(member_records(session, scope_of(world, TODAY)))
            for definition in asked:
                expected = expected_ids(definition, then, on_the_day)
                assert expected_ids(definition, now, later) == expected
                for statement in every_statement(definition, later):
                    assert list(session.scalars(statement)) == expected, definition.to_json()
            session.rollback()


@settings(max_examples=examples(100), deadline=None)
@given(condition=st.sampled_from(PRESENT_ONLY).flatmap(conditions_on))
def test_a_field_without_history_is_refused_as_of_a_past_day(condition: Condition) -> None:
    scope = SegmentScope(CATALOG, TODAY, ZONES[0], me_id=1, as_of=True)
    with pytest.raises(InvalidRequest, match=f"{condition.field.name}: only today's value is kept"):
        select_member_ids(Definition(Not(condition)), scope)


@pytest.mark.deep
@pytest.mark.parametrize("field", CATALOG.fields, ids=lambda field: field.name)
@settings(max_examples=examples(15, share=0.05), deadline=None)
@given(data=st.data())
def test_each_field_means_the_same_in_sql_and_in_memory(crowd: Crowd, field: Field, data: st.DataObject) -> None:
    condition: Condition = data.draw(conditions_on(field))
    for root in (condition, Not(condition)):
        assert_agreement(crowd.session, Definition(root), crowd.records, crowd.scope)
    if field.can_order:
        order = Ordering(data.draw(terms(field)), data.draw(st.sampled_from(["asc", "desc"])))
        assert_agreement(crowd.session, Definition(condition, order, limit=20), crowd.records, crowd.scope)
