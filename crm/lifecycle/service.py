"""Scores of every member, written as of the beginning of a day, and the changes of stage that they show."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import (
    BigInteger,
    Column,
    Integer,
    MetaData,
    Select,
    String,
    Table,
    case,
    delete,
    func,
    insert,
    literal,
    select,
    type_coerce,
)
from sqlalchemy.orm import Session

from crm.activity.models import ActivityEvent, Order
from crm.arrays import int_rows
from crm.bulk import insert_columns
from crm.clock import day_start
from crm.database import UtcDateTime
from crm.lifecycle.models import MemberScore, StageChange
from crm.lifecycle.rules import History, Ints, churn_risk, lifecycle_stages, lifetime_value_cents
from crm.loyalty.models import Tier
from crm.members.changes import Change, mark_everyone_changed
from crm.members.models import Member

_STAGES = (MemberScore.member_id, MemberScore.lifecycle_stage)
_METADATA = MetaData()
_BEFORE = Table(
    "stages_before",
    _METADATA,
    Column("member_id", Integer, primary_key=True),
    Column("stage", String),
    prefixes=["TEMPORARY"],
)


def refresh_scores(session: Session, today: date, zone: ZoneInfo) -> int:
    """Write the scores of every member as of the beginning of `today`; gives their number.

    Who came into another stage since the last time is noted in `stage_changes`; the first time says nothing new.
    """
    midnight = int(day_start(today, zone).timestamp())
    ids, history = _read_history(session, today, zone)
    minimums = np.array(session.scalars(select(Tier.min_spend_cents).order_by(Tier.rank)).all(), dtype=np.int64)
    risk = churn_risk(history, midnight)
    stages = lifecycle_stages(history, minimums, midnight)
    values = lifetime_value_cents(history, risk)
    connection = session.connection()
    _METADATA.create_all(connection, checkfirst=False)
    session.execute(insert(_BEFORE).from_select(["member_id", "stage"], select(*_STAGES)))
    session.execute(delete(MemberScore))
    mark_everyone_changed(session, Change.SCORES)
    written = insert_columns(
        session,
        MemberScore,
        {
            "member_id": ids,
            "lifecycle_stage": stages.tolist(),
            "churn_risk": [None if np.isnan(value) else value for value in np.round(risk, 4).tolist()],
            "clv_cents": values,
        },
    )
    _note_stage_changes(session, day_start(today, zone))
    _METADATA.drop_all(connection, checkfirst=False)
    return written


def _note_stage_changes(session: Session, at: datetime) -> None:
    """Compare the stages with those before, all in one statement."""
    is_first_time = session.scalar(select(_BEFORE.c.member_id).limit(1)) is None
    if is_first_time:
        return
    now, before = MemberScore.lifecycle_stage, _BEFORE.c.stage
    changed = (
        select(MemberScore.member_id, before, now, literal(at, UtcDateTime))
        .outerjoin(_BEFORE, _BEFORE.c.member_id == MemberScore.member_id)
        .where(now.is_distinct_from(before))
        .order_by(MemberScore.member_id)
    )
    columns = ["member_id", "from_stage", "to_stage", "changed_at"]
    session.execute(insert(StageChange).from_select(columns, changed))


def _read_history(session: Session, today: date, zone: ZoneInfo) -> tuple[Ints, History]:
    rows = int_rows(session, _history_query(today, zone))
    return rows[:, 0], History(*(rows[:, column] for column in range(1, 9)))


def _history_query(today: date, zone: ZoneInfo) -> Select[*tuple[Any, ...]]:
    midnight = day_start(today, zone)
    in_year = Order.ordered_at >= day_start(today - timedelta(days=365), zone)
    in_quarter = Order.ordered_at >= day_start(today - timedelta(days=90), zone)
    orders = (
        select(
            Order.member_id,
            func.count().label("orders"),
            func.min(type_coerce(Order.ordered_at, BigInteger)).label("first"),
            func.max(type_coerce(Order.ordered_at, BigInteger)).label("last"),
            func.sum(case((in_year, Order.amount_cents), else_=0)).label("year"),
            func.sum(case((in_quarter, 1), else_=0)).label("quarter"),
        )
        .where(Order.ordered_at < midnight)
        .group_by(Order.member_id)
        .subquery()
    )
    events = (
        select(ActivityEvent.member_id, func.max(type_coerce(ActivityEvent.occurred_at, BigInteger)).label("last"))
        .where(ActivityEvent.occurred_at < midnight)
        .group_by(ActivityEvent.member_id)
        .subquery()
    )
    return (
        select(
            Member.id,
            type_coerce(Member.joined_at, BigInteger),
            Tier.rank,
            *(
                func.coalesce(column, 0)
                for column in (orders.c.orders, orders.c.first, orders.c.last, events.c.last, orders.c.year)
            ),
            func.coalesce(orders.c.quarter, 0),
        )
        .join(Tier, Tier.name == Member.tier)
        .outerjoin(orders, orders.c.member_id == Member.id)
        .outerjoin(events, events.c.member_id == Member.id)
        .order_by(Member.id)
    )
