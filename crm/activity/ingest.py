"""Takes in orders as they arrive: checks them, adds those that are new, and keeps the facts of members equal.

Set-based from staging to facts. The same batch twice adds nothing the second time.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import (
    BigInteger,
    Column,
    Integer,
    MetaData,
    Select,
    String,
    Table,
    case,
    func,
    insert,
    literal,
    select,
    text,
)
from sqlalchemy.orm import Session

from crm.activity.facts import lock_facts, refresh_facts
from crm.activity.models import Order, OrderLine, Product
from crm.clock import local_day
from crm.members.changes import Change, mark_members_changed
from crm.members.models import Member

SOURCE = "import"
KNOWN = "known"
MAX_CENTS = 2_000_000_000
"""Of one order: what the column holds."""
REJECTED_SHOWN = 1_000
"""Rejected orders that are given back one by one; the rest is only counted."""

_METADATA = MetaData()
STAGED_ORDERS = Table(
    "staged_orders",
    _METADATA,
    Column("position", Integer, primary_key=True),
    Column("external_ref", String),
    Column("member_ref", String),
    Column("ordered_at", BigInteger),
    prefixes=["TEMPORARY"],
)
STAGED_LINES = Table(
    "staged_lines",
    _METADATA,
    Column("line", Integer, primary_key=True),
    Column("position", Integer),
    Column("product_ref", String),
    Column("quantity", Integer),
    Column("amount_cents", BigInteger),
    Column("discount_cents", BigInteger),
    prefixes=["TEMPORARY"],
)
JUDGED_ORDERS = Table(
    "judged_orders",
    _METADATA,
    Column("position", Integer, primary_key=True),
    Column("member_id", Integer),
    Column("amount_cents", BigInteger),
    Column("reason", String),
    prefixes=["TEMPORARY"],
)
"""What is to become of each staged order; without a reason against it, it is added."""


@dataclass(frozen=True)
class OrderBatch:
    """Orders as another system tells them, as columns of equal length, and their lines likewise."""

    external_refs: Sequence[str]
    """The order's key there; an order with a known key is not added again."""
    member_refs: Sequence[str]
    """`Member.external_ref` of who ordered."""
    ordered_at: Sequence[int]
    """Epoch seconds."""
    line_positions: Sequence[int]
    """To which order a line belongs, counted from 0."""
    product_refs: Sequence[str]
    """`Product.external_ref` of the line."""
    quantities: Sequence[int]
    amounts_cents: Sequence[int]
    """Paid for the line, after discounts."""
    discounts_cents: Sequence[int]


@dataclass(frozen=True)
class RejectedOrder:
    position: int
    """Of the order in the batch, counted from 0."""
    external_ref: str
    reason: str


@dataclass(frozen=True)
class Ingested:
    added: int
    known: int
    """Orders that were there already."""
    rejected_count: int
    rejected: tuple[RejectedOrder, ...]
    """The first of them, with reasons."""


def ingest_orders(session: Session, batch: OrderBatch, *, now: datetime, zone: ZoneInfo) -> Ingested:
    """Add the orders of a batch that are new and right; those that make no sense are given back with a reason.

    An order is wrong when its member or one of its products is not known, when it lies after `now`, when it
    has no line, a negative amount or more than MAX_CENTS, or when its key stands in the batch already.
    """
    lock_facts(session)
    connection = session.connection()
    _METADATA.create_all(connection)
    try:
        _stage(session, batch)
        session.execute(insert(JUDGED_ORDERS).from_select([c.name for c in JUDGED_ORDERS.c], _judged(now)))
        result = _outcome(session)
        _add(session)
        bought = select(JUDGED_ORDERS.c.member_id).where(JUDGED_ORDERS.c.reason.is_(None))
        mark_members_changed(session, bought, Change.ORDERS)
        refresh_facts(session, local_day(now, zone), zone)
    finally:
        _METADATA.drop_all(connection)
    return result


def _stage(session: Session, batch: OrderBatch) -> None:
    positions = range(len(batch.external_refs))
    _insert_rows(
        session, STAGED_ORDERS, zip(positions, batch.external_refs, batch.member_refs, batch.ordered_at, strict=True)
    )
    lines = range(len(batch.line_positions))
    amounts = (batch.quantities, batch.amounts_cents, batch.discounts_cents)
    _insert_rows(session, STAGED_LINES, zip(lines, batch.line_positions, batch.product_refs, *amounts, strict=True))


