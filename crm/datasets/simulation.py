"""Lets the members of a simulated workspace live: their own orders and visits, and their answers to messages.

The model: `response` says what messages cause, `shoppers` what members do anyway, `redemption` which orders
use a coupon. Every draw is a hash of what it is for, so that walking in one step or in many gives the same
world. Orders are marked `simulated`; those that a message caused bear its keys in `external_ref`
(`caused-...`), which no rule of the product reads, so that evaluations know the truth.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import BigInteger, select, type_coerce
from sqlalchemy.orm import Session

from crm.activity.facts import lock_facts
from crm.activity.models import ActivityEvent, Order, OrderLine
from crm.bulk import insert_columns
from crm.channels import SENDABLE_CHANNELS
from crm.clock import day_end, local_day
from crm.database import Sessions, read_only, unit_of_work
from crm.datasets.bulk import highest_id, move_sequences
from crm.datasets.change_log import marking_new_rows
from crm.datasets.days import LocalDays
from crm.datasets.randomness import Ints, mix, uniform
from crm.datasets.redemption import Purchase, redeem
from crm.datasets.response import HORIZON_DAYS, NEVER, Delivered, Responses, respond, step_key
from crm.datasets.shoppers import Shoppers, read_shoppers
from crm.errors import Conflict
from crm.outreach.models import Journey, Message, MessageEvent, MessageEventKind, MessageState
from crm.outreach.opt_out import opt_out
from crm.workspace import get_workspace

DEFAULT_SEED = 7
CAUSED = "caused-"
"""How the reference of an order begins that would not exist without a message."""


@dataclass(frozen=True)
class Lived:
    """What happened."""

    orders: int = 0
    caused_orders: int = 0
    """Of the orders: those that a message caused."""
    opens: int = 0
    clicks: int = 0
    opt_outs: int = 0
    redemptions: int = 0

    def __add__(self, other: "Lived") -> "Lived":
        return Lived(*(getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__))


@dataclass(frozen=True)
class World:
    """What does not change while members live."""

    seed: int
    zone: ZoneInfo
    shoppers: Shoppers
    silent_ids: frozenset[int] = frozenset()
    """Members who answer nothing, because their history is scripted."""
    benefit_journeys: dict[int, bool] = field(default_factory=dict)


def read_world(session: Session) -> World:
    """Raises Conflict for a workspace with real data."""
    workspace = get_workspace(session)
    if not workspace.is_simulated:
        raise Conflict("this workspace holds real data; nobody's behaviour is made up in it")
    return World(int(workspace.origin.get("seed", DEFAULT_SEED)), workspace.zone, read_shoppers(session))


def simulate_until(sessions: Sessions, *, since: datetime, until: datetime) -> Lived:
    """Let members live from `since` (exclusive) to `until` (inclusive), one transaction a local day.

    Each moment may be lived once: callers go on where the last call ended. Raises Conflict for a
    workspace with real data.
    """
    with read_only(sessions) as session:
        world = read_world(session)
    lived = Lived()
    for start, end in by_local_day(since, until, world.zone):
        with unit_of_work(sessions) as session:
            lived += live(session, world, start, end)
    return lived


def by_local_day(since: datetime, until: datetime, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
    """The span cut at local midnights."""
    start = since
    while start < until:
        end = min(day_end(local_day(start, zone), zone), until)
        yield start, end
        start = end


def live(session: Session, world: World, since: datetime, until: datetime, *, own_life: bool = True) -> Lived:
    """Members answer messages and, with `own_life`, order and visit on their own.

    With `own_life` the span must lie within one local day.
    """
    lock_facts(session)
    with marking_new_rows(session):
        return _live(session, world, since, until, own_life=own_life)


def _live(session: Session, world: World, since: datetime, until: datetime, *, own_life: bool) -> Lived:
    first = local_day(since, world.zone) - timedelta(days=HORIZON_DAYS + 2)
    days = LocalDays(first, local_day(until, world.zone) + timedelta(days=HORIZON_DAYS + 2), world.zone)
    span = _Span(
        int(since.timestamp()), int(until.timestamp()), int(days.index_of(np.array([int(since.timestamp())]))[0])
    )
    message_ids, delivered = _delivered(session, world, since, until)
    responses = respond(world.seed, delivered, days)
    lived = _note_events(session, message_ids, delivered, responses, span)
    orders = _caused_orders(world, delivered, responses, span)
    if own_life:
        orders = _joined(_own_orders(world, days, span), orders)
        _write_visits(session, world, days, span)
    if not world.shoppers.has_goods:
        return lived
    written = _write_orders(session, world, orders)
    redemptions = redeem(session, world.seed, _purchases(session, span, written))
    move_sequences(session, (Order, OrderLine))
    return lived + Lived(orders=len(written), caused_orders=int(orders.is_caused.sum()), redemptions=redemptions)


@dataclass(frozen=True)
class _Span:
    since: int
    until: int
    day: int
    """Index of the local day it lies in."""

    def holds(self, moments: Ints) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
        return (moments > self.since) & (moments <= self.until)


@dataclass(frozen=True)
class _Orders:
    """One entry an order; `member` is an index into the shoppers."""

    member: Ints
    ordered_at: Ints
    is_caused: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]
    key: Ints
    """Unique number: the message's keys, or the member's day."""


def _delivered(session: Session, world: World, since: datetime, until: datetime) -> tuple[Ints, Delivered]:
    """Messages that may still be answered."""
    rows = session.execute(
        select(
            Message.id,
            Message.member_id,
            Message.journey_id,
            Message.step_key,
            Message.channel,
            type_coerce(Message.delivered_at, BigInteger),
        )
        .where(
            Message.state == MessageState.DELIVERED,
            Message.channel.in_(SENDABLE_CHANNELS),
            Message.delivered_at > since - timedelta(days=HORIZON_DAYS),
            Message.delivered_at <= until,
            Message.member_id.not_in(world.silent_ids),
        )
        .order_by(Message.id)
    ).all()
    member_ids = np.array([row[1] for row in rows], dtype=np.int64)
    journey_ids = np.array([row[2] for row in rows], dtype=np.int64)
    preferred = world.shoppers.preferred_channel
    members = world.shoppers.index_of(member_ids).tolist()
    has_benefit = _with_benefits(session, world, set(journey_ids.tolist()))
    delivered = Delivered(
        member_id=member_ids,
        journey_id=journey_ids,
        step=np.array([step_key(row[3]) for row in rows], dtype=np.int64),
        channel=np.array([SENDABLE_CHANNELS.index(row[4]) for row in rows], dtype=np.int64),
        delivered_at=np.array([row[5] for row in rows], dtype=np.int64),
        is_preferred=np.array([preferred[m] == row[4].value for m, row in zip(members, rows, strict=True)], dtype=bool),
        has_benefit=np.array([has_benefit[journey_id] for journey_id in journey_ids.tolist()], dtype=bool),
    )
    return np.array([row[0] for row in rows], dtype=np.int64), delivered


def _with_benefits(session: Session, world: World, journey_ids: set[int]) -> dict[int, bool]:
    known = world.benefit_journeys
    unknown = journey_ids - known.keys()
    for journey in session.scalars(select(Journey).where(Journey.id.in_(unknown))):
        known[journey.id] = bool(journey.spec.get("benefits", {}).get("words"))
    return known


def _note_events(session: Session, message_ids: Ints, delivered: Delivered, responses: Responses, span: _Span) -> Lived:
    kinds = (
        (MessageEventKind.OPENED, responses.machine_opened_at, True),
        (MessageEventKind.OPENED, responses.opened_at, False),
        (MessageEventKind.CLICKED, responses.clicked_at, False),
    )
    counts = []
    for kind, moments, by_machine in kinds:
        now = span.holds(moments)
        counts.append(int(now.sum()))
        insert_columns(
            session,
            MessageEvent,
            {
                "message_id": message_ids[now],
                "member_id": delivered.member_id[now],
                "kind": [kind.value] * counts[-1],
                "occurred_at": moments[now],
                "by_machine": np.full(counts[-1], by_machine),
            },
        )
    leaving = span.holds(responses.opted_out_at)
    leavers = (message_ids[leaving], delivered.channel[leaving], responses.opted_out_at[leaving])
    for message_id, channel, moment in zip(*(column.tolist() for column in leavers), strict=True):
        opt_out(session, message_id, [SENDABLE_CHANNELS[channel]], datetime.fromtimestamp(moment, UTC))
    return Lived(opens=counts[1], clicks=counts[2], opt_outs=int(leaving.sum()))


def _caused_orders(world: World, delivered: Delivered, responses: Responses, span: _Span) -> _Orders:
    now = span.holds(responses.ordered_at) & (responses.ordered_at != NEVER)
    keys = mix(world.seed, "caused order", *(key[now] for key in delivered.keys))
    return _Orders(
        member=world.shoppers.index_of(delivered.member_id[now]),
        ordered_at=responses.ordered_at[now],
        is_caused=np.ones(int(now.sum()), dtype=bool),
        key=(keys >> np.uint64(1)).astype(np.int64),
    )


def _own_orders(world: World, days: LocalDays, span: _Span) -> _Orders:
    """At most one order of a member's own a day, with the chance that his rate gives."""
    shoppers, day = world.shoppers, _date_number(days, span.day)
    chance = 1.0 - np.exp(-shoppers.orders_a_day)
    buyers = np.flatnonzero(uniform(world.seed, "own order", shoppers.ids, day) < chance)
    hour = uniform(world.seed, "own order hour", shoppers.ids[buyers], day)
    moments = days.shopping_time(np.full(len(buyers), span.day, dtype=np.int64), hour)
    now = span.holds(moments)
    keys = mix(world.seed, "own order key", shoppers.ids[buyers[now]], day)
    return _Orders(
        member=buyers[now].astype(np.int64),
        ordered_at=moments[now],
        is_caused=np.zeros(int(now.sum()), dtype=bool),
        key=(keys >> np.uint64(1)).astype(np.int64),
    )


