"""What members did: orders with their lines, events, and the activity derived from them."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from crm.database import Base


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
        Index(None, "category", "member_id", "ordered_at", "amount_cents"),
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
