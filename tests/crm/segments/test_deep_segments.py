"""Saved segments that build on each other as deep as is allowed: every statement over them can be read by the database,
and finds whom the evaluator in memory finds."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from crm.access.models import Role
from crm.access.service import actor_for
from crm.catalog import CATALOG, segment_scope
from crm.members.models import Member, MemberTag
from crm.segments.compile import member_predicate, select_count, select_member_ids
from crm.segments.definition import parse_definition
from crm.segments.frozen import MAX_LEVELS, freeze, thaw
from crm.segments.saved import save_segment
from tests.builders import make_account, make_member

Json = dict[str, Any]
TIERS = ("gold", "silver", "bronze")


def on(name: str | None) -> Json:
    return {"field": "segment", "op": "in", "value": [name]} if name else {"field": "tier", "op": "in", "value": TIERS}


def oldest(name: str | None) -> Json:
    return {"all": [on(name)], "order_by": {"field": "age", "dir": "desc"}, "limit": 9}


def with_shares(name: str | None) -> Json:
    share = {"field": "age", "op": "top_percent", "value": 90}
    return {"any": [{"all": [on(name), share]}, {"not": share}], "order_by": {"field": "age", "dir": "asc"}, "limit": 8}


def nested(name: str | None) -> Json:
    tree = on(name)
    for level in range(5):
        tree = {"not": {"any": [tree, {"field": "age", "op": ">", "value": 95 + level}]}}
    return tree


def excluding(name: str | None) -> Json:
    return {"all": [{"not": {"all": [on(name), {"field": "age", "op": "<", "value": 30}]}}, {"not": {"not": on(name)}}]}


def mixed(name: str | None) -> Json:
    kinds = (oldest, nested, with_shares)
    return kinds[len(name or "") % 3](name)


@pytest.mark.parametrize("shape", [oldest, with_shares, nested, excluding, mixed])
def test_segments_on_segments_are_read_by_every_statement(
    session: Session, now: datetime, shape: Callable[[str | None], Json]
) -> None:
    actor = actor_for(make_account(session, role=Role.OPERATIONS))
    for index in range(12):
        make_member(session, tier=TIERS[index % 3], birthday_on=date(1950 + 4 * index, 3, 1))
    doubles = shape is excluding
    levels = 4 if doubles else MAX_LEVELS - 1
    below: str | None = None
    for level in range(levels):
        name = f"L{'x' * level}"
        save_segment(session, name=name, definition=shape(below), actor=actor, now=now, catalog=CATALOG)
        below = name
    top = shape(below)
    frozen = thaw(freeze(session, top), CATALOG)
    live = segment_scope(session, actor, now)
    scope = replace(live, frozen=frozen)
    definition = parse_definition(top, CATALOG)

    asked = sorted(session.scalars(select_member_ids(definition, scope)))
    assert asked == sorted(session.scalars(select_member_ids(definition, live))), "as last evaluated"
    assert session.scalar(select_count(definition, scope)) == len(asked)
    is_in = member_predicate(definition, scope)
    among = select(Member.id).where(is_in.is_not(False), Member.id.in_(select(Member.id).where(is_in)))
    assert sorted(session.scalars(among)) == asked
    tagged = select(Member.id, Member.tier).where(Member.id.in_(among))
    session.execute(insert(MemberTag).from_select(["member_id", "tag"], tagged))
    assert sorted(session.scalars(select(MemberTag.member_id))) == asked
