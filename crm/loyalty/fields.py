"""What segments can ask of points and coupons."""

from collections.abc import Iterator

from crm.columns import stored
from crm.fields import (
    Aggregate,
    Collection,
    Fact,
    Field,
    Kind,
    Qualifier,
    Qualifiers,
    Record,
    RowColumns,
    Rows,
    Unit,
    Value,
)
from crm.loyalty.models import CouponRedemption, PointsAccount
from crm.words import Text

NO_ACCOUNT = "the member has no points account: no comparison holds, and neither does its opposite"

FIELDS = (
    Field(
        name="points_balance",
        kind=Kind.NUMBER,
        source=Value(stored(PointsAccount.balance), member_id=PointsAccount.member_id),
        label=Text("points balance", "积分余额"),
        words_en=("points", "points balance", "loyalty points"),
        words_zh=("积分", "积分余额"),
        unit=Unit.POINTS,
        missing=NO_ACCOUNT,
    ),
)


def coupon_fields(campaign: Qualifier) -> tuple[Field, ...]:
    """Fields over coupons; the campaigns room, which stands above, says what a campaign is called."""

    def redemptions(qualifiers: Qualifiers) -> RowColumns:
        names = qualifiers.get("campaign")
        return RowColumns(
            CouponRedemption.member_id,
            at=CouponRedemption.redeemed_at,
            conditions=() if names is None else (campaign.matches(CouponRedemption.journey_id, names),),
        )

    def facts(record: Record, qualifiers: Qualifiers) -> Iterator[Fact]:
        names = qualifiers.get("campaign")
        for redemption in record["redemptions"]:
            if names is None or redemption["campaign"] in names:
                yield Fact(redemption["id"], redemption["at"])

    return (
        Field(
            name="coupon.redeemed",
            kind=Kind.NUMBER,
            source=Rows(Aggregate.COUNT, redemptions, facts, qualifiers=(campaign,)),
            label=Text("number of coupons redeemed", "核销优惠券数"),
            words_en=("coupons redeemed", "redeemed a coupon", "coupon used", "used a coupon"),
            words_zh=("核销优惠券", "使用优惠券", "用券"),
            unit=Unit.COUNT,
        ),
    )


def coupon_collections(campaign: Qualifier) -> tuple[Collection, ...]:
    return (
        Collection(
            "redemptions",
            member_id=CouponRedemption.member_id,
            columns={
                "id": CouponRedemption.id,
                "at": CouponRedemption.redeemed_at,
                "coupon_id": CouponRedemption.coupon_id,
                "campaign": campaign.label(CouponRedemption.journey_id),
                "discount": CouponRedemption.discount_cents,
            },
            money=frozenset({"discount"}),
        ),
    )
