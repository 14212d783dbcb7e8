"""The exclusion log of a campaign, campaign-wide. Empty before the launch."""

from datetime import datetime

from sqlalchemy.orm import Session

from crm.campaigns.lookup import get_campaign
from crm.journeys.exclusions import ExclusionNumbers, exclusion_numbers


class ExclusionLog(ExclusionNumbers):
    campaign_id: int
    name: str


def exclusion_log(session: Session, campaign_id: int, now: datetime) -> ExclusionLog:
    campaign = get_campaign(session, campaign_id)
    numbers = exclusion_numbers(session, [campaign.journey_id], now)
    return ExclusionLog(campaign_id=campaign.id, name=campaign.name, **numbers)
