"""What a campaign would do if it were launched: counted by the gate that will decide each message."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from math import ceil
from typing import Literal

from sqlalchemy.orm import Session

from crm.access.policy import Policy
from crm.campaigns import forecast
from crm.campaigns.audience import audience_ids
from crm.campaigns.brief import CampaignBrief
from crm.campaigns.brief_to_spec import start_moment
from crm.campaigns.conflicts import SharedAudience
from crm.campaigns.drafts import PreparedBrief, prepare_brief
from crm.campaigns.forecast import BenefitNeed, DayCount, Forecast
from crm.campaigns.text_lengths import MILLICENTS_PER_CENT, SmsTexts, sms_texts
from crm.clock import local_day
from crm.journeys.exclusions import ExclusionCount
from crm.journeys.rules import length_warning
from crm.journeys.schedulers.planned.draft import drafted
from crm.journeys.schedulers.planned.scheduler import launch_setting
from crm.outreach.channels.pausing import channel_pauses
from crm.segments.describe import describe
from crm.segments.scope import SegmentScope
from crm.values import Value
from crm.workspace import get_workspace

BudgetVerdict = Literal["within", "over", "no_budget"]


class CampaignPlan(Value):
    """Everything is counted in messages unless the name says members."""

    as_of: datetime
    audience_count: int
    """Members who fit the audience now."""
    read_back: str
    """The audience in plain words."""
    holdout_count: int
    """People who will get nothing, by chance, so that the effect can be measured: all their records, or none."""
    exclusions: tuple[ExclusionCount, ...]
    eligible_by_channel: dict[str, int]
    """People who get at least one message on the channel."""
    messages_per_day: tuple[DayCount, ...]
    total_messages: int
    deferred_messages: int
    """Of the total: moved to the end of the member's quiet hours."""
    starts_at: datetime
    last_message_at: datetime | None
    currency: str
    cost_cents: int
    """Price of sending the messages."""
    benefit_cost_cents: int
    """What the coupons and gifts cost beyond the discount itself, if all were used."""
    budget_cents: int | None
    budget_verdict: BudgetVerdict
    benefits: tuple[BenefitNeed, ...]
    conflicts: tuple[SharedAudience, ...]
    sms_texts: tuple[SmsTexts, ...] = ()
    """Length and encoding of the text messages; plans of earlier versions have none."""
    people_count: int | None = None
    """How many different people the members are, joined by shared addresses; plans of earlier versions do not say."""
    warnings: tuple[str, ...]


def compute_plan(session: Session, brief: CampaignBrief, scope: SegmentScope, now: datetime) -> CampaignPlan:
    """The plan of a brief that may still be wrong. Raises InvalidRequest when its audience makes no sense."""
    return plan_of(session, prepare_brief(session, brief, scope, now=now), scope, now)


def plan_of(session: Session, made: PreparedBrief, scope: SegmentScope, now: datetime) -> CampaignPlan:
    """Draft every message as the launch would, judge it by the same gate, count, and throw the draft away.

    Writes nothing but temporary tables. In a world that does not change until then, the run equals it.
    """
    workspace, brief = get_workspace(session), made.brief
    spec, definition = made.prepared.spec, made.prepared.entry
    starts_at = max(start_moment(brief, workspace) or now, now)
    named = brief if brief.name else brief.model_copy(update={"name": spec.name})
    setting = launch_setting(session, starts_at)
    prices = setting.policy.unit_cost_millicents
    with drafted(session, spec, audience_ids(definition, scope), setting):
        counted = forecast.count(session, named, scope, starts_at)
        texts = sms_texts(session, spec, prices)
    cost_cents = ceil(
        sum(prices.get(day.channel, 0) * day.count for day in counted.messages_per_day) / MILLICENTS_PER_CENT
    )
    verdict = _budget_verdict(brief, cost_cents + counted.benefit_cost_cents)
    return CampaignPlan(
        as_of=now,
        audience_count=counted.audience_count,
        people_count=counted.people_count,
        read_back=describe(definition, scope, language=brief.language),
        holdout_count=counted.holdout_count,
        exclusions=counted.exclusions,
        eligible_by_channel=counted.eligible_by_channel,
        messages_per_day=counted.messages_per_day,
        total_messages=counted.total_messages,
        deferred_messages=counted.deferred_messages,
        starts_at=starts_at,
        last_message_at=counted.last_message_at,
        currency=workspace.currency,
        cost_cents=cost_cents,
        benefit_cost_cents=counted.benefit_cost_cents,
        budget_cents=brief.budget_cents,
        budget_verdict=verdict,
        benefits=counted.benefits,
        conflicts=counted.conflicts,
        sms_texts=texts,
        warnings=(
            *(warning.sentence for warning in made.prepared.warnings),
            *_warnings(brief, counted, verdict, scope),
            *_pause_warnings(session, counted, setting.policy),
            *_length_warnings(texts),
        ),
    )


def _pause_warnings(session: Session, counted: Forecast, policy: Policy) -> Iterator[str]:
    """A pause changes no number of the plan: nobody knows when the channel is resumed."""
    for channel, pause in channel_pauses(session).items():
        if counted.eligible_by_channel.get(channel):
            yield (
                f"{pause.by} had paused {channel} when this was planned ({pause.reason}): its messages wait until "
                f"somebody resumes it, and are left out once they are {policy.late_limit_hours} hours late."
            )


def _length_warnings(texts: Sequence[SmsTexts]) -> Iterator[str]:
    for text in texts:
        if text.most_parts > 1:
            yield length_warning(text.step, text.variant, text.most_parts, text.odd_characters)


def _budget_verdict(brief: CampaignBrief, cost_cents: int) -> BudgetVerdict:
    if brief.budget_cents is None:
        return "no_budget"
    return "within" if cost_cents <= brief.budget_cents else "over"


def _warnings(brief: CampaignBrief, counted: Forecast, verdict: BudgetVerdict, scope: SegmentScope) -> Iterator[str]:
    if counted.audience_count == 0:
        yield "Nobody fits this audience now."
    elif counted.total_messages == 0:
        yield "Not one message would be sent; the exclusions say why."
    for need in counted.benefits:
        if need.short:
            stock = f"{need.needed} needed, {need.stock_available} in stock"
            yield f"{need.name}: {stock}; {need.short} members get nothing."
    if verdict == "over":
        yield "The campaign costs more than its budget."
    if counted.deferred_messages:
        yield f"{counted.deferred_messages} messages fall into the members' quiet hours and wait for their end."
    last = counted.last_message_at
    if brief.end is not None and last is not None and local_day(last, scope.zone) > brief.end:
        yield f"The last message goes out after the offers end on {brief.end}."
