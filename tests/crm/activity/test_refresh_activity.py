"""Activity as it is stored, from real orders and events."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.activity.models import ActivityEvent, EventKind, MemberActivity
from crm.activity.rules import ORDER_POINTS, POINTS_AT_63
from crm.activity.service import refresh_activity
from crm.clock import local_day
from tests.builders import make_member, make_order


def test_every_member_gets_a_row_of_the_day(session: Session, zone: ZoneInfo, now: datetime) -> None:
    idle, buyer = make_member(session), make_member(session)
    make_order(session, buyer, ordered_at=now - timedelta(days=2))
    today = local_day(now, zone)
    assert refresh_activity(session, today, zone) == 2
    idle_row, buyer_row = session.get_one(MemberActivity, idle.id), session.get_one(MemberActivity, buyer.id)
    assert (idle_row.score, idle_row.declining_weeks, idle_row.as_of_on) == (0.0, 0, today)
    assert 0 < buyer_row.score < 100 * ORDER_POINTS / POINTS_AT_63


def test_what_happens_today_counts_from_tomorrow_on(session: Session, zone: ZoneInfo, now: datetime) -> None:
    member = make_member(session)
    make_order(session, member, ordered_at=now)
    today = local_day(now, zone)
    refresh_activity(session, today, zone)
    assert session.get_one(MemberActivity, member.id).score == 0.0
    refresh_activity(session, today + timedelta(days=1), zone)
    session.expire_all()
    assert session.get_one(MemberActivity, member.id).score > 0.0


def test_days_begin_at_local_midnight(session: Session, zone: ZoneInfo) -> None:
    member = make_member(session)
    midnight = datetime(2026, 5, 31, 16, 0, tzinfo=UTC)  # 1 June, 0:00 in Shanghai
    session.add(ActivityEvent(member_id=member.id, kind=EventKind.VISIT, occurred_at=midnight - timedelta(seconds=1)))
    session.flush()
    refresh_activity(session, local_day(midnight, zone), zone)
    assert session.get_one(MemberActivity, member.id).score > 0.0


def test_a_member_who_stopped_three_weeks_ago_declines_for_three_weeks(
    session: Session, zone: ZoneInfo, now: datetime
) -> None:
    member = make_member(session)
    for week in range(3, 16):
        make_order(session, member, ordered_at=now - timedelta(weeks=week, days=3))
    refresh_activity(session, local_day(now, zone), zone)
    assert session.get_one(MemberActivity, member.id).declining_weeks == 3


def test_refreshing_again_changes_nothing(session: Session, zone: ZoneInfo, now: datetime) -> None:
    make_order(session, make_member(session), ordered_at=now - timedelta(days=9))
    today = local_day(now, zone)
    totals = select(func.count(), func.sum(MemberActivity.score))
    refresh_activity(session, today, zone)
    first = session.execute(totals).one()
    refresh_activity(session, today, zone)
    assert session.execute(totals).one() == first
