"""What segments can ask of points, coupons and the stored scores of a member."""

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
from crm.loyalty.models import CouponRedemption, MemberScore, PointsAccount
from crm.words import Text

STAGES = ("new", "active", "potential", "vip", "dormant")

NOT_SCORED = "not scored yet: no comparison holds, and neither does its opposite"
NO_STAGE = "counts as none of the values: `in` leaves the member out, `not_in` keeps the member"
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
    Field(
        name="lifecycle_stage",
        kind=Kind.CHOICE,
        source=Value(stored(MemberScore.lifecycle_stage), member_id=MemberScore.member_id),
        label=Text("lifecycle stage", "生命周期阶段"),
        words_en=("lifecycle stage", "stage", "lifecycle"),
        words_zh=("生命周期", "生命周期阶段", "阶段"),
        missing=NO_STAGE,
        values=STAGES,
        values_zh={"new": "新客", "active": "活跃", "potential": "潜力", "vip": "VIP", "dormant": "沉睡"},
    ),
    Field(
        name="churn_risk",
        kind=Kind.NUMBER,
        source=Value(stored(MemberScore.churn_risk), member_id=MemberScore.member_id),
        label=Text("churn risk", "流失风险"),
        words_en=("churn risk", "churn probability", "risk of leaving", "likely to churn"),
        words_zh=("流失风险", "流失概率"),
        unit=Unit.PROBABILITY,
        missing=NOT_SCORED,
    ),
    Field(
        name="clv",
        kind=Kind.NUMBER,
        source=Value(stored(MemberScore.clv_cents), member_id=MemberScore.member_id),
        label=Text("customer lifetime value", "客户终身价值"),
        words_en=("clv", "customer lifetime value", "lifetime value", "ltv"),
        words_zh=("客户终身价值", "终身价值", "生命周期价值"),
        unit=Unit.MONEY,
        missing=NOT_SCORED,
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
