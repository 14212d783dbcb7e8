"""Reviews in money and orders: what converts, what is spent, what it cost."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from crm.channels import Channel
from crm.loyalty.models import Coupon, CouponGrant, CouponRedemption, GrantState, OfferKind
from crm.outreach.models import MessageState
from crm.reports.review import review_campaign
from tests.campaign_world import (
    enrol,
    launched_world,
    make_campaign,
    manager,
    message,
    plain_members,
    plain_orders,
)
from tests.crm.reports.reviewing import review_of, value_of


def test_conversion_counts_orders_after_each_members_own_first_delivery(
    session: Session, launched_at: datetime, now: datetime
) -> None:
    campaign = make_campaign(session, launched_at=launched_at)
    members = plain_members(session, 4)
    enrolments = enrol(session, campaign, members)
    delivered_at = launched_at + timedelta(days=1)
    message(session, campaign, members[:3], enrolments[:3], at=delivered_at)
    plain_orders(session, members[:1], [5000], ordered_at=delivered_at - timedelta(hours=1))
    plain_orders(session, members[1:2], [7000], ordered_at=delivered_at + timedelta(hours=1))
    plain_orders(session, members[3:], [9000], ordered_at=delivered_at + timedelta(hours=1))
    review = review_campaign(session, campaign.id, actor=manager(session), now=now)
    assert value_of(review, "conversion_rate") == pytest.approx(1 / 3)
    assert value_of(review, "last_touch_gmv") == 7000
    assert value_of(review, "retention_rate") == pytest.approx(3 / 4)
    last_touch = review.metric("last_touch_gmv")
    assert last_touch is not None
    assert "not incremental" in last_touch.label.en


def test_cost_is_messages_handed_over_and_what_redeemed_coupons_took(
    session: Session, launched_at: datetime, now: datetime
) -> None:
    campaign = make_campaign(session, launched_at=launched_at)
    members = plain_members(session, 100)
    enrolments = enrol(session, campaign, members)
    message(session, campaign, members[:60], enrolments[:60], channel=Channel.SMS)
    message(
        session, campaign, members[60:], enrolments[60:], channel=Channel.SMS, state=MessageState.FAILED, reason="full"
    )
    coupon = Coupon(code="C", name="Gift", kind=OfferKind.GIFT, unit_cost_cents=300, stock_total=9)
    session.add(coupon)
    session.flush()
    for index in range(4):
        session.add(
            CouponGrant(
                coupon_id=coupon.id,
                member_id=members[index],
                enrolment_id=enrolments[index],
                state=GrantState.ISSUED,
                changed_at=launched_at,
            )
        )
    session.add(
        CouponRedemption(
            coupon_id=coupon.id,
            member_id=members[0],
            journey_id=campaign.journey_id,
            redeemed_at=launched_at + timedelta(days=1),
            discount_cents=2000,
        )
    )
    session.flush()
    review = review_campaign(session, campaign.id, actor=manager(session), now=now)
    assert value_of(review, "cost") == pytest.approx(60 * 5 + 2000 + 300)
    assert value_of(review, "redemption_rate") == 0.25
    assert value_of(review, "delivery_rate") == 0.6


def test_a_negligible_cost_and_points_without_a_price_are_said(
    session: Session, launched_at: datetime, now: datetime
) -> None:
    offers = [{"kind": "points_multiplier", "value": 2}]
    world = launched_world(session, launched_at=launched_at, brief={"offers": offers})
    review = review_of(session, world, now)
    roi = review.metric("roi")
    assert roi is not None
    assert (roi.value, roi.low) == (None, None)
    assert "too small for a ratio" in roi.words.en
    assert any("does not include the points" in note.en for note in review.notes)
