"""Count, list, sample, split and explain."""

from datetime import UTC, date, datetime
from random import Random
from statistics import mean, median
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.catalog import CATALOG
from crm.errors import InvalidRequest
from crm.lifecycle.models import MemberScore
from crm.members.models import Member
from crm.segments import service
from crm.segments.compile import member_predicate
from crm.segments.definition import EVERYONE, Definition, parse_definition
from crm.segments.records import member_records
from crm.segments.reference import evaluate, value_of
from crm.segments.scope import SegmentScope
from tests.builders import make_account, make_member, make_order
from tests.crm.segments.worlds import build, random_world

SCOPE = SegmentScope(CATALOG, date(2026, 6, 1), ZoneInfo("Asia/Shanghai"))
LATELY = datetime(2026, 5, 20, tzinfo=UTC)


def parse(data: dict[str, Any]) -> Definition:
    return parse_definition(data, CATALOG)


def test_count_and_ids_honour_order_and_limit(session: Session) -> None:
    members = [make_member(session) for _ in range(4)]
    for index, member in enumerate(members):
        make_order(session, member, ordered_at=LATELY, amount_cents=1000 * (index + 1))
    best = parse({"order_by": {"field": "orders.spend", "window_days": 30}, "limit": 3})
    assert service.count(session, best, SCOPE) == 3
    assert service.member_ids(session, best, SCOPE) == [member.id for member in reversed(members[1:])]
    chosen = session.scalars(select(Member.id).where(member_predicate(best, SCOPE))).all()
    assert sorted(chosen) == [member.id for member in members[1:]]


def test_a_sample_shows_the_first_members_with_the_value_they_are_ordered_by(session: Session) -> None:
    poor, rich = make_member(session), make_member(session, name_local="李雷")
    session.add_all(MemberScore(member_id=m.id, clv_cents=cents) for m, cents in ((poor, 100), (rich, 12_345)))
    rows = service.sample(session, parse({"order_by": {"field": "clv"}}), SCOPE, limit=1)
    assert [(row.id, row.name_local, row.order_value) for row in rows] == [(rich.id, "李雷", 123.45)]
    assert [row.id for row in service.sample(session, EVERYONE, SCOPE)] == [poor.id, rich.id]


METRICS: list[dict[str, Any]] = [
    {"fn": "count"},
    {"fn": "share"},
    {"fn": "avg", "field": "points_balance"},
    {"fn": "sum", "field": "orders.spend", "window_days": 90},
    {"fn": "median", "field": "clv"},
    {"fn": "median", "field": "orders.count"},
    {"fn": "share", "field": "orders.spend"},
]


@pytest.mark.parametrize("keys", [("tier",), ("city",), ("csm",), ("consent.sms",), ("tags",), ("tier", "gender")])
def test_a_breakdown_equals_the_one_worked_out_in_memory(session: Session, keys: tuple[str, ...]) -> None:
    scope = build(session, random_world(Random(str(keys)), 40))
    definition = parse({"not": {"field": "tier", "op": "in", "value": ["silver"]}})
    records = [record for record in member_records(session, scope) if evaluate(definition, record, scope)]
    groups: dict[tuple[Any, ...], list[Any]] = {}
    for record in records:
        for key in _keys(record, keys):
            groups.setdefault(key, []).append(record)
    for metric in (service.parse_metric(data, CATALOG) for data in METRICS):
        found = service.break_down(session, definition, scope, keys, metric)
        assert {group.key: group.count for group in found.groups} == {key: len(rows) for key, rows in groups.items()}
        assert found.total == len(records)
        for group in found.groups:
            expected = _metric(groups[group.key], records, metric, scope)
            assert group.value == (None if expected is None else pytest.approx(expected))
        known = [group.value for group in found.groups if group.value is not None]
        assert known == sorted(known, reverse=True)


def _keys(record: dict[str, Any], names: tuple[str, ...]) -> list[tuple[Any, ...]]:
    if names == ("tags",):
        return [(tag,) for tag in record["tags"]] or [(None,)]
    return [tuple(record[name] for name in names)]


