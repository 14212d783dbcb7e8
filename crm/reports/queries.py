"""The counts and sums behind a review, added up by the database: a handful of rows, whatever the audience's size."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy import CTE, BigInteger, ColumnElement, Float, case, cast, func, select, type_coerce
from sqlalchemy.orm import InstrumentedAttribute, Session

from crm.activity.models import Order
from crm.channels import Channel
from crm.experiments.effects import ArmSums
from crm.journeys.schedulers.planned.persons import person_of
from crm.loyalty.models import Coupon, CouponGrant, CouponRedemption, GrantState
from crm.outreach.models import (
    PENDING_STATES,
    Arm,
    Enrolment,
    Message,
    MessageEvent,
    MessageEventKind,
    MessageState,
)
from crm.reports.metrics import COVARIATE_DAYS

QUARTER_SECONDS = 900
"""Every zone's offset is a multiple of a quarter of an hour, so quarters fold into local days without error."""


@dataclass(frozen=True)
class CampaignSpan:
    """A launched campaign's journey and what of its attribution window [starts_at, ends_at) lies before `now`."""

    journey_id: int
    starts_at: datetime
    ends_at: datetime
    attribution_days: int
    """How long after their first delivered message members' orders count as conversions."""
    now: datetime

    @property
    def until(self) -> datetime:
        return min(self.ends_at, self.now)

    @property
    def is_complete(self) -> bool:
        return self.now >= self.ends_at


@dataclass(frozen=True)
class ArmTotals:
    """One arm over its people, each once with all their records (decision 17), in minor units: spend in the window
    (y) and in the 90 days before launch (x)."""

    sums: ArmSums
    ordering_members: int
    simulated_orders: int


@dataclass(frozen=True)
class ChannelCounts:
    """Messages of one campaign on one channel, members held out left aside; events by people only, once a message."""

    states: Mapping[MessageState, int] = field(default_factory=dict)
    events: Mapping[MessageEventKind, int] = field(default_factory=dict)
    handed_over: int = 0
    """Messages that a channel accepted: these cost money."""

    @property
    def planned(self) -> int:
        return sum(self.states.values())

    @property
    def delivered(self) -> int:
        return self.states.get(MessageState.DELIVERED, 0)

    @property
    def failed(self) -> int:
        return self.states.get(MessageState.FAILED, 0)

    @property
    def unknown(self) -> int:
        return self.states.get(MessageState.UNKNOWN, 0)

    @property
    def ended(self) -> int:
        return self.delivered + self.failed + self.unknown

    @property
    def excluded(self) -> int:
        return self.states.get(MessageState.EXCLUDED, 0)

    @property
    def pending(self) -> int:
        return sum(self.states.get(state, 0) for state in PENDING_STATES)

    def event(self, kind: MessageEventKind) -> int:
        return self.events.get(kind, 0)


@dataclass(frozen=True)
class Redeemed:
    issued_members: int
    members: int
    redemptions: int
    discount_cents: int
    unit_cost_cents: int


@dataclass(frozen=True)
class QuarterCount:
    """Something that happened in one quarter of an hour, for charts by local day."""

    starts_at: datetime
    kind: str
    amount: int


