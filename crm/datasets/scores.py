"""Lifecycle stage, churn risk and customer value by stated rules, until the models of those rooms exist.

Rules over orders and events up to a day; every member gets a row, and a value that the rules cannot
give is None. Thresholds are chosen by hand so that the stages read as a marketer would expect.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray
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
from crm.clock import day_start
from crm.database import UtcDateTime
from crm.datasets.bulk import insert_columns
from crm.datasets.randomness import Floats, Ints
from crm.loyalty.models import MemberScore, StageChange, Tier
from crm.members.changes import Change, mark_everyone_changed
from crm.members.models import Member

DAY = 86_400
NEW_DAYS = 60
"""A member is new for so long, unless he already orders like an active one."""
NEW_ORDERS = 1
DORMANT_DAYS = 60
"""No order and no event for so long: dormant (lifecycle scenario B-1)."""
VIP_ORDERS = 3
"""Orders in the last 90 days that a member of the highest tier needs to be called VIP."""
POTENTIAL_SHARE = 0.6
"""Potential: holds this share of the spend that the next tier asks for."""

PATIENCE_DAYS = 14
CHURN_SLOPE = 0.3
"""Churn risk = 1 - exp(-slope x silence), silence being days since the last order / (own mean gap + patience)."""
SINGLE_ORDER_GAP_DAYS = 60
"""The gap assumed of members with one order."""
VALUE_YEARS = 2.0
"""Value = spend of the last 12 months x years x the chance to stay (1 - risk / 2)."""


_STAGES = (MemberScore.member_id, MemberScore.lifecycle_stage)
_METADATA = MetaData()
_BEFORE = Table(
    "stages_before",
    _METADATA,
    Column("member_id", Integer, primary_key=True),
    Column("stage", String),
    prefixes=["TEMPORARY"],
)


@dataclass(frozen=True)
class History:
    """One entry a member. Moments are epoch seconds, 0 for never; days count from today's beginning."""

    joined_at: Ints
    tier_rank: Ints
    orders: Ints
    first_order_at: Ints
    last_order_at: Ints
    last_event_at: Ints
    spend_year_cents: Ints
    orders_90_days: Ints


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


def churn_risk(history: History, midnight: int) -> Floats:
    """0 to 1; NaN for members who never bought."""
    gaps = np.where(
        history.orders > 1,
        (history.last_order_at - history.first_order_at) / DAY / np.maximum(history.orders - 1, 1),
        SINGLE_ORDER_GAP_DAYS,
    )
    silence = (midnight - history.last_order_at) / DAY / (gaps + PATIENCE_DAYS)
    return np.where(history.orders > 0, 1.0 - np.exp(-CHURN_SLOPE * np.maximum(silence, 0.0)), np.nan)


def lifetime_value_cents(history: History, risk: Floats) -> Ints:
    """Expected spend of the coming years; 0 for members who bought nothing in the last 12 months."""
    stays = 1.0 - 0.5 * np.nan_to_num(risk)
    return np.asarray(history.spend_year_cents * VALUE_YEARS * stays, dtype=np.int64)


def lifecycle_stages(history: History, tier_minimums: Ints, midnight: int) -> NDArray[np.str_]:
    """One of new, active, potential, vip, dormant; the first rule that holds decides."""
    is_new = (midnight - history.joined_at < NEW_DAYS * DAY) & (history.orders <= NEW_ORDERS)
    last_seen = np.maximum(history.last_order_at, history.last_event_at)
    is_dormant = midnight - np.maximum(last_seen, history.joined_at) >= DORMANT_DAYS * DAY
    is_vip = (history.tier_rank == len(tier_minimums)) & (history.orders_90_days >= VIP_ORDERS)
    next_minimum = tier_minimums[np.minimum(history.tier_rank, len(tier_minimums) - 1)]
    is_potential = (history.tier_rank < len(tier_minimums)) & (
        history.spend_year_cents >= POTENTIAL_SHARE * next_minimum
    )
    return np.select(
        [is_new, is_dormant, is_vip, is_potential], ["new", "dormant", "vip", "potential"], default="active"
    )


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
