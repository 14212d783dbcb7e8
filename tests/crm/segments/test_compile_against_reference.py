"""The SQL and the evaluator in memory agree on random definitions over random worlds."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.database import Sessions, open_engine, open_sessions
from crm.segments.compile import select_member_ids
from crm.segments.definition import Definition
from crm.segments.plan import Shape
from crm.segments.records import member_records
from crm.segments.reference import evaluate, value_of
from tests.crm.segments.strategies import definitions
from tests.crm.segments.worlds import World, build, worlds


@pytest.fixture(scope="module")
def world_sessions(empty_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sessions]:
    path = tmp_path_factory.mktemp("worlds") / "nurture.sqlite"
    shutil.copy(empty_database, path)
    engine = open_engine(f"sqlite:///{path}")
    yield open_sessions(engine)
    engine.dispose()


def expected_ids(definition: Definition, records: list[dict[str, Any]], scope: Any) -> list[int]:
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


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(world=worlds, asked=st.lists(definitions(), min_size=1, max_size=3))
def test_sql_gives_the_members_that_the_reference_gives(
    world_sessions: Sessions, world: World, asked: list[Definition]
) -> None:
    with world_sessions() as session:
        scope = build(session, world)
        records = list(member_records(session, scope))
        for definition in asked:
            expected = expected_ids(definition, records, scope)
            for shape in Shape:
                found = session.scalars(select_member_ids(definition, scope, shape)).all()
                assert list(found) == expected, definition.to_json()
        session.rollback()
