"""Counting a draft: who is left out and why, what goes out when, which benefits it takes, whom others reach too."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from crm.campaigns.benefits import unbacked
from crm.campaigns.brief import CampaignBrief
from crm.campaigns.conflicts import SharedAudience, conflicts
from crm.campaigns.copywriting import offer_in_words
from crm.clock import local_day
from crm.journeys.exclusions import ExclusionCount
from crm.journeys.schedulers.planned import draft
from crm.journeys.schedulers.planned.audience import is_first_record
from crm.loyalty.service import stock_for
from crm.outreach.models import Arm, MessageState
from crm.segments.scope import SegmentScope
from crm.values import Value


class DayCount(Value):
    """Messages of one channel due on one local day of the workspace."""

    day: date
    channel: str
    count: int


class BenefitNeed(Value):
    """One coupon for each member who gets a message, against what the stock holds."""

    coupon_code: str | None
    """None: no stocked coupon fits the offer."""
    name: str
    needed: int
    stock_available: int
    short: int


@dataclass(frozen=True)
class Forecast:
    audience_count: int
    people_count: int
    """Of the members; a person with two records is two members."""
    holdout_count: int
    """People."""
    exclusions: tuple[ExclusionCount, ...]
    eligible_by_channel: dict[str, int]
    messages_per_day: tuple[DayCount, ...]
    total_messages: int
    deferred_messages: int
    last_message_at: datetime | None
    benefits: tuple[BenefitNeed, ...]
    benefit_cost_cents: int
    conflicts: tuple[SharedAudience, ...]


def count(session: Session, brief: CampaignBrief, scope: SegmentScope, starts_at: datetime) -> Forecast:
    """What the draft of this connection holds (`draft.drafted`). `brief` has its coupons filled in."""
    people = _counted_by(draft.AUDIENCE.c.arm).where(is_first_record())
    arms: dict[Arm, int] = dict(session.execute(people).all())
    states: dict[MessageState, int] = dict(session.execute(_counted_by(draft.MESSAGES.c.state)).all())
    days = _messages_per_day(session, scope)
    benefits, benefit_cost_cents = _benefits(session, brief, scope, starts_at)
    passed = draft.waiting()
    return Forecast(
        audience_count=session.scalar(select(func.count()).select_from(draft.AUDIENCE)) or 0,
        people_count=sum(arms.values()),
        holdout_count=arms.get(Arm.HOLDOUT, 0),
        exclusions=_exclusions(session),
        eligible_by_channel=_eligible(session),
        messages_per_day=days,
        total_messages=sum(day.count for day in days),
        deferred_messages=states.get(MessageState.DEFERRED, 0),
        last_message_at=session.scalar(select(func.max(draft.MESSAGES.c.due_at)).where(passed)),
        benefits=benefits,
        benefit_cost_cents=benefit_cost_cents,
        conflicts=conflicts(session, brief, scope, starts_at),
    )


def _counted_by(column: ColumnElement[Any]) -> Select[Any, int]:
    return select(column, func.count()).group_by(column)


def _exclusions(session: Session) -> tuple[ExclusionCount, ...]:
    columns = draft.MESSAGES.c
    query = (
        select(columns.channel, columns.reason, func.count())
        .where(columns.state == MessageState.EXCLUDED)
        .group_by(columns.channel, columns.reason)
        .order_by(columns.channel, func.count().desc(), columns.reason)
    )
    return tuple(
        ExclusionCount(channel=channel, reason=reason, count=number)
        for channel, reason, number in session.execute(query)
    )


def _eligible(session: Session) -> dict[str, int]:
    columns = draft.MESSAGES.c
    audience = draft.AUDIENCE.c
    people = select(columns.channel, func.count(audience.person_id.distinct()))
    query = people.join_from(draft.MESSAGES, draft.AUDIENCE, audience.member_id == columns.member_id)
    query = query.where(draft.waiting()).group_by(columns.channel)
    return {channel.value: number for channel, number in session.execute(query)}


def _messages_per_day(session: Session, scope: SegmentScope) -> tuple[DayCount, ...]:
    columns = draft.MESSAGES.c
    query = select(columns.due_at, columns.channel, func.count()).where(draft.waiting())
    counts: dict[tuple[date, str], int] = {}
    for due_at, channel, number in session.execute(query.group_by(columns.due_at, columns.channel)):
        key = (local_day(due_at, scope.zone), channel.value)
        counts[key] = counts.get(key, 0) + number
    return tuple(DayCount(day=day, channel=channel, count=number) for (day, channel), number in sorted(counts.items()))


def _benefits(
    session: Session, brief: CampaignBrief, scope: SegmentScope, starts_at: datetime
) -> tuple[tuple[BenefitNeed, ...], int]:
    """What is needed of each benefit, and what the coupons cost beyond the discount itself."""
    needed = session.scalar(select(func.count()).select_from(draft.benefit_recipients().subquery())) or 0
    codes = list(dict.fromkeys(offer.coupon_code for offer in brief.offers if offer.coupon_code is not None))
    stocks = stock_for(session, codes, on=local_day(starts_at, scope.zone))
    needs = [_need(stock.code, stock.name, needed, stock.available) for stock in stocks]
    needs += [
        _need(None, offer_in_words(offer, brief.language, scope.currency), needed, 0)
        for offer in unbacked(brief.offers)
    ]
    granted = needed - max((need.short for need in needs), default=0)
    return tuple(needs), sum(stock.unit_cost_cents * granted for stock in stocks)


def _need(code: str | None, name: str, needed: int, available: int) -> BenefitNeed:
    short = max(0, needed - available)
    return BenefitNeed(coupon_code=code, name=name, needed=needed, stock_available=available, short=short)