def _insert_rows(session: Session, table: Table, rows: Iterable[tuple[object, ...]]) -> None:
    # Straight to the driver: a statement of ours would cost more than all that follows.
    connection = session.connection()
    mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"
    names = ", ".join(column.name for column in table.c)
    values = ", ".join([mark] * len(table.c))
    if listed := list(rows):
        connection.exec_driver_sql(f"INSERT INTO {table.name} ({names}) VALUES ({values})", listed)  # noqa: S608


def _judged(now: datetime) -> Select[int, int, int, str]:
    """One row a staged order: position, member, amount, and what speaks against it."""
    lines = (
        select(
            STAGED_LINES.c.position,
            func.sum(STAGED_LINES.c.amount_cents).label("amount_cents"),
            func.min(STAGED_LINES.c.amount_cents).label("least_cents"),
            (func.count() - func.count(Product.id)).label("unknown_products"),
        )
        .outerjoin(Product, Product.external_ref == STAGED_LINES.c.product_ref)
        .group_by(STAGED_LINES.c.position)
        .subquery()
    )
    staged = STAGED_ORDERS.c
    nth = func.row_number().over(partition_by=staged.external_ref, order_by=staged.position)
    reason = case(
        (Order.id.is_not(None), KNOWN),
        (nth > 1, "the key stands in this batch already"),
        (Member.id.is_(None), "there is no such member"),
        (staged.ordered_at > int(now.timestamp()), "it lies in the future"),
        (lines.c.position.is_(None), "it has no line"),
        (lines.c.unknown_products > 0, "there is no such product"),
        (lines.c.least_cents < 0, "an amount is negative"),
        (lines.c.amount_cents > MAX_CENTS, "its amounts come to more than 20 million"),
    )
    return (
        select(staged.position, Member.id, lines.c.amount_cents, reason)
        .outerjoin(Member, Member.external_ref == staged.member_ref)
        .outerjoin(Order, Order.external_ref == staged.external_ref)
        .outerjoin(lines, lines.c.position == staged.position)
    )


def _outcome(session: Session) -> Ingested:
    counts = session.execute(
        select(
            func.count().filter(JUDGED_ORDERS.c.reason.is_(None)),
            func.count().filter(JUDGED_ORDERS.c.reason == KNOWN),
            func.count().filter(JUDGED_ORDERS.c.reason != KNOWN),
        )
    ).one()
    shown = (
        select(STAGED_ORDERS.c.position, STAGED_ORDERS.c.external_ref, JUDGED_ORDERS.c.reason)
        .join(STAGED_ORDERS, STAGED_ORDERS.c.position == JUDGED_ORDERS.c.position)
        .where(JUDGED_ORDERS.c.reason != KNOWN)
        .order_by(JUDGED_ORDERS.c.position)
        .limit(REJECTED_SHOWN)
    )
    return Ingested(*counts, tuple(RejectedOrder(*row) for row in session.execute(shown)))


def _add(session: Session) -> None:
    """Write the accepted orders and their lines. `lock_facts` is held, so nobody else numbers orders."""
    highest = session.scalar(select(func.coalesce(func.max(Order.id), 0))) or 0
    accepted, order_id = JUDGED_ORDERS.c, JUDGED_ORDERS.c.position + highest + 1
    staged, is_accepted = STAGED_ORDERS.c, JUDGED_ORDERS.c.reason.is_(None)
    orders = (
        select(
            order_id, staged.external_ref, accepted.member_id, staged.ordered_at, accepted.amount_cents, literal(SOURCE)
        )
        .join(STAGED_ORDERS, staged.position == accepted.position)
        .where(is_accepted)
        .order_by(accepted.position)
    )
    columns = ["id", "external_ref", "member_id", "ordered_at", "amount_cents", "source"]
    session.execute(insert(Order).from_select(columns, orders, include_defaults=False))
    line = STAGED_LINES.c
    lines = (
        select(
            order_id,
            accepted.member_id,
            staged.ordered_at,
            Product.id,
            Product.category,
            line.quantity,
            line.amount_cents,
            line.discount_cents,
        )
        .select_from(STAGED_LINES)
        .join(JUDGED_ORDERS, accepted.position == line.position)
        .join(STAGED_ORDERS, staged.position == line.position)
        .join(Product, Product.external_ref == line.product_ref)
        .where(is_accepted)
        .order_by(line.line)
    )
    columns = ["order_id", "member_id", "ordered_at", "product_id", "category"]
    columns += ["quantity", "amount_cents", "discount_cents"]
    session.execute(insert(OrderLine).from_select(columns, lines, include_defaults=False))
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT setval(pg_get_serial_sequence('orders', 'id'), (SELECT max(id) FROM orders))"))