def _metric(group: list[Any], everyone: list[Any], metric: service.Metric, scope: SegmentScope) -> float | None:
    if metric.term is None:
        return len(group) / len(everyone) if metric.fn == "share" else len(group)

    def values(records: list[Any]) -> list[Any]:
        found = [value_of(metric.term, record, scope.viewpoint) for record in records]  # type: ignore[arg-type]
        return [value for value in found if value is not None]

    match metric.fn:
        case "sum":
            return float(sum(values(group)))
        case "share":
            whole = sum(values(everyone))
            return sum(values(group)) / whole if whole else None
        case "avg":
            return float(mean(values(group))) if values(group) else None
        case _:
            return float(median(values(group))) if values(group) else None


def test_a_breakdown_keeps_the_largest_groups(session: Session) -> None:
    for city in ["Beijing", "Beijing", "Shanghai", None]:
        make_member(session, city=city)
    found = service.break_down(session, EVERYONE, SCOPE, ("city",), limit=1)
    assert [(group.key, group.value, group.count) for group in found.groups] == [(("Beijing",), 2, 2)]
    assert found.total == 4
    assert found.as_of == SCOPE.today


@pytest.mark.parametrize(
    ("keys", "metric", "sentence"),
    [
        (("orders.spend",), {"fn": "count"}, "makes no groups"),
        ((), {"fn": "count"}, "1 to 2"),
        (("tier", "tier"), {"fn": "count"}, "1 to 2"),
        (("colour",), {"fn": "count"}, "no field"),
        (("tier",), {"fn": "avg"}, "needs a field"),
        (("tier",), {"fn": "avg", "field": "city"}, "no number"),
        (("tier",), {"fn": "mode"}, "one of count, sum"),
        (("tier",), {"fn": "count", "field": "clv"}, "takes no field"),
    ],
)
def test_a_breakdown_without_sense_is_refused(
    session: Session, keys: tuple[str, ...], metric: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(InvalidRequest, match=sentence):
        service.break_down(session, EVERYONE, SCOPE, keys, service.parse_metric(metric, CATALOG))


def test_another_csms_member_cannot_be_exported(session: Session) -> None:
    me = make_account(session)
    foreign = make_member(session)
    own = SegmentScope(CATALOG, SCOPE.today, SCOPE.zone, row_owner_id=me.id, me_id=me.id)
    assert list(member_records(session, own, [foreign.id])) == []


def test_a_campaign_that_does_not_exist_is_a_mistake_and_not_an_empty_segment(session: Session) -> None:
    build(session, random_world(Random(1), 1))
    for data in (
        {"field": "campaign", "op": "in", "value": ["Spring Refrsh"]},
        {"field": "messages.opened", "op": ">", "value": 0, "campaign": "Spring Refrsh"},
        {"order_by": {"field": "messages.opened", "campaign": "Spring Refrsh"}},
    ):
        with pytest.raises(InvalidRequest, match="the nearest are Spring Refresh") as caught:
            service.count(session, parse(data), SCOPE)
        assert caught.value.candidates[0] == "Spring Refresh"
    with pytest.raises(InvalidRequest, match="there is no csm called"):
        service.count(session, parse({"field": "csm", "op": "=", "value": "Kevin Zao"}), SCOPE)


def test_records_are_read_in_a_few_statements_however_many_members(session: Session) -> None:
    for _ in range(30):
        make_order(session, make_member(session, tags=["runner"]), ordered_at=LATELY)
    records = list(member_records(session, SCOPE))
    assert [record["id"] for record in records] == service.member_ids(session, EVERYONE, SCOPE)
    assert all(set(CATALOG.names) <= set(record) for record in records)
    assert records[0]["orders"][0]["lines"] == [{"category": "coffee", "quantity": 1, "amount": 100.0}]
    assert records[0]["tags"] == ["runner"]
