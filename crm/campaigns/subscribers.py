"""Which campaigns build on a saved segment."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.campaigns.models import Campaign, CampaignState
from crm.segments.dependencies import segments_named
from crm.segments.saved import Subscriber

_OVER = (CampaignState.COMPLETED, CampaignState.CANCELLED)


def campaigns_on(session: Session, segment_name: str) -> list[Subscriber]:
    """Campaigns whose audience names the segment, without those that are over; the newest first."""
    query = select(Campaign.id, Campaign.name, Campaign.state, Campaign.brief).where(Campaign.state.not_in(_OVER))
    return [
        Subscriber("campaign", row.id, row.name, row.state.value)
        for row in session.execute(query.order_by(Campaign.id.desc()))
        if segment_name in segments_named(row.brief.get("audience"))
    ]
