"""Reviews of imported campaigns: exact periods, what the data covers, and no causal claim."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from sqlalchemy.orm import Session

from crm.campaigns.models import Campaign
from crm.clock import day_end, day_start
from crm.loyalty.models import Coupon, CouponRedemption, OfferKind
from crm.reports.blocks import CampaignReview, MetricVerdict, ReviewKind
from crm.reports.historical_data import periods_of
from crm.reports.review import review_campaign
from tests.campaign_world import enrol, make_campaign, manager, plain_members, plain_orders

START, END = date(2026, 4, 1), date(2026, 4, 14)


def imported(session: Session, zone: ZoneInfo, start: date = START, end: date = END) -> Campaign:
    return make_campaign(
        session,
        launched_at=None,
        is_imported=True,
        starts_at=day_start(start, zone),
        ends_at=day_end(end, zone),
        brief={"goal": ""},
    )


def review_of(session: Session, campaign: Campaign, now: datetime) -> CampaignReview:
    return review_campaign(session, campaign.id, actor=manager(session), now=now)


def test_periods_are_whole_days_of_equal_length_clipped_to_the_data() -> None:
    periods = periods_of(START, END, date(2026, 3, 25), date(2026, 4, 20))
    assert (periods.before.from_on, periods.before.to_on) == (date(2026, 3, 25), date(2026, 3, 31))
    assert (periods.before.days, periods.before.wanted_days) == (7, 14)
    assert (periods.during.from_on, periods.during.to_on, periods.during.days) == (START, END, 14)
    assert (periods.after.from_on, periods.after.to_on, periods.after.days) == (
        date(2026, 4, 15),
        date(2026, 4, 20),
        6,
    )


def test_a_campaign_before_the_data_has_empty_periods() -> None:
    periods = periods_of(START, END, date(2026, 5, 1), date(2026, 5, 31))
    assert [getattr(periods, name).days for name in ("earlier", "before", "during", "after")] == [0, 0, 0, 0]


def test_spend_is_counted_by_local_day_at_both_ends(session: Session, zone: ZoneInfo, now: datetime) -> None:
    campaign = imported(session, zone)
    members = plain_members(session, 2)
    enrol(session, campaign, members[:1])
    first, last = day_start(START, zone), day_end(END, zone)
    second = timedelta(seconds=1)
    for moment, cents in ((first - second, 1), (first, 10), (last - second, 100), (last, 1000)):
        plain_orders(session, members[:1], [cents], ordered_at=moment)
    plain_orders(session, members[1:], [5], ordered_at=first - timedelta(days=60))
    plain_orders(session, members[1:], [5], ordered_at=last + timedelta(days=30))
    review = review_of(session, campaign, now)
    values = {metric.id: metric.value for metric in review.metrics}
    assert (values["spend_before"], values["spend_during"], values["spend_after"]) == (1, 110, 1000)
    assert sum(day.treated_gmv_per_member_cents for day in review.timeseries) == 110


def chosen_campaign(session: Session, zone: ZoneInfo) -> Campaign:
    """300 members; the 120 who spend most were chosen; nobody changed what they do."""
    campaign = imported(session, zone)
    members = plain_members(session, 300)
    rng = np.random.default_rng(3)
    habit = np.sort(rng.gamma(2.0, 5_000, 300))
    enrol(session, campaign, [members[index] for index in range(300) if index % 5 > 2 or index > 270])
    for offset in range(-35, 35, 7):
        amounts = [round(float(amount)) for amount in habit * rng.gamma(20, 1 / 20, 300)]
        plain_orders(session, members, amounts, ordered_at=day_start(START, zone) + timedelta(days=offset, hours=9))
    return campaign


def test_chosen_recipients_give_no_causal_number(session: Session, zone: ZoneInfo, now: datetime) -> None:
    review = review_of(session, chosen_campaign(session, zone), now)
    assert review.kind is ReviewKind.OBSERVATIONAL
    assert review.headline.verdict is MetricVerdict.OBSERVATIONAL
    assert "recipients were chosen, not randomised" in review.headline.words.en
    assert "No causal number can be quoted." in review.headline.words.en
    assert all(metric.verdict is not MetricVerdict.EFFECT for metric in review.metrics)
    evidence = review.observational
    assert evidence is not None
    assert {row.id for row in evidence.estimates} == {
        "unadjusted",
        "placebo",
        "did",
        "ancova",
        "did_matched",
        "ancova_matched",
    }
    assert len(evidence.balance) == 2


def test_redemptions_of_the_journey_are_counted(session: Session, zone: ZoneInfo, now: datetime) -> None:
    campaign = chosen_campaign(session, zone)
    coupon = Coupon(code="X", name="X", kind=OfferKind.PERCENT_OFF, value=10, unit_cost_cents=0, stock_total=0)
    session.add(coupon)
    session.flush()
    members = plain_members(session, 2)
    for member_id in (members[0], members[0], members[1]):
        session.add(
            CouponRedemption(
                coupon_id=coupon.id,
                member_id=member_id,
                journey_id=campaign.journey_id,
                redeemed_at=day_start(START, zone) + timedelta(days=1),
                discount_cents=0,
            )
        )
    review = review_of(session, campaign, now)
    values = {metric.id: metric.value for metric in review.metrics}
    assert (values["redemptions"], values["redeemers"]) == (3, 2)


def test_too_little_history_is_said(session: Session, zone: ZoneInfo, now: datetime) -> None:
    campaign = imported(session, zone)
    members = plain_members(session, 100)
    enrol(session, campaign, members[:50])
    plain_orders(session, members, [1000] * 100, ordered_at=day_start(START, zone) - timedelta(days=3))
    plain_orders(session, members, [1000] * 100, ordered_at=day_start(START, zone) + timedelta(days=3))
    review = review_of(session, campaign, now)
    assert "too little history" in review.headline.words.en
    notes = " ".join(note.en for note in review.notes)
    assert "The period before covers 3 of 14 days" in notes
    assert "The period during covers 4 of 14 days" in notes


def test_an_imported_campaign_without_dates_or_orders_says_so(session: Session, zone: ZoneInfo, now: datetime) -> None:
    review = review_of(session, imported(session, zone), now)
    assert "Nothing to review" in review.headline.words.en


@pytest.mark.parametrize("recipients", [0, 100])
def test_everybody_or_nobody_received_it(session: Session, zone: ZoneInfo, now: datetime, recipients: int) -> None:
    campaign = imported(session, zone)
    members = plain_members(session, 100)
    enrol(session, campaign, members[:recipients])
    for offset in (-15, 3, 20):
        plain_orders(session, members, [1000] * 100, ordered_at=day_start(START, zone) + timedelta(days=offset))
    review = review_of(session, campaign, now)
    assert review.observational is not None
    assert review.observational.estimates == ()
    assert "No causal number" in review.headline.words.en
