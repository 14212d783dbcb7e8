"""What is known of an imported campaign: its periods in whole local days, one row of spend a member, redemptions."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select
from sqlalchemy.orm import Session

from crm.activity.models import Order
from crm.campaigns.models import Campaign
from crm.clock import day_end, day_start, local_day
from crm.loyalty.models import CouponRedemption
from crm.members.models import Member
from crm.outreach.models import Enrolment, Journey, Message
from crm.reports.matching import Floats, Mask, Panel
from crm.reports.queries import epoch_of, first_order_at, last_order_at, quarter_of, quarter_start
from crm.workspace import get_workspace

SECONDS_A_DAY = 86_400


@dataclass(frozen=True)
class Days:
    """Whole local days, both ends included; empty when `to_on` lies before `from_on`."""

    from_on: date
    to_on: date
    wanted_days: int
    """How many days the period would have if the data covered it."""

    @property
    def days(self) -> int:
        return max(0, (self.to_on - self.from_on).days + 1)

    @property
    def is_clipped(self) -> bool:
        return self.days < self.wanted_days


@dataclass(frozen=True)
class Periods:
    """The campaign's own days, and equally many before and after, each clipped to the days that data covers."""

    earlier: Days
    """As many days again before `before`: where nothing happened, to try the comparison on."""
    before: Days
    during: Days
    after: Days


@dataclass(frozen=True)
class MemberSpend:
    """One row a member, in minor units as paid; visit days are distinct days with an order before the campaign."""

    is_recipient: Mask
    had_joined: Mask
    """Joined before the campaign's first day."""
    earlier: Floats
    before: Floats
    during: Floats
    after: Floats
    visit_days_before: Floats


@dataclass(frozen=True)
class ImportedFacts:
    starts_on: date
    ends_on: date
    data_from_on: date
    data_to_on: date
    zone: ZoneInfo
    currency: str
    periods: Periods
    spend: MemberSpend
    redemptions: int
    redeemers: int
    channels: tuple[str, ...]
    """Through which the recipients got it, where the source says so."""
    others_in_overlapping: int
    """Members who did not get this campaign but got another one that shared days with it."""
    daily: Mapping[date, tuple[int, int]]
    """Spend of recipients and of the others by local day of the campaign."""

    def panel(self) -> Panel:
        """Members who had joined before the campaign; spend before scaled to the campaign's number of days."""
        spend, before = self.spend, self.periods.before.days
        scale = self.periods.during.days / before if before else 0.0
        panel = Panel(spend.is_recipient, spend.before * scale, spend.during, spend.visit_days_before)
        return panel.where(spend.had_joined)

    def placebo_panel(self) -> Panel | None:
        """The same members one period earlier, when there was no campaign; None unless the data covers both periods."""
        spend, periods = self.spend, self.periods
        if periods.earlier.is_clipped or periods.before.is_clipped:
            return None
        panel = Panel(spend.is_recipient, spend.earlier, spend.before, spend.visit_days_before)
        return panel.where(spend.had_joined)


def periods_of(starts_on: date, ends_on: date, data_from_on: date, data_to_on: date) -> Periods:
    """The campaign's local days [starts_on, ends_on] and as many days on either side, clipped to the data."""
    days = (ends_on - starts_on).days + 1
    length = timedelta(days=days)

    def clipped(from_on: date, to_on: date) -> Days:
        return Days(max(from_on, data_from_on), min(to_on, data_to_on), days)

    one = timedelta(days=1)
    return Periods(
        earlier=clipped(starts_on - 2 * length, starts_on - length - one),
        before=clipped(starts_on - length, starts_on - one),
        during=clipped(starts_on, ends_on),
        after=clipped(ends_on + one, ends_on + length),
    )


def gather_imported(session: Session, campaign: Campaign, now: datetime) -> ImportedFacts | None:
    """None when the campaign bears no dates, or when there are no orders at all."""
    first, last = first_order_at(session), last_order_at(session, now)
    starts_at, ends_at, journey_id = campaign.starts_at, campaign.ends_at, campaign.journey_id
    if first is None or last is None or starts_at is None or ends_at is None:
        return None
    workspace = get_workspace(session)
    zone = workspace.zone
    starts_on, ends_on = local_day(starts_at, zone), local_day(ends_at - timedelta(seconds=1), zone)
    data_from_on, data_to_on = local_day(first, zone), local_day(last, zone)
    periods = periods_of(starts_on, ends_on, data_from_on, data_to_on)
    redemptions = session.execute(
        select(func.count(CouponRedemption.id), func.count(CouponRedemption.member_id.distinct())).where(
            CouponRedemption.journey_id == journey_id, CouponRedemption.redeemed_at < now
        )
    ).one()
    return ImportedFacts(
        starts_on=starts_on,
        ends_on=ends_on,
        data_from_on=data_from_on,
        data_to_on=data_to_on,
        zone=zone,
        currency=workspace.currency,
        periods=periods,
        spend=_member_spend(session, journey_id, periods, zone),
        redemptions=redemptions[0],
        redeemers=redemptions[1],
        channels=_channels(session, journey_id),
        others_in_overlapping=_others_in_overlapping(session, campaign, journey_id),
        daily=_daily_spend(session, journey_id, periods.during, zone),
    )


