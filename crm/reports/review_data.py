"""Everything that a review of a launched campaign is written from, fetched once; the rest of the room is pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.access.policy import get_policy
from crm.campaigns.models import Campaign
from crm.channels import Channel
from crm.experiments.effects import (
    SAMPLE_RATIO_P,
    ArmSums,
    Effect,
    audience_needed,
    differ_before,
    rate_effect,
    sample_ratio_p,
    spend_effect,
)
from crm.journeys.exclusions import ExclusionCount, exclusion_counts
from crm.journeys.figures import Reached, orders_after_delivery, reached_by_channel
from crm.loyalty.models import OfferKind
from crm.outreach.models import Arm, Journey
from crm.reports import queries
from crm.reports.blocks import SampleRatio
from crm.reports.queries import ArmTotals, CampaignSpan, ChannelCounts, QuarterCount, Redeemed
from crm.workspace import get_workspace

DEFAULT_WINDOW_DAYS = 14
POINTS_OFFERS = (OfferKind.POINTS_BONUS.value, OfferKind.POINTS_MULTIPLIER.value)
PEER_CAMPAIGNS = 20
"""How many of the latest other campaigns tell what is usual."""


@dataclass(frozen=True)
class Comparison:
    """Treated against held-out members, over everybody enrolled."""

    spend: Effect
    retention: Effect
    differed_before: bool
    """The arms' spend before launch differs by more than chance: the assignment cannot be trusted."""
    audience_needed: int | None
    """Members for 80% power at a 10% lift with this campaign's holdout share."""


@dataclass(frozen=True)
class LaunchedFacts:
    span: CampaignSpan
    zone: ZoneInfo
    currency: str
    gross_margin_percent: int
    unit_cost_millicents: Mapping[str, int]
    planned_holdout_share: float | None
    """0 to 1; None where the brief does not say."""
    holdout_waiver: str | None
    promises_points: bool
    """The offers give points, whose cost no table holds."""
    arms: Mapping[Arm, ArmTotals]
    channels: Mapping[Channel, ChannelCounts]
    reached_by_channel: Mapping[Channel, int]
    reached: Reached
    redeemed: Redeemed
    exclusions: tuple[ExclusionCount, ...]
    """Of members who were not held out, as every figure by channel here."""
    quarters: tuple[QuarterCount, ...]
    peers: Mapping[Channel, tuple[ChannelCounts, ...]]
    """The same channel in other launched campaigns."""
    orders_known_until: datetime | None

    @property
    def treated(self) -> ArmTotals | None:
        return self.arms.get(Arm.TREATMENT)

    @property
    def control(self) -> ArmTotals | None:
        return self.arms.get(Arm.HOLDOUT)

    @property
    def treated_members(self) -> int:
        return self.treated.sums.n if self.treated else 0

    @property
    def message_cost_cents(self) -> float:
        return sum(self.channel_cost_cents(channel) for channel in self.channels)

    @property
    def cost_cents(self) -> float:
        return self.message_cost_cents + self.redeemed.discount_cents + self.redeemed.unit_cost_cents

    def channel_cost_cents(self, channel: Channel) -> float:
        return self.channels[channel].handed_over * self.unit_cost_millicents.get(channel.value, 0) / 1000

    @property
    def sample_ratio(self) -> SampleRatio | None:
        """How the arms' sizes fit the plan; None where none is known."""
        if self.planned_holdout_share is None:
            return None
        held_out = self.control.sums.n if self.control else 0
        p_value = sample_ratio_p(held_out, self.treated_members, self.planned_holdout_share)
        return SampleRatio(
            planned_share=self.planned_holdout_share,
            treated=self.treated_members,
            held_out=held_out,
            p_value=p_value,
            fits=p_value >= SAMPLE_RATIO_P,
        )

    @property
    def fits_plan(self) -> bool:
        return self.sample_ratio is None or self.sample_ratio.fits

    def comparison(self) -> Comparison | None:
        """None without a random holdout."""
        if self.treated is None or self.control is None:
            return None
        treated, control = self.treated, self.control
        return Comparison(
            spend=spend_effect(treated.sums, control.sums),
            retention=rate_effect(treated.ordering_members, treated.sums.n, control.ordering_members, control.sums.n),
            differed_before=differ_before(treated.sums, control.sums),
            audience_needed=audience_needed(
                treated.sums, control.sums, holdout_share=_share(control.sums, treated.sums)
            ),
        )


def _share(part: ArmSums, rest: ArmSums) -> float:
    return part.n / (part.n + rest.n)


def gather_facts(session: Session, campaign: Campaign, now: datetime) -> LaunchedFacts:
    """Facts of a campaign that has a journey and was launched."""
    if campaign.launched_at is None:
        raise ValueError(f"campaign {campaign.id} was never launched")
    workspace, policy = get_workspace(session), get_policy(session)
    span = campaign_span(campaign, campaign.journey_id, campaign.launched_at, now)
    peers = _peer_journeys(session, campaign, now)
    counts = queries.channel_counts(session, [span.journey_id, *peers])
    return LaunchedFacts(
        span=span,
        zone=workspace.zone,
        currency=workspace.currency,
        gross_margin_percent=policy.gross_margin_percent,
        unit_cost_millicents=policy.unit_cost_millicents,
        planned_holdout_share=_planned_share(campaign.brief),
        holdout_waiver=campaign.brief.get("holdout_waiver"),
        promises_points=any(str(offer.get("kind")) in POINTS_OFFERS for offer in campaign.brief.get("offers", ())),
        arms=queries.arm_totals(session, span),
        channels={channel: row for (journey, channel), row in counts.items() if journey == span.journey_id},
        reached_by_channel=reached_by_channel(session, [span.journey_id]),
        reached=orders_after_delivery(session, [span.journey_id], span.attribution_days, span.now),
        redeemed=queries.redeemed(session, span),
        exclusions=exclusion_counts(session, [span.journey_id], arm=Arm.TREATMENT),
        quarters=tuple(queries.quarter_counts(session, span)),
        peers=_by_channel(counts, span.journey_id),
        orders_known_until=queries.last_order_at(session, now),
    )


def campaign_span(campaign: Campaign, journey_id: int, launched_at: datetime, now: datetime) -> CampaignSpan:
    days = window_days(campaign.brief)
    ends_at = campaign.ends_at or launched_at + timedelta(days=days)
    return CampaignSpan(journey_id=journey_id, starts_at=launched_at, ends_at=ends_at, attribution_days=days, now=now)


def _planned_share(brief: Mapping[str, Any]) -> float | None:
    percent = brief.get("holdout_pct")
    return None if percent is None else float(percent) / 100


def window_days(brief: Mapping[str, Any]) -> int:
    return int(brief.get("attribution_window_days", DEFAULT_WINDOW_DAYS))


def _peer_journeys(session: Session, campaign: Campaign, now: datetime) -> list[int]:
    peers = session.scalars(
        select(Campaign.journey_id)
        .join(Campaign.journey)
        .where(Campaign.id != campaign.id, Campaign.is_imported.is_(False), Journey.activated_at <= now)
        .order_by(Journey.activated_at.desc())
        .limit(PEER_CAMPAIGNS)
    )
    return list(peers)


def _by_channel(
    counts: Mapping[tuple[int, Channel], ChannelCounts], own_journey_id: int
) -> dict[Channel, tuple[ChannelCounts, ...]]:
    peers: dict[Channel, tuple[ChannelCounts, ...]] = {}
    for (journey_id, channel), row in counts.items():
        if journey_id != own_journey_id:
            peers[channel] = (*peers.get(channel, ()), row)
    return peers
