"""Upkeep from several sides at once: one round at a time, every change followed up once, members never doubled."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Barrier

import pytest
from sqlalchemy import func, select

from crm.access.actor import Actor
from crm.access.models import Role
from crm.access.service import actor_for
from crm.catalog import CATALOG
from crm.database import Sessions, open_sessions, read_only, unit_of_work
from crm.members.changes import Change, MemberChange, mark_changed
from crm.members.models import MemberTag
from crm.segments.maintenance import Upkeep, lock_segments, maintain, refresh_segments
from crm.segments.models import Passage, Segment, SegmentEvent, SegmentMember
from crm.segments.saved import save_segment
from crm.workspace import Workspace
from tests.builders import make_account, make_member
from tests.conftest import DATABASE_KINDS, OpenDatabase

KOL = {"field": "tags", "op": "contains_any", "value": ["kol"]}


@pytest.fixture(params=DATABASE_KINDS)
def both(request: pytest.FixtureRequest, open_database: OpenDatabase) -> Iterator[Sessions]:
    """Sessions on a database that holds a workspace, of either kind."""
    with open_database(request.param) as engine:
        sessions = open_sessions(engine)
        with unit_of_work(sessions) as session:
            session.add(
                Workspace(
                    id=1, name="T", dataset="own", zone_name="Asia/Shanghai", currency="CNY", clock_offset_seconds=None
                )
            )
        yield sessions


def a_segment_and_members(sessions: Sessions, now: datetime, number: int) -> tuple[int, list[int]]:
    with unit_of_work(sessions) as session:
        mia: Actor = actor_for(make_account(session, role=Role.OPERATIONS))
        members = [make_member(session).id for _ in range(number)]
        segment = save_segment(session, name="KOL", definition=KOL, actor=mia, now=now, catalog=CATALOG)
        return segment.id, members


def tag(sessions: Sessions, members: Sequence[int]) -> None:
    for member_id in members:
        with unit_of_work(sessions) as session:
            session.add(MemberTag(member_id=member_id, tag="kol"))
            mark_changed(session, member_id, Change.TAGS)


def test_rounds_from_several_sides_follow_up_every_change_once(both: Sessions, now: datetime) -> None:
    segment_id, members = a_segment_and_members(both, now, 40)
    start = Barrier(4)

    def keep(is_waiting: bool) -> list[Upkeep]:
        start.wait()
        return [refresh_segments(both, now, catalog=CATALOG, wait=is_waiting) for _ in range(12)]

    def write() -> list[Upkeep]:
        start.wait()
        tag(both, members)
        return []

    with ThreadPoolExecutor(4) as pool:
        work = [pool.submit(keep, True), pool.submit(keep, False), pool.submit(keep, False), pool.submit(write)]
        rounds = [done for each in work for done in each.result()]
    rounds.append(refresh_segments(both, now, catalog=CATALOG, wait=True))
    assert sum(done.changes for done in rounds) == len(members)
    assert sum(done.entered for done in rounds) == len(members)
    with read_only(both) as session:
        assert session.scalar(select(func.count(MemberChange.id))) == 0
        stored = session.scalars(select(SegmentMember.member_id).where(SegmentMember.segment_id == segment_id))
        assert sorted(stored) == members
        entered = session.scalars(select(SegmentEvent.member_id).where(SegmentEvent.kind == Passage.ENTERED))
        assert sorted(entered) == members
        assert session.get_one(Segment, segment_id).count == len(members)


@pytest.mark.parametrize("both", ["postgresql"], indirect=True)  # SQLite has one writer at a time
def test_whoever_does_not_wait_leaves_the_changes_to_the_round_under_way(both: Sessions, now: datetime) -> None:
    _segment_id, members = a_segment_and_members(both, now, 1)
    tag(both, members)
    with unit_of_work(both) as session:
        assert lock_segments(session, wait=False) is not None
        assert refresh_segments(both, now, catalog=CATALOG) == Upkeep()
    assert refresh_segments(both, now, catalog=CATALOG).changes == 1


@pytest.mark.parametrize("both", ["postgresql"], indirect=True)  # SQLite has one writer at a time
def test_a_change_that_is_not_committed_yet_is_followed_up_later(both: Sessions, now: datetime) -> None:
    _segment_id, members = a_segment_and_members(both, now, 2)
    with unit_of_work(both) as slow:
        slow.add(MemberTag(member_id=members[0], tag="kol"))
        mark_changed(slow, members[0], Change.TAGS)
        slow.flush()
        tag(both, members[1:])
        assert refresh_segments(both, now, catalog=CATALOG).entered == 1
    assert refresh_segments(both, now, catalog=CATALOG).entered == 1


def test_a_round_that_is_lost_leaves_everything_to_the_next(both: Sessions, now: datetime) -> None:
    segment_id, members = a_segment_and_members(both, now, 3)
    tag(both, members)

    def lost() -> None:
        with unit_of_work(both) as session:
            assert maintain(session, now, catalog=CATALOG).entered == 3
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        lost()
    assert refresh_segments(both, now, catalog=CATALOG).changes == 3
    with read_only(both) as session:
        assert session.get_one(Segment, segment_id).count == 3
