"""Which coupon backs which promise. Pure decisions."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from crm.loyalty.models import Coupon, OfferKind

NEEDS_COUPON = frozenset({OfferKind.PERCENT_OFF, OfferKind.AMOUNT_OFF, OfferKind.FREE_SHIPPING, OfferKind.GIFT})
"""Offers that a member takes up with a coupon; points are credited by the points ledger."""


@dataclass(frozen=True)
class CouponStock:
    """A coupon and how many of it can still be promised."""

    code: str
    name: str
    value: int | None
    min_spend_cents: int | None
    unit_cost_cents: int
    available: int
    """0 once it is no longer valid."""

    @classmethod
    def of(cls, coupon: Coupon, on: date) -> "CouponStock":
        is_valid = coupon.valid_until is None or coupon.valid_until >= on
        return cls(
            code=coupon.code,
            name=coupon.name,
            value=coupon.value,
            min_spend_cents=coupon.min_spend_cents,
            unit_cost_cents=coupon.unit_cost_cents,
            available=coupon.stock_total - coupon.reserved - coupon.issued if is_valid else 0,
        )


def best_match(
    stocks: Iterable[CouponStock], *, value: int | None, min_spend_cents: int | None, item: str | None
) -> CouponStock | None:
    """The coupon that keeps exactly the promise: same value, no higher threshold, the item in its name.

    Of several the one with the closest threshold, then the fullest, then the first by code.
    """
    limit = min_spend_cents or 0
    fitting = [
        stock
        for stock in stocks
        if (value is None or stock.value == value)
        and (stock.min_spend_cents or 0) <= limit
        and (item is None or item.casefold() in f"{stock.name} {stock.code}".casefold())
    ]
    order = sorted(fitting, key=lambda stock: (limit - (stock.min_spend_cents or 0), -stock.available, stock.code))
    return order[0] if order else None
