"""Keeps one row of activity a member."""

from datetime import date, datetime, timedelta
from typing import cast
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import BigInteger, Select, Table, case, delete, insert, literal, select, type_coerce
from sqlalchemy.orm import Session

from crm.activity.models import ActivityEvent, MemberActivity, Order
from crm.activity.rules import EVENT_POINTS, HISTORY_WEEKS, ORDER_POINTS, Floats, falling_weeks, week_scores
from crm.arrays import int_rows
from crm.clock import day_start
from crm.members.changes import Change, mark_everyone_changed
from crm.members.models import Member

CHUNK_ROWS = 20_000
MEMBER_ACTIVITY = cast(Table, MemberActivity.__table__)


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
        session.execute(insert(MEMBER_ACTIVITY), rows[start : start + CHUNK_ROWS])
    mark_everyone_changed(session, Change.ACTIVITY)
    return len(rows)


def _weekly_points(session: Session, member_ids: NDArray[np.int64], today: date, zone: ZoneInfo) -> Floats:
    """Points as (members, HISTORY_WEEKS), oldest week first."""
    bounds = [day_start(today - timedelta(weeks=HISTORY_WEEKS - n), zone) for n in range(HISTORY_WEEKS + 1)]
    week_ends = np.array([int(bound.timestamp()) for bound in bounds[1:]], dtype=np.int64)
    points = np.zeros((len(member_ids), HISTORY_WEEKS))
    # Sorting millions of actions by member and week takes a database several times as long as reading them.
    for actions in (_order_points(bounds[0], bounds[-1]), _event_points(bounds[0], bounds[-1])):
        member_id, moment, earned = int_rows(session, actions).T
        week = np.searchsorted(week_ends, moment, side="right")
        np.add.at(points, (np.searchsorted(member_ids, member_id), week), earned)
    return points


def _order_points(since: datetime, before: datetime) -> Select[int, int, int]:
    """(member, moment, points) of each order."""
    moment = type_coerce(Order.ordered_at, BigInteger)
    within = Order.ordered_at >= since, Order.ordered_at < before
    return select(Order.member_id, moment, literal(ORDER_POINTS)).where(*within)


def _event_points(since: datetime, before: datetime) -> Select[int, int, int]:
    """(member, moment, points) of each event."""
    moment = type_coerce(ActivityEvent.occurred_at, BigInteger)
    points = case(*((ActivityEvent.kind == kind, points) for kind, points in EVENT_POINTS.items()), else_=0)
    within = ActivityEvent.occurred_at >= since, ActivityEvent.occurred_at < before
    return select(ActivityEvent.member_id, moment, points).where(*within)