def arm_totals(session: Session, span: CampaignSpan) -> dict[Arm, ArmTotals]:
    """Spend by random arm over everybody enrolled. An arm without people is missing."""
    enrolled = _enrolled(span.journey_id)
    in_window = Order.ordered_at >= span.starts_at
    spend = (
        select(
            enrolled.c.person_id,
            func.sum(case((in_window, Order.amount_cents), else_=0)).label("y"),
            func.sum(case((in_window, 0), else_=Order.amount_cents)).label("x"),
            func.sum(case((in_window, 1), else_=0)).label("orders"),
            func.sum(case((in_window & (Order.source == "simulated"), 1), else_=0)).label("simulated"),
        )
        .join_from(Order, enrolled, enrolled.c.member_id == Order.member_id)
        .where(Order.ordered_at >= span.starts_at - timedelta(days=COVARIATE_DAYS), Order.ordered_at < span.until)
        .group_by(enrolled.c.person_id)
        .cte("spend")
    )
    people = select(enrolled.c.person_id, enrolled.c.arm).distinct().subquery("people")
    # Floats: squares of minor units overflow 64-bit integers at a few thousand large orders.
    y, x = (cast(func.coalesce(column, 0), Float) for column in (spend.c.y, spend.c.x))
    rows = session.execute(
        select(
            people.c.arm,
            func.count(),
            func.sum(y),
            func.sum(y * y),
            func.sum(x),
            func.sum(x * x),
            func.sum(x * y),
            func.sum(case((spend.c.orders > 0, 1), else_=0)),
            func.coalesce(func.sum(spend.c.simulated), 0),
        )
        .select_from(people)
        .outerjoin(spend, spend.c.person_id == people.c.person_id)
        .group_by(people.c.arm)
    )
    return {row[0]: ArmTotals(ArmSums(row[1], *map(float, row[2:7])), int(row[7]), int(row[8])) for row in rows}


def _enrolled(journey_id: int) -> CTE:
    """Each record once, with its person and their arm."""
    columns = (Enrolment.member_id, person_of().label("person_id"), Enrolment.arm)
    return select(*columns).where(Enrolment.journey_id == journey_id).distinct().cte("enrolled")


def channel_counts(session: Session, journey_ids: Collection[int]) -> dict[tuple[int, Channel], ChannelCounts]:
    """Message states and people's events by (journey, channel)."""
    states: dict[tuple[int, Channel], dict[MessageState, int]] = {}
    handed_over: dict[tuple[int, Channel], int] = {}
    rows = session.execute(
        select(Message.journey_id, Message.channel, Message.state, func.count(), func.count(Message.sent_at))
        .join(Enrolment, Enrolment.id == Message.enrolment_id)
        .where(Message.journey_id.in_(journey_ids), Enrolment.arm == Arm.TREATMENT)
        .group_by(Message.journey_id, Message.channel, Message.state)
    )
    for journey_id, channel, state, count, sent in rows:
        key = (journey_id, channel)
        states.setdefault(key, {})[state] = count
        handed_over[key] = handed_over.get(key, 0) + sent
    events = _events_by_channel(session, journey_ids)
    return {key: ChannelCounts(states[key], events.get(key, {}), handed_over[key]) for key in states}


def _events_by_channel(
    session: Session, journey_ids: Collection[int]
) -> dict[tuple[int, Channel], dict[MessageEventKind, int]]:
    events: dict[tuple[int, Channel], dict[MessageEventKind, int]] = {}
    rows = session.execute(
        select(
            Message.journey_id,
            Message.channel,
            MessageEvent.kind,
            func.count(MessageEvent.message_id.distinct()),
        )
        .join(Message, Message.id == MessageEvent.message_id)
        .where(
            Message.journey_id.in_(journey_ids),
            Message.state == MessageState.DELIVERED,
            MessageEvent.by_machine.is_(False),
        )
        .group_by(Message.journey_id, Message.channel, MessageEvent.kind)
    )
    for journey_id, channel, kind, count in rows:
        events.setdefault((journey_id, channel), {})[kind] = count
    return events