def _within(days: Days, zone: ZoneInfo) -> ColumnElement[bool]:
    if days.days == 0:
        return Order.id.is_(None)
    return and_(Order.ordered_at >= day_start(days.from_on, zone), Order.ordered_at < day_end(days.to_on, zone))


def _recipients(journey_id: int) -> Select[int]:
    return select(Enrolment.member_id).where(Enrolment.journey_id == journey_id)


def _member_spend(session: Session, journey_id: int, periods: Periods, zone: ZoneInfo) -> MemberSpend:
    """Every member of the workspace, one row each, whether or not they ordered."""
    spans = [_within(days, zone) for days in (periods.earlier, periods.before, periods.during, periods.after)]
    before = spans[1]
    local_days = case((before, _day_number(periods.before, zone)))
    spend = (
        select(
            Order.member_id,
            *(func.sum(case((within, Order.amount_cents), else_=0)) for within in spans),
            func.count(local_days.distinct()),
        )
        .where(or_(*spans))
        .group_by(Order.member_id)
        .subquery()
    )
    sums = list(spend.c)[1:]
    starts_at = day_start(periods.during.from_on, zone)
    rows = session.execute(
        select(
            case((Member.id.in_(_recipients(journey_id)), 1), else_=0),
            case((Member.joined_at < starts_at, 1), else_=0),
            *(func.coalesce(column, 0) for column in sums),
        ).outerjoin(spend, spend.c.member_id == Member.id)
    ).all()
    table = np.array([tuple(row) for row in rows], dtype=np.float64).reshape(len(rows), 7)
    return MemberSpend(table[:, 0] > 0, table[:, 1] > 0, *(table[:, column] for column in range(2, 7)))


def _day_number(days: Days, zone: ZoneInfo) -> ColumnElement[int]:
    """Local days counted from the epoch, by the zone's offset at the period's start.

    A clock change inside the period moves an order of its first hour to the neighbouring day: good enough
    for a covariate that is cut into five bins, and plain integer arithmetic on every database.
    """
    offset = day_start(days.from_on, zone).astimezone(zone).utcoffset() or timedelta()
    return (epoch_of(Order.ordered_at) + int(offset.total_seconds())) // SECONDS_A_DAY


def _channels(session: Session, journey_id: int) -> tuple[str, ...]:
    channels = session.scalars(select(Message.channel).where(Message.journey_id == journey_id).distinct())
    return tuple(sorted(channel.value for channel in channels))


def _others_in_overlapping(session: Session, campaign: Campaign, journey_id: int) -> int:
    overlapping = select(Campaign.journey_id).join(Campaign.journey)
    overlapping = overlapping.where(
        Campaign.id != campaign.id, Journey.starts_at < campaign.ends_at, Journey.ends_at > campaign.starts_at
    )
    count = session.scalar(
        select(func.count(Enrolment.member_id.distinct())).where(
            Enrolment.journey_id.in_(overlapping), Enrolment.member_id.not_in(_recipients(journey_id))
        )
    )
    return count or 0


def _daily_spend(session: Session, journey_id: int, during: Days, zone: ZoneInfo) -> dict[date, tuple[int, int]]:
    amounts = {during.from_on + timedelta(days=offset): [0, 0] for offset in range(during.days)}
    quarter = quarter_of(Order.ordered_at)
    is_other = case((Order.member_id.in_(_recipients(journey_id)), 0), else_=1)
    rows = session.execute(
        select(quarter, is_other, func.sum(Order.amount_cents)).where(_within(during, zone)).group_by(quarter, is_other)
    )
    for number, side, amount in rows:
        amounts[local_day(quarter_start(number), zone)][side] += int(amount)
    return {day: (sides[0], sides[1]) for day, sides in amounts.items()}
