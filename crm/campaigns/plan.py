"""What a campaign would do if it were launched: counted by the gate that will decide each message."""

from datetime import date, datetime
from typing import Literal

from crm.campaigns.brief import Frozen

BudgetVerdict = Literal["within", "over", "no_budget"]


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


class CampaignPlan(Frozen):
    """Everything is counted in messages unless the name says members."""

    as_of: datetime
    audience_count: int
    """Members who fit the audience now."""
    read_back: str
    """The audience in plain words."""
    holdout_count: int
    """Members who will get nothing, by chance, so that the effect can be measured."""
    exclusions: tuple[ExclusionCount, ...]
    eligible_by_channel: dict[str, int]
    """Members who get at least one message on the channel."""
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
    warnings: tuple[str, ...]
