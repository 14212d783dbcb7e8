"""Days on which benefits of members end."""

from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy import String, and_, cast, select
from sqlalchemy.orm import Session

from crm.key_dates import Holders, Keeping, KeyDate
from crm.loyalty.models import Coupon, CouponGrant, CouponRedemption, GrantState
from crm.words import Text

_GRANT, _COUPON, _USED = CouponGrant.__table__, Coupon.__table__, CouponRedemption.__table__
_IS_USED = select(_USED.c.id).where(_USED.c.coupon_id == _GRANT.c.coupon_id, _USED.c.member_id == _GRANT.c.member_id)


@dataclass(frozen=True)
class _Expiries:
    last_days: frozenset[date]
    """On which any coupon can be used for the last time."""

    @classmethod
    def read(cls, session: Session, _keeping: Keeping) -> "_Expiries":
        found = session.scalars(select(Coupon.valid_until).where(Coupon.valid_until.is_not(None)).distinct())
        return cls(frozenset(day for day in found if day is not None))

    def on(self, day: date, zone: ZoneInfo) -> Holders | None:
        if day not in self.last_days:
            return None
        is_theirs = and_(_GRANT.c.state == GrantState.ISSUED, _COUPON.c.valid_until == day)
        is_left = ~_IS_USED.correlate(_GRANT).exists()
        source = _GRANT.join(_COUPON, _COUPON.c.id == _GRANT.c.coupon_id)
        return Holders(source, _GRANT.c.member_id, and_(is_theirs, is_left), cast(_GRANT.c.id, String))


KEY_DATES = (
    KeyDate(
        name="coupon_expires",
        label="Last day of a coupon they hold",
        words=Text("last day of an unused coupon", "未用优惠券到期日"),
        read=_Expiries.read,
    ),
)
