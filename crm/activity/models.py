"""What members did: orders with their lines, events, and the activity derived from them."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    Column,
    Computed,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Table,
)
from sqlalchemy.orm import Mapped, mapped_column

from crm.activity.fact_window import EVENT_STARTS, ORDER_STARTS
from crm.database import Base, UtcDateTime


class Product(Base):
    __tablename__ = "products"

    id: Mapped[int] = mapped_column(primary_key=True)
    external_ref: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    category: Mapped[str] = mapped_column(index=True)
    department: Mapped[str | None]
    brand: Mapped[str | None]


class Order(Base):
    """One purchase. The amount is what the member paid; the lines add up to it."""

    __tablename__ = "orders"
    __table_args__ = (
        Index(None, "member_id", "ordered_at", "amount_cents"),
        Index(None, "ordered_at", "member_id", "amount_cents"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    external_ref: Mapped[str | None] = mapped_column(unique=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("members.id"))
    ordered_at: Mapped[datetime]
    amount_cents: Mapped[int]
    source: Mapped[str]
    """`import`, or `simulated` for what the demo world's response model made."""


class OrderLine(Base):
    """One product in an order. Member and moment are repeated here so that category windows need no join."""

    __tablename__ = "order_lines"
    __table_args__ = (
        Index(None, "order_id"),
        Index("ix_order_lines_of_category", "category", "member_id", "ordered_at", "amount_cents", "order_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    member_id: Mapped[int] = mapped_column(ForeignKey("members.id"))
    ordered_at: Mapped[datetime]
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"))
    category: Mapped[str]
    quantity: Mapped[int]
    amount_cents: Mapped[int]
    """Paid for the line, after discounts."""
    discount_cents: Mapped[int]
    """Discounts taken off the line, 0 or more."""


class EventKind(StrEnum):
    VISIT = "visit"
    SERVICE = "service"
    PARTICIPATION = "participation"
    FEEDBACK = "feedback"


class ActivityEvent(Base):
    __tablename__ = "activity_events"
    __table_args__ = (Index(None, "member_id", "occurred_at"), Index(None, "occurred_at", "member_id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("members.id"))
    kind: Mapped[EventKind]
    occurred_at: Mapped[datetime]


class MemberActivity(Base):
    """One row a member: the activity score and its trend, as of a local day. See activity/rules.py."""

    __tablename__ = "member_activity"

    member_id: Mapped[int] = mapped_column(ForeignKey("members.id"), primary_key=True)
    as_of_on: Mapped[date]
    score: Mapped[float]
    """0 to 100."""
    declining_weeks: Mapped[int]
    """How many weeks in a row the activity has fallen, 0 when it has not."""


COPIED_FROM_MEMBER = ("tier", "joined_at")
"""Columns of members that their facts repeat, so that one index holds all that common questions ask."""

MEMBER_FACTS = Table(
    "member_facts",
    Base.metadata,
    Column("member_id", primary_key=True, autoincrement=False),
    Column("tier", String, nullable=False),
    Column("joined_at", UtcDateTime, nullable=False),
    Column("order_count", Integer, nullable=False),
    Column("spend_cents", BigInteger, nullable=False),
    Column("first_order_at", UtcDateTime),
    Column("last_order_at", UtcDateTime),
    *(Column(f"orders_{name}", Integer, nullable=False) for name in ORDER_STARTS),
    *(Column(f"spend_{name}", BigInteger, nullable=False) for name in ORDER_STARTS),
    *(Column(f"events_{name}", Integer, nullable=False) for name in EVENT_STARTS),
    Column(
        "weekly_activity_ratio",
        Float,
        Computed(
            "CAST((events_7d - events_0d) * 4 AS FLOAT) / NULLIF(events_35d - events_7d, 0)",
            persisted=True,
        ),
    ),
    # The database itself carries a change of the member's own columns over.
    ForeignKeyConstraint(
        ["member_id", "tier", "joined_at"],
        ["members.id", "members.tier", "members.joined_at"],
        name="fk_member_facts_member",
        onupdate="CASCADE",
        ondelete="CASCADE",
    ),
    Index(None, "tier", "last_order_at"),
    Index(None, "tier", "joined_at"),
    Index(None, "tier", "spend_90d"),
    Index(None, "spend_12m", "last_order_at"),
    Index(None, "spend_this_year", "last_order_at"),
    Index(None, "last_order_at", "joined_at"),
    Index(None, "weekly_activity_ratio"),
)
"""One row a member: orders and events added up since each of the kept starts (crm/activity/fact_window.py).

Columns `orders_<start>`, `spend_<start>` (cents) and `events_<start>` count the rows from that local day on,
as seen from `FactsState.as_of_on`; the others cover the whole lifetime. `weekly_activity_ratio` compares the
week that ended yesterday with the mean of the four before it. Written by crm/activity/facts.py only.
"""


class MemberCategory(Base):
    """What a member bought of one category over the whole lifetime."""

    __tablename__ = "member_categories"
    __table_args__ = (Index(None, "category", "last_at", "member_id"), {"sqlite_with_rowid": False})

    member_id: Mapped[int] = mapped_column(ForeignKey("members.id", ondelete="CASCADE"), primary_key=True)
    category: Mapped[str] = mapped_column(primary_key=True)
    order_count: Mapped[int]
    spend_cents: Mapped[int] = mapped_column(BigInteger)
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]


class FactsState(Base):
    """The one row that says what the facts of members stand for."""

    __tablename__ = "facts_state"

    id: Mapped[int] = mapped_column(primary_key=True)
    as_of_on: Mapped[date]
    """The local day from which the kept starts are seen."""
    zone_name: Mapped[str]
    last_member_id: Mapped[int]
    """Members up to this id have a row; orders and events up to the next ids are added up."""
    last_order_id: Mapped[int]
    last_event_id: Mapped[int]