def _write_visits(session: Session, world: World, days: LocalDays, span: _Span) -> None:
    """Visits and other events, at most one of each kind a member and day."""
    shoppers, day = world.shoppers, _date_number(days, span.day)
    for kind, rate in shoppers.events_a_day.items():
        chance = 1.0 - np.exp(-rate)
        members = np.flatnonzero(uniform(world.seed, f"own {kind}", shoppers.ids, day) < chance)
        hour = uniform(world.seed, f"own {kind} hour", shoppers.ids[members], day)
        moments = days.shopping_time(np.full(len(members), span.day, dtype=np.int64), hour)
        now = span.holds(moments)
        insert_columns(
            session,
            ActivityEvent,
            {
                "member_id": shoppers.ids[members[now]],
                "kind": [kind.value] * int(now.sum()),
                "occurred_at": moments[now],
            },
        )


def _joined(one: _Orders, other: _Orders) -> _Orders:
    return _Orders(
        *(np.concatenate([getattr(one, name), getattr(other, name)]) for name in _Orders.__dataclass_fields__)
    )


def _write_orders(session: Session, world: World, orders: _Orders) -> dict[int, bool]:
    """Insert orders of one line each; gives, by id, whether a message caused it."""
    in_time = np.lexsort((orders.key, orders.ordered_at))
    member, ordered_at = orders.member[in_time], orders.ordered_at[in_time]
    is_caused = orders.is_caused[in_time]
    shoppers = world.shoppers
    ids = highest_id(session, Order) + 1 + np.arange(len(member), dtype=np.int64)
    amounts = shoppers.amounts(world.seed, "simulated", member, ordered_at)
    insert_columns(
        session,
        Order,
        {
            "id": ids,
            "external_ref": [
                f"{CAUSED if caused else 'own-'}{key}"
                for caused, key in zip(is_caused.tolist(), orders.key[in_time].tolist(), strict=True)
            ],
            "member_id": shoppers.ids[member],
            "ordered_at": ordered_at,
            "amount_cents": amounts,
            "source": ["simulated"] * len(member),
        },
    )
    choice = shoppers.choices(world.seed, "simulated", member, ordered_at)
    insert_columns(
        session,
        OrderLine,
        {
            "id": highest_id(session, OrderLine) + 1 + np.arange(len(member), dtype=np.int64),
            "order_id": ids,
            "member_id": shoppers.ids[member],
            "ordered_at": ordered_at,
            "product_id": shoppers.bought_product_id[choice],
            "category": [shoppers.bought_category[index] for index in choice.tolist()],
            "quantity": np.ones(len(member), dtype=np.int64),
            "amount_cents": amounts,
            "discount_cents": np.zeros(len(member), dtype=np.int64),
        },
    )
    return dict(zip(ids.tolist(), is_caused.tolist(), strict=True))


def _purchases(session: Session, span: _Span, written: dict[int, bool]) -> list[Purchase]:
    """Every order of the span, in order of time."""
    since, until = datetime.fromtimestamp(span.since, UTC), datetime.fromtimestamp(span.until, UTC)
    rows = session.execute(
        select(Order.id, Order.member_id, type_coerce(Order.ordered_at, BigInteger), Order.amount_cents)
        .where(Order.ordered_at > since, Order.ordered_at <= until)
        .order_by(Order.ordered_at, Order.id)
    )
    return [Purchase(*row, is_caused=written.get(row[0], False)) for row in rows]


def _date_number(days: LocalDays, index: int) -> int:
    return (days.first + timedelta(days=index)).toordinal()
