"""Finding campaigns by id, by name, or by what somebody remembers of the name."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.campaigns.brief import CampaignBrief, parse_brief
from crm.campaigns.models import Campaign
from crm.errors import InvalidRequest, NotFound, Unreadable
from crm.journeys.finding import find_id
from crm.journeys.rules import start_has_passed
from crm.outreach.models import EndReason, Journey, JourneyKind, JourneyState


def get_campaign(session: Session, campaign_id: int, *, lock: bool = False) -> Campaign:
    """Raises NotFound. `lock` holds the row until the end of the transaction."""
    campaign = session.get(Campaign, campaign_id, with_for_update=lock, populate_existing=lock)
    if campaign is None:
        raise NotFound(f"there is no campaign {campaign_id}")
    return campaign


def find_campaign(session: Session, name_or_id: str | int) -> Campaign:
    """By id, or by name as `find_id` says."""
    stored = select(Campaign.id, Journey.name).join(Campaign.journey)
    ids = {name: campaign_id for campaign_id, name in session.execute(stored)}
    numbers = set(ids.values())
    return get_campaign(session, find_id(name_or_id, ids, JourneyKind.CAMPAIGN, numbers.__contains__))


def list_campaigns(session: Session, standing: JourneyState | EndReason | None = None) -> Sequence[Campaign]:
    """The newest first; with `standing` those in that state, or that ended for that reason."""
    query = select(Campaign).order_by(Campaign.id.desc())
    if standing is not None:
        column = Journey.end_reason if isinstance(standing, EndReason) else Journey.state
        query = query.join(Campaign.journey).where(column == standing)
    return session.scalars(query).all()


def brief_of(campaign: Campaign) -> CampaignBrief:
    """Raises Unreadable for what this version of the program does not know, e.g. what a newer one stored."""
    try:
        return parse_brief(campaign.brief)
    except (InvalidRequest, TypeError, ValueError) as error:
        wrong = error.message if isinstance(error, InvalidRequest) else "it is no object"
        raise Unreadable(
            f"the brief of {campaign.name} is stored in a form that cannot be read here: {wrong}"
        ) from error


def needs_new_start(campaign: Campaign, local_now: datetime) -> bool:
    """Whether it is a draft whose start has passed, which nobody can submit as it stands."""
    try:
        return campaign.state is JourneyState.DRAFT and start_has_passed(brief_of(campaign).start, local_now)
    except Unreadable:
        return False
