"""Where a campaign stands: the figures of its journey, and what the launch wrote against what it promised."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.campaigns.lookup import brief_of, get_campaign
from crm.campaigns.models import Campaign
from crm.errors import Unreadable
from crm.journeys.figures import DeliveryFigures, delivery_figures
from crm.outreach.ledger import spec_of
from crm.outreach.models import EndReason, Enrolment, Journey, JourneyState


class CampaignMonitor(DeliveryFigures):
    campaign_id: int
    name: str
    state: JourneyState
    end_reason: EndReason | None
    state_note: str | None


def monitor(session: Session, campaign_id: int, now: datetime) -> CampaignMonitor:
    """Count the ledger of a campaign as it stands. A campaign that was not launched has nothing to count."""
    campaign = get_campaign(session, campaign_id)
    window_days = 0 if campaign.is_imported else brief_of(campaign).attribution_window_days
    figures = delivery_figures(
        session,
        [campaign.journey_id],
        now,
        window_days=window_days,
        planned=_planned(session, campaign),
        paused_ids=[campaign.journey_id] if campaign.state is JourneyState.PAUSED else (),
    )
    return CampaignMonitor(
        campaign_id=campaign.id,
        name=campaign.name,
        state=campaign.state,
        end_reason=campaign.end_reason,
        state_note=campaign.state_note,
        **figures,
    )


def _planned(session: Session, campaign: Campaign) -> int | None:
    """What the ledger must hold, from the journey and not from the ledger; imported history promises nothing."""
    if campaign.is_imported or campaign.launched_at is None:
        return None
    try:
        spec = spec_of(session.get_one(Journey, campaign.journey_id))
    except Unreadable:
        return None
    members = session.scalar(select(func.count()).where(Enrolment.journey_id == campaign.journey_id)) or 0
    return members * spec.messages_per_member
