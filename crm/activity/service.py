"""Keeps one row of activity a member."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Select, case, delete, func, insert, literal, select, union_all
from sqlalchemy.orm import Session

from crm.activity.models import ActivityEvent, MemberActivity, Order
from crm.activity.rules import EVENT_POINTS, HISTORY_WEEKS, ORDER_POINTS, Floats, falling_weeks, week_scores
from crm.clock import day_start
from crm.members.changes import Change, note_everyone
from crm.members.models import Member

CHUNK_ROWS = 20_000


def refresh_activity(session: Session, today: date, zone: ZoneInfo) -> int:
    """Write the activity of every member as of `today` (its own actions not yet counted); gives their number."""
    member_ids = np.array(session.scalars(select(Member.id).order_by(Member.id)).all(), dtype=np.int64)
    points = _weekly_points(session, member_ids, today, zone)
    scores = week_scores(points)
    session.execute(delete(MemberActivity))
    rows = [
        {"member_id": member_id, "as_of_on": today, "score": score, "declining_weeks": weeks}
        for member_id, score, weeks in zip(
            member_ids.tolist(), scores[:, -1].tolist(), falling_weeks(scores).tolist(), strict=True
        )
    ]
    for start in range(0, len(rows), CHUNK_ROWS):
        session.execute(insert(MemberActivity), rows[start : start + CHUNK_ROWS])
    note_everyone(session, Change.ACTIVITY)
    return len(rows)


def _weekly_points(session: Session, member_ids: NDArray[np.int64], today: date, zone: ZoneInfo) -> Floats:
    """Points as (members, HISTORY_WEEKS), oldest week first."""
    rows = np.array(session.execute(_points_by_week(today, zone)).all(), dtype=np.int64).reshape(-1, 3)
    points = np.zeros((len(member_ids), HISTORY_WEEKS))
    points[np.searchsorted(member_ids, rows[:, 0]), rows[:, 1]] = rows[:, 2]
    return points


def _points_by_week(today: date, zone: ZoneInfo) -> Select[int, int, int]:
    """(member, week, points): one row for each week in which the member did anything."""
    bounds = [day_start(today - timedelta(weeks=HISTORY_WEEKS - n), zone) for n in range(HISTORY_WEEKS + 1)]
    event_points = case(*((ActivityEvent.kind == kind, points) for kind, points in EVENT_POINTS.items()), else_=0)
    actions = union_all(
        select(Order.member_id, Order.ordered_at.label("at"), literal(ORDER_POINTS).label("points")).where(
            Order.ordered_at >= bounds[0], Order.ordered_at < bounds[-1]
        ),
        select(ActivityEvent.member_id, ActivityEvent.occurred_at.label("at"), event_points.label("points")).where(
            ActivityEvent.occurred_at >= bounds[0], ActivityEvent.occurred_at < bounds[-1]
        ),
    ).subquery()
    week = case(*((actions.c.at < end, index) for index, end in enumerate(bounds[1:])), else_=HISTORY_WEEKS - 1)
    by_week = select(actions.c.member_id, week.label("week"), actions.c.points).subquery()
    return select(by_week.c.member_id, by_week.c.week, func.sum(by_week.c.points)).group_by(
        by_week.c.member_id, by_week.c.week
    )
