"""What members do with their benefits."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, select

from crm.events import Event, EventQualifier, EventRows
from crm.loyalty.models import Coupon, CouponRedemption
from crm.words import Text

_USED = CouponRedemption.__table__


def _is_of(codes: Sequence[str]) -> ColumnElement[bool]:
    return _USED.c.coupon_id.in_(select(Coupon.id).where(Coupon.code.in_(codes)))


EVENTS = (
    Event(
        name="redeemed",
        label="Redeemed a coupon",
        words=Text("redeems a coupon", "核销优惠券"),
        rows=EventRows(_USED, _USED.c.id, _USED.c.member_id, _USED.c.redeemed_at),
        qualifiers=(
            EventQualifier(
                name="coupon_code",
                label="Of redemptions: coupon",
                of="redemptions",
                noun="coupon",
                words=Text("redeems the coupon {value}", "核销优惠券 {value}"),
                condition=_is_of,
                values=select(Coupon.code).order_by(Coupon.code),
                any_value="any coupon",
            ),
        ),
    ),
)
