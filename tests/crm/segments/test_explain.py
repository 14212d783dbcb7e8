"""Why a member is in or out, who is at the edge, and what each condition costs."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.orm import Session

from crm.catalog import CATALOG
from crm.database import Sessions
from crm.errors import InvalidRequest, NotFound
from crm.members.models import Member
from crm.segments import service
from crm.segments.boundary import EXAMPLES, Boundary, boundary_examples
from crm.segments.definition import EVERYONE, Definition, parse_definition
from crm.segments.explain import Explanation, explain_member
from crm.segments.marginal import MAX_PARTS, marginal_counts
from crm.segments.paths import conjuncts, placed_nodes, without
from crm.segments.records import member_records
from crm.segments.reference import verdict
from crm.segments.scope import SegmentScope
from tests.builders import make_account, make_member, make_order
from tests.conftest import DATABASE_KINDS
from tests.crm.segments.worlds import build, random_world

SCOPE = SegmentScope(CATALOG, date(2026, 6, 1), ZoneInfo("Asia/Shanghai"))
TODAY = datetime(2026, 6, 1, 4, tzinfo=UTC)
SILENT = {"field": "orders.count", "op": "=", "value": 0, "window_days": 30}
GOLD = {"field": "tier", "op": "in", "value": ["gold"]}
SHANGHAI = {"field": "city", "op": "in", "value": ["Shanghai"]}


@pytest.fixture(params=DATABASE_KINDS)
def session(request: pytest.FixtureRequest, both_databases: Mapping[str, Sessions]) -> Iterator[Session]:
    """An empty database, SQLite and then PostgreSQL."""
    with both_databases[request.param]() as opened:
        yield opened
        opened.rollback()


def parse(data: dict[str, Any]) -> Definition:
    return parse_definition(data, CATALOG)


def explain(session: Session, data: dict[str, Any], member: Member, scope: SegmentScope = SCOPE) -> Explanation:
    return explain_member(session, parse(data), scope, member.id)


def buyer(session: Session, days_ago: int, cents: int = 10_000, **changes: Any) -> Member:
    member = make_member(session, **changes)
    make_order(session, member, ordered_at=TODAY - timedelta(days=days_ago), amount_cents=cents)
    return member


def edges(found: Boundary) -> tuple[list[tuple[int, Any]], list[tuple[int, Any]]]:
    """Ids and distances, just out and just in."""
    out, inside = ([(each.id, each.distance) for each in side] for side in (found.just_out, found.just_in))
    return out, inside


def test_an_explanation_goes_condition_by_condition(session: Session) -> None:
    member = buyer(session, 12, birthday_on=None)
    young = {"field": "age", "op": "<", "value": 30}
    why = explain(session, {"all": [GOLD, {"any": [SILENT]}, {"not": young}]}, member)
    assert [(leaf.path, leaf.value, leaf.threshold, leaf.verdict, leaf.missing) for leaf in why.conditions] == [
        ("all[0]", "gold", ["gold"], True, None),
        ("all[1].any[0]", 1, 0, False, None),
        ("all[2].not", None, 30, None, "age"),
    ]
    assert why.conditions[1].words == "number of orders in the last 30 days (2026-05-02 to 2026-06-01) is 0"
    assert (why.meets_conditions, [path for path, _words in why.missed], why.is_member) == (
        False,
        ["all[1]", "all[2]"],
        False,
    )


def test_a_missing_value_leaves_the_whole_open(session: Session) -> None:
    why = explain(session, {"field": "age", "op": ">", "value": 30}, make_member(session, birthday_on=None))
    assert why.meets_conditions is None
    assert not why.is_member


def test_an_explanation_is_in_the_language_asked_for(session: Session) -> None:
    found = explain_member(session, parse(GOLD), SCOPE, make_member(session).id, language="zh")
    assert found.conditions[0].words == "会员等级为 金卡"


def test_a_limit_is_explained_by_the_place_and_the_value_of_the_last_one_in(session: Session) -> None:
    members = [buyer(session, 5, cents) for cents in (30_000, 20_000, 10_000)]
    best = {"order_by": {"field": "orders.spend"}, "limit": 2}
    third = explain(session, best, members[2])
    assert (third.meets_conditions, third.is_member) == (True, False)
    assert third.rank is not None
    assert (third.rank.place, third.rank.ranked, third.rank.places, third.rank.cut_off) == (3, 3, 2, 200.0)
    assert explain(session, best, members[1]).is_member


def test_a_limit_without_an_order_goes_by_number(session: Session) -> None:
    make_member(session)
    why = explain(session, {"limit": 1}, make_member(session))
    assert not why.is_member
    assert why.rank is not None
    assert (why.rank.place, why.rank.cut_off) == (2, None)


def test_another_csms_member_cannot_be_explained_and_is_no_example(session: Session) -> None:
    me = make_account(session)
    foreign, own = make_member(session), make_member(session, owner_id=me.id)
    scope = SegmentScope(CATALOG, SCOPE.today, SCOPE.zone, row_owner_id=me.id, me_id=me.id)
    with pytest.raises(NotFound):
        explain_member(session, EVERYONE, scope, foreign.id)
    found = boundary_examples(session, parse(SILENT), scope)
    assert {each.id for each in (*found.just_out, *found.just_in)} <= {own.id}
    assert marginal_counts(session, parse(GOLD), scope).count == 1
    platinum = parse({"field": "tier", "op": "in", "value": ["platinum"]})
    assert [each.id for each in boundary_examples(session, platinum, scope).just_out] == [own.id]


def test_who_ordered_a_day_too_late_is_just_out_and_who_a_day_before_is_just_in(session: Session) -> None:
    far_out, near_out, near_in, far_in = (buyer(session, days) for days in (3, 29, 31, 80))
    out, inside = edges(boundary_examples(session, parse(SILENT), SCOPE))
    assert out == [(near_out.id, 2), (far_out.id, 28)]
    assert inside == [(near_in.id, 1), (far_in.id, 50)]


def test_a_boundary_example_names_what_was_measured(session: Session) -> None:
    member = buyer(session, 29)
    [example] = boundary_examples(session, parse({"all": [SHANGHAI, SILENT]}), SCOPE).just_out
    assert (example.id, example.path, example.measured, example.unit) == (
        member.id,
        "all[1]",
        "day of the last order",
        "days",
    )
    assert str(example.value).startswith("2026-05-03")
    assert example.words == "number of orders in the last 30 days (2026-05-02 to 2026-06-01) is 0"


def test_the_nearest_to_a_sum_come_first(session: Session) -> None:
    spend = {"field": "orders.spend", "op": ">=", "value": 5000, "window_days": 90}
    near, far, exact, rich = (buyer(session, 5, cents) for cents in (495_000, 100_000, 500_000, 900_000))
    out, inside = edges(boundary_examples(session, parse(spend), SCOPE))
    assert out == [(near.id, 50), (far.id, 4000)]
    assert inside == [(exact.id, 0.01), (rich.id, 4000.01)]


@pytest.mark.parametrize(
    ("op", "value", "out", "inside"),
    [
        (">", 2, [1, 2], [1, 2]),
        ("<", 3, [1, 2], [1, 2]),
        ("=", 2, [1, 1, 2], [1]),
        ("!=", 2, [1], [1, 1, 2]),
        ("between", [2, 3], [1, 1], [1, 1]),
    ],
)
def test_whole_numbers_are_as_far_as_the_orders_they_lack(
    session: Session, op: str, value: Any, out: list[int], inside: list[int]
) -> None:
    for number in range(1, 5):
        member = make_member(session)
        for _ in range(number):
            make_order(session, member, ordered_at=TODAY)
    found = edges(boundary_examples(session, parse({"field": "orders.count", "op": op, "value": value}), SCOPE))
    assert [[distance for _id, distance in side] for side in found] == [out, inside]


def test_only_members_who_miss_by_one_condition_are_just_out(session: Session) -> None:
    both = buyer(session, 5, city="Beijing")
    elsewhere = make_member(session, city="Beijing")
    late = buyer(session, 5)
    out, _ = edges(boundary_examples(session, parse({"all": [SHANGHAI, SILENT]}), SCOPE))
    assert {member_id for member_id, _ in out} == {elsewhere.id, late.id}
    assert both.id not in {member_id for member_id, _ in out}


def test_the_places_around_a_limit_are_its_boundary(session: Session) -> None:
    first, second, third = (buyer(session, 5, cents) for cents in (30_000, 20_000, 19_000))
    best = {"order_by": {"field": "orders.spend"}, "limit": 2}
    found = boundary_examples(session, parse(best), SCOPE)
    assert edges(found) == ([(third.id, 10)], [(second.id, 0), (first.id, 100)])
    assert {each.path for each in found.just_out} == {"limit"}


def test_examples_are_few_and_shared_between_the_conditions(session: Session) -> None:
    for days in range(1, 9):
        buyer(session, days)
        make_member(session, city="Beijing")
        make_member(session, tier="silver")
    found = boundary_examples(session, parse({"all": [SHANGHAI, GOLD, SILENT]}), SCOPE)
    assert len(found.just_out) == EXAMPLES
    assert {each.path for each in found.just_out} == {"all[0]", "all[1]", "all[2]"}


def test_the_largest_definitions_have_a_boundary_too(session: Session) -> None:
    buyer(session, 40)
    deep: dict[str, Any] = SILENT
    for _ in range(10):
        deep = {"any": [deep]}
    assert boundary_examples(session, parse({"all": [deep]}), SCOPE).just_out == ()
    wide = {"all": [{"field": "orders.count", "op": "between", "value": [2, 3]}] * 100}
    assert boundary_examples(session, parse(wide), SCOPE).just_out == ()


def test_every_condition_says_what_the_segment_would_be_without_it(session: Session) -> None:
    for city in ["Shanghai", "Beijing", "Beijing", None]:
        make_member(session, city=city)
    make_member(session, tier="silver")
    found = marginal_counts(session, parse({"all": [SHANGHAI, GOLD]}), SCOPE)
    assert found.count == 1
    assert [(part.path, part.words, part.count, part.difference) for part in found.parts] == [
        ("all[0]", "city is Shanghai", 4, 3),
        ("all[1]", "tier is gold", 2, 1),
    ]


def test_nested_parts_are_counted_by_their_path(session: Session) -> None:
    make_member(session)
    make_member(session, tier="silver", city="Beijing")
    make_member(session, tier="bronze")
    either = {"any": [{"all": [SHANGHAI, GOLD]}, {"not": {"field": "tier", "op": "in", "value": ["bronze", "gold"]}}]}
    found = marginal_counts(session, parse({"all": [either]}), SCOPE)
    assert {part.path: part.count for part in found.parts} == {
        "all[0]": 3,
        "all[0].any[0]": 1,
        "all[0].any[0].all[0]": 2,
        "all[0].any[0].all[1]": 3,
        "all[0].any[1]": 1,
    }
    assert found.count == 2


def test_a_large_tree_says_how_much_of_it_was_counted(session: Session) -> None:
    make_member(session)
    found = marginal_counts(session, parse({"all": [GOLD] * (MAX_PARTS + 5)}), SCOPE)
    assert (len(found.parts), found.parts_total) == (MAX_PARTS, MAX_PARTS + 5)


def test_taking_a_part_away_leaves_no_empty_lists() -> None:
    definition = parse({"all": [{"any": [{"not": GOLD}]}, SHANGHAI]})
    assert without(definition.root, "all[0].any[0]") == parse({"all": [SHANGHAI]}).root
    assert without(parse({"all": [GOLD]}).root, "all[0]") == EVERYONE.root
    assert [part.path for part in placed_nodes(definition.root)] == ["all[0]", "all[0].any[0]", "all[1]"]


def test_a_top_share_is_explained_by_the_place_and_the_cut_off(session: Session) -> None:
    members = [buyer(session, 5, cents) for cents in (40_000, 30_000, 20_000, 10_000)]
    none = make_member(session)
    share = {"field": "orders.spend", "op": "top_percent", "value": 40, "window_days": 30}
    verdicts = []
    for member in (*members, none):
        [leaf] = explain(session, share, member).conditions
        assert leaf.rank is not None
        verdicts.append(
            (leaf.value, leaf.rank.place, leaf.rank.ranked, leaf.rank.places, leaf.rank.cut_off, leaf.verdict)
        )
    assert verdicts == [
        (400.0, 1, 5, 2, 300.0, True),
        (300.0, 2, 5, 2, 300.0, True),
        (200.0, 3, 5, 2, 300.0, False),
        (100.0, 4, 5, 2, 300.0, False),
        (0.0, 5, 5, 2, 300.0, False),
    ]
    out, inside = edges(boundary_examples(session, parse(share), SCOPE))
    assert out == [(members[2].id, 100), (members[3].id, 200), (none.id, 300)]
    assert inside == [(members[1].id, 0.01), (members[0].id, 100.01)]


def test_a_limit_in_percent_is_explained_as_places(session: Session) -> None:
    members = [buyer(session, 5, cents) for cents in (40_000, 30_000, 20_000)]
    best = {"order_by": {"field": "orders.spend"}, "limit_percent": 50}
    why = explain(session, best, members[2])
    assert why.rank is not None
    assert (why.is_member, why.rank.place, why.rank.places, why.rank.cut_off) == (False, 3, 2, 300.0)


def test_a_past_day_is_explained_as_it_was(session: Session) -> None:
    early = buyer(session, 40)
    late = make_member(session, joined_at=TODAY - timedelta(days=5))
    past = replace(SCOPE, today=date(2026, 5, 1), as_of=True)
    assert not explain(session, SILENT, early, past).is_member
    assert explain(session, SILENT, early).is_member
    with pytest.raises(NotFound, match="on 2026-05-01"):
        explain(session, SILENT, late, past)
    with pytest.raises(InvalidRequest, match="tier: only today's value is kept"):
        explain(session, GOLD, early, past)


def test_examples_and_counts_agree_with_the_evaluation_in_memory(session: Session) -> None:
    """Just out: the outermost conditions are true of him but for one; without it he would be in."""
    scope = build(session, random_world(Random(11), 40))
    definition = parse(
        {
            "all": [
                {"field": "orders.count", "op": ">=", "value": 1, "window_days": 200},
                {"field": "points_balance", "op": "<", "value": 4000},
                {"not": {"field": "tier", "op": "in", "value": ["silver"]}},
            ]
        }
    )
    records = {record["id"]: record for record in member_records(session, scope)}
    found = boundary_examples(session, definition, scope)
    parts = {part.path: part.node for part in conjuncts(definition.root)}
    for example in found.just_out:
        verdicts = {path: verdict(node, records[example.id], scope.viewpoint) for path, node in parts.items()}
        assert [path for path, holds in verdicts.items() if holds is not True] == [example.path]
    assert {example.id for example in found.just_in} <= set(service.member_ids(session, definition, scope))
    for part in marginal_counts(session, definition, scope).parts:
        others = Definition(without(definition.root, part.path))
        assert part.count == service.count(session, others, scope)
