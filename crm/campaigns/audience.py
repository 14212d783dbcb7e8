"""Who a campaign is for: its definition, in its author's scope."""

from datetime import datetime
from typing import Any

from sqlalchemy import Select
from sqlalchemy.orm import Session

from crm.access.models import Account, Role
from crm.campaigns.brief import CampaignBrief
from crm.fields import Catalog
from crm.segments.compile import select_member_ids
from crm.segments.definition import ARRANGEMENT, Definition, parse_definition
from crm.segments.scope import SegmentScope, open_scope
from crm.segments.service import require_known_names


def author_scope(session: Session, account_id: int, catalog: Catalog, now: datetime) -> SegmentScope:
    """The scope in which a campaign's audience is read: its author's, whoever acts now."""
    author = session.get_one(Account, account_id)
    row_owner_id = author.id if author.role is Role.CSM else None
    return open_scope(session, catalog, now, row_owner_id=row_owner_id, me_id=author.id)


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
    require_known_names(session, definition)
    return definition


def audience_ids(definition: Definition, scope: SegmentScope) -> Select[int]:
    """One column of member ids."""
    return select_member_ids(definition, scope)
