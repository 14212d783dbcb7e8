"""Counting a draft: who is left out and why, what goes out when, which benefits it takes, whom others reach too."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from crm.campaigns.audience import audience_definition, audience_ids, campaign_scope
from crm.campaigns.benefits import unbacked
from crm.campaigns.brief import CampaignBrief, Frozen, parse_brief
from crm.campaigns.copywriting import offer_in_words
from crm.campaigns.models import Campaign, CampaignState
from crm.clock import local_day
from crm.errors import CrmError
from crm.loyalty.service import stock_for
from crm.outreach import draft
from crm.outreach.audience import is_first_record
from crm.outreach.models import Arm, Enrolment, MessageState
from crm.segments.scope import SegmentScope

_LAUNCHED = (CampaignState.RUNNING, CampaignState.PAUSED)
_TO_COME = (CampaignState.AWAITING_APPROVAL, CampaignState.SCHEDULED)


class ExclusionCount(Frozen):
    """Messages of one channel that will not be sent, for one reason."""

    channel: str
    reason: str
    count: int


class DayCount(Frozen):
    """Messages of one channel due on one local day of the workspace."""

    day: date
    channel: str
    count: int


class BenefitNeed(Frozen):
    """One coupon for each member who gets a message, against what the stock holds."""

    coupon_code: str | None
    """None: no stocked coupon fits the offer."""
    name: str
    needed: int
    stock_available: int
    short: int


class SharedAudience(Frozen):
    """Another campaign under way or planned that reaches some of the same members."""

    campaign: str
    shared_members: int


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
        conflicts=_conflicts(session, brief, scope, starts_at),
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


def _conflicts(session: Session, brief: CampaignBrief, scope: SegmentScope, at: datetime) -> tuple[SharedAudience, ...]:
    """Other campaigns that reach members of the draft: by enrolment where launched, else by their audience now."""
    query = select(Campaign).where(Campaign.state.in_((*_LAUNCHED, *_TO_COME)), Campaign.name != brief.name)
    others: Sequence[Campaign] = session.scalars(query.order_by(Campaign.name)).all()
    shared: list[tuple[str, int]] = []
    for other in others:
        # Trouble of another campaign is its own, and is said on its page: it keeps nobody else from planning.
        with suppress(CrmError):
            shared.append((other.name, _shared_members(session, other, scope, at)))
    return tuple(SharedAudience(campaign=name, shared_members=number) for name, number in shared if number)


def _shared_members(session: Session, other: Campaign, scope: SegmentScope, at: datetime) -> int:
    member_id = draft.AUDIENCE.c.member_id
    if other.journey_id is not None:
        theirs = select(Enrolment.member_id).where(Enrolment.journey_id == other.journey_id)
    else:
        other_scope = campaign_scope(session, other, scope.catalog, at)
        definition = audience_definition(session, parse_brief(other.brief), other_scope)
        theirs = audience_ids(definition, other_scope)
    return session.scalar(select(func.count()).select_from(draft.AUDIENCE).where(member_id.in_(theirs))) or 0
