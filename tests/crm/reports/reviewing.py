"""Asking a review for its figures."""

from datetime import datetime

from sqlalchemy.orm import Session

from crm.reports.blocks import CampaignReview
from crm.reports.review import review_campaign
from tests.campaign_world import (
    World,
)


def review_of(session: Session, world: World, now: datetime) -> CampaignReview:
    return review_campaign(session, world.campaign.id, actor=world.actor, now=now)


def value_of(review: CampaignReview, metric_id: str) -> float | None:
    metric = review.metric(metric_id)
    assert metric is not None, metric_id
    return metric.value
