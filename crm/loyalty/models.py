"""Tiers, points, coupons: what members may get, and the stock of it."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from crm.database import Base


class Tier(Base):
    __tablename__ = "tiers"

    name: Mapped[str] = mapped_column(primary_key=True)
    rank: Mapped[int] = mapped_column(unique=True)
    """1 is the lowest."""
    min_spend_cents: Mapped[int]
    """Spend of the last 12 months from which the tier is held."""


class PointsAccount(Base):
    __tablename__ = "points_accounts"

    member_id: Mapped[int] = mapped_column(ForeignKey("members.id"), primary_key=True)
    balance: Mapped[int]


class OfferKind(StrEnum):
    PERCENT_OFF = "percent_off"
    AMOUNT_OFF = "amount_off"
    FREE_SHIPPING = "free_shipping"
    POINTS_BONUS = "points_bonus"
    POINTS_MULTIPLIER = "points_multiplier"
    GIFT = "gift"


class Coupon(Base):
    """A benefit with a stock. `reserved + issued <= stock_total` always, by the database."""

    __tablename__ = "coupons"
    __table_args__ = (
        CheckConstraint("reserved >= 0 AND issued >= 0 AND reserved + issued <= stock_total", name="stock_adds_up"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    kind: Mapped[OfferKind]
    value: Mapped[int | None]
    """Percent, minor units of money, points or factor, by kind; None where the kind has no value."""
    min_spend_cents: Mapped[int | None]
    unit_cost_cents: Mapped[int]
    """What one redemption costs us beyond the discount itself (a gift's cost); 0 for discounts."""
    stock_total: Mapped[int]
    reserved: Mapped[int] = mapped_column(default=0)
    issued: Mapped[int] = mapped_column(default=0)
    valid_until: Mapped[date | None]


class GrantState(StrEnum):
    RESERVED = "reserved"
    ISSUED = "issued"
    RELEASED = "released"


class CouponGrant(Base):
    """One coupon for one enrolment: reserved on planning, issued on delivery, released on failure."""

    __tablename__ = "coupon_grants"
    __table_args__ = (UniqueConstraint("enrolment_id", "coupon_id"), Index(None, "coupon_id", "state"))

    id: Mapped[int] = mapped_column(primary_key=True)
    coupon_id: Mapped[int] = mapped_column(ForeignKey("coupons.id"))
    member_id: Mapped[int] = mapped_column(ForeignKey("members.id"), index=True)
    enrolment_id: Mapped[int]
    """The journey enrolment it was granted for (outreach owns that table)."""
    step_key: Mapped[str | None]
    """The step whose messages bring it; None: whichever message of the enrolment arrives first."""
    state: Mapped[GrantState]
    changed_at: Mapped[datetime]


class CouponRedemption(Base):
    """A coupon used in a purchase."""

    __tablename__ = "coupon_redemptions"
    __table_args__ = (Index(None, "member_id", "redeemed_at"), Index(None, "redeemed_at"))

    id: Mapped[int] = mapped_column(primary_key=True)
    coupon_id: Mapped[int] = mapped_column(ForeignKey("coupons.id"), index=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("members.id"))
    journey_id: Mapped[int | None] = mapped_column(index=True)
    """The campaign's journey that the coupon came from (outreach owns that table)."""
    order_id: Mapped[int | None] = mapped_column(ForeignKey("orders.id"))
    redeemed_at: Mapped[datetime]
    discount_cents: Mapped[int]
    """Taken off by the coupon; 0 when the source does not say."""
