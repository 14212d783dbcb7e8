"""Who a campaign is for: its definition, in its author's scope."""

from datetime import datetime
from typing import Any

from sqlalchemy import Select
from sqlalchemy.orm import Session

from crm.campaigns.brief import CampaignBrief
from crm.campaigns.models import Campaign
from crm.fields import Catalog
from crm.journeys.lookup import scope_of
from crm.outreach.models import JourneyKind
from crm.segments.compile import select_member_ids
from crm.segments.definition import ARRANGEMENT, Definition, parse_definition
from crm.segments.scope import SegmentScope
from crm.segments.service import require_known_names

SUBJECT_KIND = JourneyKind.CAMPAIGN.value


def campaign_scope(session: Session, campaign: Campaign, catalog: Catalog, now: datetime) -> SegmentScope:
    """The scope in which a campaign's audience is read."""
    return scope_of(session, SUBJECT_KIND, campaign.id, campaign.journey, catalog, now)


def audience_json(brief: CampaignBrief) -> dict[str, Any]:
    """The audience with the excluded campaigns as a condition, so that count, words and run say the same."""
    if not brief.exclude_campaigns:
        return brief.audience
    tree = {key: value for key, value in brief.audience.items() if key not in ARRANGEMENT}
    arrangement = {key: value for key, value in brief.audience.items() if key not in tree}
    never_in = {"field": "campaign", "op": "not_in", "value": list(brief.exclude_campaigns)}
    return {"all": [tree, never_in], **arrangement}


def audience_definition(session: Session, brief: CampaignBrief, scope: SegmentScope) -> Definition:
    """Raises InvalidRequest when the definition makes no sense, or names a campaign that there is not."""
    definition = parse_definition(audience_json(brief), scope.catalog)
    require_known_names(session, definition, scope.frozen)
    return definition


def audience_ids(definition: Definition, scope: SegmentScope) -> Select[int]:
    """One column of member ids."""
    return select_member_ids(definition, scope)
