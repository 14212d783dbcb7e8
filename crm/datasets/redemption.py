"""Which orders of a simulated world are paid with a coupon that a campaign issued.

Somebody who orders because of a message nearly always uses its coupon; somebody who would have ordered
anyway uses one he holds in three of ten cases. So redemptions are far from all incremental.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from sqlalchemy import BigInteger, select, type_coerce, update
from sqlalchemy.orm import Session

from crm.activity.models import Order, OrderLine
from crm.bulk import insert_columns, table_of
from crm.datasets.bulk import highest_id
from crm.datasets.randomness import Floats, Ints, uniform
from crm.loyalty.models import Coupon, CouponGrant, CouponRedemption, GrantState, OfferKind
from crm.outreach.models import Enrolment

USED_IF_CAUSED, USED_IF_OWN = 0.9, 0.3
VALID_SECONDS = 30 * 86_400
"""A coupon is used within 30 days after it was issued, or not at all."""
SMALLEST_PAYMENT_CENTS = 100


@dataclass(frozen=True)
class Grants:
    """Issued coupons that were not redeemed yet, one entry each, in order of grant."""

    coupon_id: Ints
    member_id: Ints
    journey_id: Ints
    issued_at: Ints
    kind: list[OfferKind]
    value: Ints
    min_spend_cents: Ints


@dataclass(frozen=True)
class Purchase:
    """An order that a coupon may be used in, at its price before the coupon."""

    order_id: int
    member_id: int
    ordered_at: int
    amount_cents: int
    is_caused: bool


@dataclass(frozen=True)
class Use:
    purchase: Purchase
    grant: int
    """Index into the grants."""
    discount_cents: int


def redeem(session: Session, seed: int, purchases: list[Purchase]) -> int:
    """Let these orders, in order of time, use the coupons their members hold; gives how many were used."""
    if not purchases:
        return 0
    grants = _open_grants(session, issued_from=purchases[0].ordered_at - VALID_SECONDS)
    uses = choose(seed, purchases, grants)
    if not uses:
        return 0
    used, last = [use.grant for use in uses], highest_id(session, CouponRedemption)
    redeemed = insert_columns(
        session,
        CouponRedemption,
        {
            "coupon_id": grants.coupon_id[used],
            "member_id": grants.member_id[used],
            "journey_id": grants.journey_id[used],
            "order_id": [use.purchase.order_id for use in uses],
            "redeemed_at": [use.purchase.ordered_at for use in uses],
            "discount_cents": [use.discount_cents for use in uses],
        },
    )
    _take_off(session, since=last)
    return redeemed


def _take_off(session: Session, *, since: int) -> None:
    """Take the discounts of the redemptions after the id `since` off what their orders cost.

    One statement each: within a savepoint SQLite walks its whole journal at the end of every statement.
    """
    orders, lines, redeemed = table_of(Order), table_of(OrderLine), table_of(CouponRedemption)
    discount, is_new = redeemed.c.discount_cents, redeemed.c.id > since
    paid = update(orders).where(orders.c.id == redeemed.c.order_id, is_new)
    session.execute(paid.values(amount_cents=orders.c.amount_cents - discount))
    of_line = update(lines).where(lines.c.order_id == redeemed.c.order_id, is_new)
    session.execute(
        of_line.values(amount_cents=lines.c.amount_cents - discount, discount_cents=lines.c.discount_cents + discount)
    )


def choose(seed: int, purchases: list[Purchase], grants: Grants) -> list[Use]:
    """At most one coupon an order, each coupon once; earlier orders and earlier grants come first."""
    by_member: dict[int, list[int]] = {}
    for index, member_id in enumerate(grants.member_id.tolist()):
        by_member.setdefault(member_id, []).append(index)
    holders = [purchase for purchase in purchases if purchase.member_id in by_member]
    chances = _chances(seed, holders)
    uses: list[Use] = []
    for purchase, chance in zip(holders, chances.tolist(), strict=True):
        if chance >= (USED_IF_CAUSED if purchase.is_caused else USED_IF_OWN):
            continue
        held = by_member[purchase.member_id]
        fitting = next((index for index in held if _fits(purchase, grants, index)), None)
        if fitting is not None:
            held.remove(fitting)
            uses.append(Use(purchase, fitting, _discount(purchase, grants, fitting)))
    return uses


def _chances(seed: int, purchases: list[Purchase]) -> Floats:
    members = np.array([purchase.member_id for purchase in purchases], dtype=np.int64)
    moments = np.array([purchase.ordered_at for purchase in purchases], dtype=np.int64)
    return uniform(seed, "coupon used", members, moments)


def _fits(purchase: Purchase, grants: Grants, index: int) -> bool:
    since_issue = purchase.ordered_at - int(grants.issued_at[index])
    return 0 < since_issue <= VALID_SECONDS and purchase.amount_cents >= grants.min_spend_cents[index]


def _discount(purchase: Purchase, grants: Grants, index: int) -> int:
    value = int(grants.value[index])
    if grants.kind[index] is OfferKind.PERCENT_OFF:
        discount = purchase.amount_cents * value // 100
    elif grants.kind[index] is OfferKind.AMOUNT_OFF:
        discount = value
    else:
        discount = 0
    return max(0, min(discount, purchase.amount_cents - SMALLEST_PAYMENT_CENTS))


def _open_grants(session: Session, *, issued_from: int) -> Grants:
    since = datetime.fromtimestamp(issued_from, UTC)
    redeemed = set(
        session.execute(
            select(CouponRedemption.coupon_id, CouponRedemption.member_id, CouponRedemption.journey_id).where(
                CouponRedemption.redeemed_at >= since
            )
        ).all()
    )
    rows = session.execute(
        select(
            CouponGrant.coupon_id,
            CouponGrant.member_id,
            Enrolment.journey_id,
            type_coerce(CouponGrant.changed_at, BigInteger),
            Coupon.kind,
            Coupon.value,
            Coupon.min_spend_cents,
        )
        .join(Enrolment, Enrolment.id == CouponGrant.enrolment_id)
        .join(Coupon, Coupon.id == CouponGrant.coupon_id)
        .where(CouponGrant.state == GrantState.ISSUED, CouponGrant.changed_at >= since)
        .order_by(CouponGrant.id)
    )
    opened = [row for row in rows if row[:3] not in redeemed]

    def column(index: int) -> Ints:
        return np.array([row[index] or 0 for row in opened], dtype=np.int64)

    return Grants(column(0), column(1), column(2), column(3), [row[4] for row in opened], column(5), column(6))
