"""What members of a simulated world do of their own accord, learned from the imported part of their history.

Rates are fixed: orders and events in the 90 days (and, for a fifth, the 365 days) before the last imported
order. What the simulation adds later does not change them, so a campaign's effect stays what the response
model says and does not echo.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from sqlalchemy import BigInteger, case, func, select, type_coerce
from sqlalchemy.orm import Session

from crm.activity.models import ActivityEvent, EventKind, Order, OrderLine
from crm.arrays import int_rows
from crm.datasets.randomness import Floats, Ints, normal, uniform
from crm.members.models import Member

DAY = 86_400
RECENT_DAYS, YEAR_DAYS = 90, 365
RECENT_WEIGHT = 0.8
SHORTEST_TENURE_DAYS = 14
NEWCOMER_ORDERS_A_DAY = 0.004
"""Members who joined in the last 90 days and have not ordered yet: about one in nine orders within a month."""
AMOUNT_SPREAD = 0.35
SMALLEST_AMOUNT_CENTS = 100


@dataclass(frozen=True)
class Shoppers:
    """One entry a member, in order of id; `bought_*` one entry for each category a member has bought."""

    ids: Ints
    preferred_channel: list[str | None]
    orders_a_day: Floats
    events_a_day: dict[EventKind, Floats]
    mean_amount_cents: Floats
    bought_from: Ints
    """Where each member's categories begin in the `bought_*` arrays; one longer than `ids`."""
    bought_category: list[str]
    bought_product_id: Ints
    bought_cumulated: Ints
    """Running count of lines over the whole array."""

    @property
    def has_goods(self) -> bool:
        """Where nothing was ever sold, nothing can be bought."""
        return bool(self.bought_category)

    def index_of(self, member_ids: Ints) -> Ints:
        return np.searchsorted(self.ids, member_ids).astype(np.int64)

    def amounts(self, seed: int, purpose: str, member: Ints, moment: Ints) -> Ints:
        """What an order costs before any coupon: about the member's mean."""
        noise = AMOUNT_SPREAD * normal(seed, f"{purpose}/amount", self.ids[member], moment) - AMOUNT_SPREAD**2 / 2
        return np.maximum(self.mean_amount_cents[member] * np.exp(noise), SMALLEST_AMOUNT_CENTS).astype(np.int64)

    def choices(self, seed: int, purpose: str, member: Ints, moment: Ints) -> Ints:
        """Which entry of `bought_*` each order repeats, in proportion to how often it was bought.

        Members who never bought take somebody else's: any entry.
        """
        share = uniform(seed, f"{purpose}/choice", self.ids[member], moment)
        first, end = self.bought_from[member], self.bought_from[member + 1]
        has_own = end > first
        before = np.where(has_own & (first > 0), self.bought_cumulated[first - 1], 0)
        after = np.where(has_own, self.bought_cumulated[end - 1], self.bought_cumulated[-1])
        chosen = np.searchsorted(self.bought_cumulated, before + share * (after - before), side="right")
        return np.asarray(np.minimum(chosen, len(self.bought_category) - 1), dtype=np.int64)


def read_shoppers(session: Session) -> Shoppers:
    last = session.scalar(select(func.max(Order.ordered_at)).where(Order.source == "import"))
    end = last or datetime.now(UTC)
    members = session.execute(
        select(Member.id, type_coerce(Member.joined_at, BigInteger), Member.preferred_channel).order_by(Member.id)
    ).all()
    ids = np.array([row[0] for row in members], dtype=np.int64)
    tenure_days = (int(end.timestamp()) - np.array([row[1] for row in members], dtype=np.int64)) / DAY
    orders_a_day, mean_amount = _own_orders(session, ids, tenure_days, end)
    bought = session.execute(
        select(OrderLine.member_id, OrderLine.category, func.min(OrderLine.product_id), func.count())
        .where(OrderLine.ordered_at <= end)
        .group_by(OrderLine.member_id, OrderLine.category)
        .order_by(OrderLine.member_id, OrderLine.category)
    ).all()
    owner = np.array([row[0] for row in bought], dtype=np.int64)
    return Shoppers(
        ids=ids,
        preferred_channel=[row[2].value if row[2] else None for row in members],
        orders_a_day=orders_a_day,
        events_a_day=_own_events(session, ids, tenure_days, end),
        mean_amount_cents=mean_amount,
        bought_from=np.searchsorted(owner, np.append(ids, np.iinfo(np.int64).max)).astype(np.int64),
        bought_category=[row[1] for row in bought],
        bought_product_id=np.array([row[2] for row in bought], dtype=np.int64),
        bought_cumulated=np.cumsum(np.array([row[3] for row in bought], dtype=np.int64)),
    )


def _own_orders(session: Session, ids: Ints, tenure_days: Floats, end: datetime) -> tuple[Floats, Floats]:
    is_recent = Order.ordered_at > end - timedelta(days=RECENT_DAYS)
    is_of_year = Order.ordered_at > end - timedelta(days=YEAR_DAYS)
    sums = (
        select(
            Order.member_id,
            func.sum(case((is_recent, 1), else_=0)),
            func.sum(case((is_of_year, 1), else_=0)),
            func.count(),
            func.sum(Order.amount_cents),
        )
        .where(Order.source == "import", Order.ordered_at <= end)
        .group_by(Order.member_id)
    )
    rows = int_rows(session, sums)
    counts = np.zeros((len(ids), 4))
    counts[np.searchsorted(ids, rows[:, 0])] = rows[:, 1:]
    recent, of_year, ever, paid = counts.T
    rate = RECENT_WEIGHT * recent / _days(tenure_days, RECENT_DAYS)
    rate += (1.0 - RECENT_WEIGHT) * of_year / _days(tenure_days, YEAR_DAYS)
    rate = np.where((ever == 0) & (tenure_days < RECENT_DAYS), NEWCOMER_ORDERS_A_DAY, rate)
    usual = paid.sum() / max(ever.sum(), 1.0)
    return rate, np.where(ever > 0, paid / np.maximum(ever, 1.0), usual)


def _own_events(session: Session, ids: Ints, tenure_days: Floats, end: datetime) -> dict[EventKind, Floats]:
    kinds = tuple(EventKind)
    number = case(*((ActivityEvent.kind == kind, index) for index, kind in enumerate(kinds)), else_=-1)
    within = ActivityEvent.occurred_at <= end, ActivityEvent.occurred_at > end - timedelta(days=RECENT_DAYS)
    member_id, kind_of = int_rows(session, select(ActivityEvent.member_id, number).where(*within)).T
    days = _days(tenure_days, RECENT_DAYS)
    return {
        kind: np.bincount(np.searchsorted(ids, member_id[kind_of == index]), minlength=len(ids)) / days
        for index, kind in enumerate(kinds)
    }


def _days(tenure_days: Floats, window_days: int) -> Floats:
    return np.clip(tenure_days, SHORTEST_TENURE_DAYS, window_days)
