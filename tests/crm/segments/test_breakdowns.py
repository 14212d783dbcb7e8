"""Group tables agree with those worked out by hand from records, on both databases, with facts and without."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product
from statistics import fmean, median
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.catalog import CATALOG
from crm.database import Sessions
from crm.fields import Kind, Record
from crm.segments.breakdown import Metric, MetricFn, compute_breakdown
from crm.segments.definition import Definition
from crm.segments.records import member_records
from crm.segments.reference import value_of
from crm.segments.scope import SegmentScope
from tests.conftest import examples
from tests.crm.segments.agreement import expected_ids
from tests.crm.segments.drawing import World
from tests.crm.segments.strategies import definitions, terms
from tests.crm.segments.worlds import build_settled, worlds

GROUPING = [field.name for field in CATALOG.fields if field.can_group]
NUMBERS = [field for field in CATALOG.fields if field.kind is Kind.NUMBER]
Key = tuple[Any, ...]


@st.composite
def metrics(draw: st.DrawFn) -> Metric:
    fn = draw(st.sampled_from(MetricFn))
    needs_field = fn in (MetricFn.SUM, MetricFn.AVG, MetricFn.MEDIAN)
    has_field = needs_field or (fn is MetricFn.SHARE and draw(st.booleans()))
    return Metric(fn, draw(st.sampled_from(NUMBERS).flatmap(terms)) if has_field else None)


@pytest.mark.deep
@settings(max_examples=examples(150), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    world=worlds,
    definition=definitions(),
    keys=st.lists(st.sampled_from(GROUPING), min_size=1, max_size=2, unique=True),
    metric=metrics(),
    limit=st.none() | st.integers(1, 3),
)
def test_a_breakdown_is_the_table_worked_out_by_hand(
    both_databases: Mapping[str, Sessions],
    world: World,
    definition: Definition,
    keys: list[str],
    metric: Metric,
    limit: int | None,
) -> None:
    for sessions in both_databases.values():
        with sessions() as session:
            scope = build_settled(session, world)
            records = {record["id"]: record for record in member_records(session, scope)}
            found = [records[member_id] for member_id in expected_ids(definition, list(records.values()), scope)]
            expected = table_of(found, keys, metric, scope)
            for has_facts in (False, True):
                asked = replace(scope, has_facts=has_facts)
                whole = compute_breakdown(session, definition, asked, tuple(keys), metric)
                assert whole.total == len(found)
                assert {group.key: (group.count, group.value) for group in whole.groups} == expected
                assert whole.groups == tuple(sorted(whole.groups, key=by_size))
                first = compute_breakdown(session, definition, asked, tuple(keys), metric, limit)
                assert first.groups == whole.groups[:limit]
            session.rollback()


def by_size(group: Any) -> tuple[bool, float, int]:
    """Groups without a value last; else the largest value first, then the most members."""
    return group.value is None, -(group.value or 0), -group.count


def table_of(
    found: Sequence[Record], keys: Sequence[str], metric: Metric, scope: SegmentScope
) -> dict[Key, tuple[int, Any]]:
    """Members and value of each group; a member with several words stands in the group of each."""
    groups: dict[Key, list[Record]] = {}
    for record in found:
        for key in product(*(words_of(record, name) for name in keys)):
            groups.setdefault(key, []).append(record)
    return {key: (len(rows), value_for(rows, found, metric, scope)) for key, rows in groups.items()}


def words_of(record: Record, name: str) -> list[Any]:
    """The groups of one field that a record stands in; None when it has no value."""
    if CATALOG.field(name).kind not in (Kind.SET, Kind.MEMBERSHIP):
        return [record[name]]
    return sorted(set(record[name])) or [None]


def value_for(rows: Sequence[Record], everyone: Sequence[Record], metric: Metric, scope: SegmentScope) -> Any:
    if metric.term is None:
        return pytest.approx(len(rows) / len(everyone)) if metric.fn is MetricFn.SHARE else len(rows)
    known = known_values(rows, metric, scope)
    match metric.fn:
        case MetricFn.SUM:
            value: float | None = sum(known)
        case MetricFn.AVG:
            value = fmean(known) if known else None
        case MetricFn.MEDIAN:
            value = median(known) if known else None
        case _:
            whole = sum(known_values(everyone, metric, scope))
            value = sum(known) / whole if whole else None
    return None if value is None else pytest.approx(value)


def known_values(rows: Sequence[Record], metric: Metric, scope: SegmentScope) -> list[float]:
    assert metric.term is not None
    values = [value_of(metric.term, record, scope.viewpoint) for record in rows]
    return [value for value in values if value is not None]
