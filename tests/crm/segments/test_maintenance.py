"""Saved segments follow what changes of members, and the passing of days, at the cost of the change."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.access.actor import Actor
from crm.access.models import Role
from crm.access.service import actor_for
from crm.catalog import CATALOG
from crm.members.changes import Change, MemberChange, mark_changed, mark_everyone_changed, mark_members_changed
from crm.members.models import Member, MemberTag
from crm.segments.compile import select_member_ids
from crm.segments.definition import parse_definition
from crm.segments.evaluation import scope_for_all
from crm.segments.maintenance import Upkeep, maintain
from crm.segments.models import Passage, Segment, SegmentDay, SegmentEvent, SegmentMember
from crm.segments.saved import save_segment
from tests.builders import make_account, make_member, make_order

DAY = timedelta(days=1)
LAPSED = {"field": "orders.count", "op": "=", "value": 0, "window_days": 30}
GOLD = {"field": "tier", "op": "in", "value": ["gold"]}


@pytest.fixture
def mia(session: Session) -> Actor:
    return actor_for(make_account(session, role=Role.OPERATIONS))


def saved(session: Session, mia: Actor, now: datetime, name: str, definition: dict[str, Any]) -> Segment:
    return save_segment(session, name=name, definition=definition, actor=mia, now=now, catalog=CATALOG)


def kept(session: Session, now: datetime) -> Upkeep:
    return maintain(session, now, catalog=CATALOG)


def stored(session: Session, segment: Segment) -> set[int]:
    return set(session.scalars(select(SegmentMember.member_id).where(SegmentMember.segment_id == segment.id)))


def asked(session: Session, segment: Segment, now: datetime) -> set[int]:
    """The members that the definition has when it is asked directly."""
    scope = scope_for_all(session, now, CATALOG)
    return set(session.scalars(select_member_ids(parse_definition(segment.definition, CATALOG), scope)))


def order(session: Session, member: Member, at: datetime) -> None:
    make_order(session, member, ordered_at=at)
    mark_changed(session, member.id, Change.ORDERS)


def test_an_order_moves_only_the_member_who_ordered(session: Session, mia: Actor, now: datetime) -> None:
    members = [make_member(session) for _ in range(20)]
    lapsed, gold = saved(session, mia, now, "Lapsed", LAPSED), saved(session, mia, now, "Gold", GOLD)
    assert (lapsed.count, gold.count) == (20, 20)
    order(session, members[3], now)
    order(session, members[3], now)
    order(session, members[7], now)
    done = kept(session, now)
    assert [(work.name, work.considered, work.left) for work in done.evaluations] == [("Lapsed", 2, 2)]
    assert done.changes == 3
    assert lapsed.count == 18
    assert stored(session, lapsed) == asked(session, lapsed, now)


def test_nothing_is_done_twice_and_nothing_when_nothing_changed(session: Session, mia: Actor, now: datetime) -> None:
    member = make_member(session)
    saved(session, mia, now, "Lapsed", LAPSED)
    order(session, member, now)
    assert len(kept(session, now).evaluations) == 1
    assert kept(session, now) == Upkeep()
    assert session.scalar(select(func.count(MemberChange.id))) == 0


def test_a_window_expires_members_on_the_right_day(session: Session, mia: Actor, now: datetime) -> None:
    old, recent = make_member(session), make_member(session)
    order(session, old, now - 30 * DAY)
    order(session, recent, now - 10 * DAY)
    lapsed = saved(session, mia, now, "Lapsed", LAPSED)
    kept(session, now)
    assert stored(session, lapsed) == set()
    done = kept(session, now + DAY)
    assert [(work.considered, work.entered) for work in done.evaluations] == [(1, 1)]
    assert stored(session, lapsed) == {old.id}
    kept(session, now + 21 * DAY)
    assert stored(session, lapsed) == {old.id, recent.id}


@pytest.mark.parametrize(
    "definition",
    [
        GOLD,
        {"field": "orders.count", "op": ">", "value": 0},
        {"field": "orders.count", "op": ">", "value": 0, "window": {"from": "2026-05-01", "to": "2026-05-31"}},
        {"field": "joined_at", "op": "<", "value": "2026-05-01"},
        {**GOLD, "order_by": {"field": "age"}},
    ],
)
def test_a_new_day_leaves_alone_what_does_not_move_with_time(
    session: Session, mia: Actor, now: datetime, definition: dict[str, Any]
) -> None:
    order(session, make_member(session), now)
    segment = saved(session, mia, now, "Still", definition)
    kept(session, now)
    assert kept(session, now + DAY).evaluations == ()
    assert segment.evaluated_at == now + DAY


def test_segments_built_on_others_follow_them_in_the_same_round(session: Session, mia: Actor, now: datetime) -> None:
    members = [make_member(session) for _ in range(5)]
    top = saved(session, mia, now, "A top", {"field": "tags", "op": "contains_any", "value": ["kol"]})
    base = {"field": "segment", "op": "in", "value": ["A top"]}
    without = saved(session, mia, now, "B without", {"all": [GOLD, {"not": base}]})
    both = saved(session, mia, now, "0 either", {"any": [base, {**base, "value": ["B without"]}]})
    assert (top.count, without.count, both.count) == (0, 5, 5)
    session.add(MemberTag(member_id=members[0].id, tag="kol"))
    mark_changed(session, members[0].id, Change.TAGS)
    done = kept(session, now)
    assert {work.name: work.considered for work in done.evaluations} == {"A top": 1, "B without": 1, "0 either": 1}
    assert (top.count, without.count, both.count) == (1, 4, 5)


def test_entering_and_leaving_are_events_and_coming_into_being_is_none(
    session: Session, mia: Actor, now: datetime
) -> None:
    member = make_member(session)
    lapsed = saved(session, mia, now, "Lapsed", LAPSED)
    order(session, member, now)
    kept(session, now)
    kept(session, now + 31 * DAY)
    rows = session.execute(select(SegmentEvent.member_id, SegmentEvent.kind, SegmentEvent.at).order_by(SegmentEvent.id))
    assert [tuple(row) for row in rows] == [
        (member.id, Passage.LEFT, now),
        (member.id, Passage.ENTERED, now + 31 * DAY),
    ]
    days = session.scalars(select(SegmentDay).where(SegmentDay.segment_id == lapsed.id).order_by(SegmentDay.on))
    assert [(day.count, day.entered, day.left) for day in days] == [(0, 0, 1), (1, 1, 0)]


def test_a_limit_is_found_anew_when_anybody_s_place_may_have_changed(
    session: Session, mia: Actor, now: datetime
) -> None:
    first, second = make_member(session), make_member(session)
    order(session, first, now)
    best = saved(session, mia, now, "Best", {"order_by": {"field": "orders.spend", "window_days": 30}, "limit": 1})
    kept(session, now)
    order(session, second, now)
    order(session, second, now)
    done = kept(session, now)
    assert [(work.considered, work.entered, work.left) for work in done.evaluations] == [(None, 1, 1)]
    assert stored(session, best) == {second.id}


def test_what_is_noted_of_everyone_looks_at_everyone(session: Session, mia: Actor, now: datetime) -> None:
    make_member(session)
    saved(session, mia, now, "Lapsed", LAPSED)
    mark_everyone_changed(session, Change.SCORES)
    assert kept(session, now).evaluations == ()
    mark_everyone_changed(session, Change.ORDERS)
    assert [work.considered for work in kept(session, now).evaluations] == [None]


def test_a_new_member_is_looked_at_by_every_segment(session: Session, mia: Actor, now: datetime) -> None:
    lapsed, gold = saved(session, mia, now, "Lapsed", LAPSED), saved(session, mia, now, "Gold", GOLD)
    new = make_member(session)
    mark_members_changed(session, select(Member.id).where(Member.id == new.id), Change.MEMBER)
    kept(session, now)
    assert stored(session, lapsed) == stored(session, gold) == {new.id}
