"""The one list of what rooms bring (fields, events, key dates, kinds of things that send, what needs an approval), and
the scope in which a person asks."""

from datetime import date, datetime

from sqlalchemy.orm import Session

from crm.access.actor import Actor
from crm.activity import events as activity_events
from crm.activity import fields as activity
from crm.campaigns import campaign_kind
from crm.campaigns import fields as campaigns
from crm.fields import Catalog
from crm.journeys import journey_kind
from crm.lifecycle import events as lifecycle_events
from crm.lifecycle import fields as lifecycle
from crm.loyalty import events as loyalty_events
from crm.loyalty import fields as loyalty
from crm.loyalty import key_dates as loyalty_key_dates
from crm.members import events as member_events
from crm.members import fields as members
from crm.members import key_dates as member_key_dates
from crm.outreach import events as outreach_events
from crm.outreach import fields as outreach
from crm.segments import fields as segments
from crm.segments.scope import SegmentScope, open_scope

CATALOG = Catalog(
    fields=(
        *members.FIELDS,
        *activity.FIELDS,
        *loyalty.FIELDS,
        *lifecycle.FIELDS,
        *loyalty.coupon_fields(campaigns.CAMPAIGN),
        *outreach.message_fields(campaigns.CAMPAIGN),
        *campaigns.FIELDS,
        *segments.FIELDS,
    ),
    collections=(
        *members.COLLECTIONS,
        *activity.COLLECTIONS,
        *loyalty.coupon_collections(campaigns.CAMPAIGN),
        *outreach.message_collections(campaigns.CAMPAIGN),
        *campaigns.COLLECTIONS,
        *segments.COLLECTIONS,
    ),
    profile=members.PROFILE,
    events=(
        *member_events.EVENTS,
        *activity_events.EVENTS,
        *loyalty_events.EVENTS,
        *lifecycle_events.EVENTS,
        *outreach_events.EVENTS,
    ),
    key_dates=(
        *member_key_dates.KEY_DATES,
        *loyalty_key_dates.KEY_DATES,
    ),
    kinds=(campaign_kind.KIND, journey_kind.KIND),
    approvables=(campaign_kind.CAMPAIGN, journey_kind.JOURNEY),
)


def segment_scope(session: Session, actor: Actor, now: datetime, as_of: date | None = None) -> SegmentScope:
    """The scope of `actor` at `now`: the workspace's local day, and only his own members for a CSM.

    With `as_of`, an earlier day, segments are those of that day. Raises InvalidRequest when it lies in the future.
    """
    return open_scope(session, CATALOG, now, row_owner_id=actor.row_owner_id, me_id=actor.account_id, as_of=as_of)
