"""A brief as it is written down: checked, and with the journey that it makes."""

from datetime import datetime

from sqlalchemy.orm import Session

from crm.access.actor import Actor
from crm.campaigns.audience import audience_definition
from crm.campaigns.benefits import promises_of, with_coupons
from crm.campaigns.brief import CampaignBrief
from crm.campaigns.brief_to_spec import sending_days, spec_from_brief, start_moment
from crm.campaigns.models import Campaign
from crm.campaigns.rules import check_percents, check_start
from crm.errors import InvalidRequest
from crm.fields import Catalog
from crm.journeys.house_rules import require_obeyed, require_stock
from crm.journeys.lookup import newest_version
from crm.outreach.models import Journey, JourneyKind, JourneyState
from crm.segments.approved import author_scope
from crm.workspace import get_workspace


def checked(session: Session, brief: CampaignBrief, author_id: int, catalog: Catalog, now: datetime) -> CampaignBrief:
    """The brief with its coupons filled in, after everything that can be said against it now."""
    if not brief.name.strip():
        raise InvalidRequest("a campaign needs a name", path="name")
    scope = author_scope(session, author_id, catalog, now)
    check_start(brief, now.astimezone(scope.zone))
    check_percents(brief)
    audience_definition(session, brief, scope)
    first_day = brief.start.date() if brief.start is not None else scope.today
    backed = with_coupons(session, brief, first_day)
    require_obeyed(session, spec_from_brief(backed, scope.currency), promises_of(backed))
    return backed


def require_stocked(session: Session, brief: CampaignBrief, now: datetime) -> None:
    workspace = get_workspace(session)
    starts_at = max(start_moment(brief, workspace) or now, now)
    spec = spec_from_brief(brief, workspace.currency)
    require_stock(session, spec, *sending_days(spec, starts_at, workspace.zone))


def new_campaign(session: Session, name: str, actor: Actor, request_id: str, now: datetime) -> Campaign:
    journey = Journey(
        name=name,
        version=newest_version(session, name) + 1,
        kind=JourneyKind.CAMPAIGN,
        state=JourneyState.DRAFT,
        author_id=actor.account_id,
        request_id=request_id,
        created_at=now,
    )
    return Campaign(journey=journey, is_imported=False)


def store_brief(session: Session, campaign: Campaign, brief: CampaignBrief, now: datetime) -> None:
    """Its only version is changed in place."""
    workspace = get_workspace(session)
    campaign.brief = brief.model_dump(mode="json")
    campaign.plan = None
    journey = campaign.journey
    journey.name, journey.spec = brief.name, spec_from_brief(brief, workspace.currency).model_dump(mode="json")
    journey.starts_at, journey.updated_at = start_moment(brief, workspace), now