def redeemed(session: Session, span: CampaignSpan) -> Redeemed:
    issued = session.scalar(
        select(func.count(person_of().distinct()))
        .join_from(CouponGrant, Enrolment, Enrolment.id == CouponGrant.enrolment_id)
        .where(Enrolment.journey_id == span.journey_id, CouponGrant.state == GrantState.ISSUED)
    )
    enrolled = _enrolled(span.journey_id)
    row = session.execute(
        select(
            func.count(func.coalesce(enrolled.c.person_id, CouponRedemption.member_id).distinct()),
            func.count(CouponRedemption.id),
            func.coalesce(func.sum(CouponRedemption.discount_cents), 0),
            func.coalesce(func.sum(Coupon.unit_cost_cents), 0),
        )
        .join_from(CouponRedemption, Coupon, Coupon.id == CouponRedemption.coupon_id)
        .outerjoin(enrolled, enrolled.c.member_id == CouponRedemption.member_id)
        .where(
            CouponRedemption.journey_id == span.journey_id,
            CouponRedemption.redeemed_at >= span.starts_at,
            CouponRedemption.redeemed_at < span.until,
        )
    ).one()
    return Redeemed(issued or 0, row[0], row[1], int(row[2]), int(row[3]))


def quarter_counts(session: Session, span: CampaignSpan) -> list[QuarterCount]:
    """Deliveries, people's opens and clicks, and spend by arm, by quarter of an hour of the window."""
    counts: list[QuarterCount] = []
    delivered = quarter_of(Message.delivered_at)
    deliveries = session.execute(
        select(delivered, func.count())
        .where(
            Message.journey_id == span.journey_id,
            Message.state == MessageState.DELIVERED,
            Message.delivered_at < span.until,
        )
        .group_by(delivered)
    )
    counts += [_quarter_count(quarter, "delivered", count) for quarter, count in deliveries]
    first_event = (
        select(MessageEvent.kind, func.min(epoch_of(MessageEvent.occurred_at)).label("at"))
        .join(Message, Message.id == MessageEvent.message_id)
        .where(
            Message.journey_id == span.journey_id,
            Message.state == MessageState.DELIVERED,
            MessageEvent.by_machine.is_(False),
            MessageEvent.kind.in_([MessageEventKind.OPENED, MessageEventKind.CLICKED]),
            MessageEvent.occurred_at < span.until,
        )
        .group_by(MessageEvent.kind, MessageEvent.message_id)
        .cte("first_event")
    )
    seen = first_event.c.at // QUARTER_SECONDS
    events = session.execute(select(seen, first_event.c.kind, func.count()).group_by(seen, first_event.c.kind))
    counts += [_quarter_count(quarter, kind.value, count) for quarter, kind, count in events]
    enrolled = _enrolled(span.journey_id)
    ordered = quarter_of(Order.ordered_at)
    spend = session.execute(
        select(ordered, enrolled.c.arm, func.sum(Order.amount_cents))
        .join(enrolled, enrolled.c.member_id == Order.member_id)
        .where(Order.ordered_at >= span.starts_at, Order.ordered_at < span.until)
        .group_by(ordered, enrolled.c.arm)
    )
    return counts + [_quarter_count(quarter, arm.value, int(amount)) for quarter, arm, amount in spend]


def last_order_at(session: Session, now: datetime) -> datetime | None:
    """The moment up to which orders are known."""
    return session.scalar(select(func.max(Order.ordered_at)).where(Order.ordered_at < now))


def first_order_at(session: Session) -> datetime | None:
    return session.scalar(select(func.min(Order.ordered_at)))


def epoch_of(column: InstrumentedAttribute[datetime] | InstrumentedAttribute[datetime | None]) -> ColumnElement[int]:
    """The stored epoch seconds of a moment, for arithmetic in SQL."""
    return type_coerce(column, BigInteger)


def quarter_of(column: InstrumentedAttribute[datetime] | InstrumentedAttribute[datetime | None]) -> ColumnElement[int]:
    """Quarters of an hour since the epoch, to group by."""
    return epoch_of(column) // QUARTER_SECONDS


def quarter_start(number: int) -> datetime:
    return datetime.fromtimestamp(int(number) * QUARTER_SECONDS, UTC)


def _quarter_count(quarter: int, kind: str, amount: int) -> QuarterCount:
    return QuarterCount(quarter_start(quarter), kind, amount)
