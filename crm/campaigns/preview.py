"""One message of a campaign as one member would read it."""

from datetime import datetime

from sqlalchemy.orm import Session

from crm.access.actor import Actor
from crm.campaigns.benefits import with_coupons
from crm.campaigns.brief import CampaignBrief
from crm.campaigns.brief_to_spec import spec_from_brief
from crm.channels import Channel
from crm.clock import local_day
from crm.journeys.preview import MessagePreview, preview_step
from crm.outreach.links import Links
from crm.workspace import get_workspace


def preview_message(
    session: Session,
    brief: CampaignBrief,
    *,
    member: str,
    step: str | None = None,
    channel: Channel | None = None,
    variant: str | None = None,
    actor: Actor,
    links: Links,
    now: datetime,
) -> MessagePreview:
    """What a member would read, as `preview_step` says; with the coupons that stand behind the offers today."""
    workspace = get_workspace(session)
    spec = spec_from_brief(with_coupons(session, brief, local_day(now, workspace.zone)), workspace.currency)
    return preview_step(
        session, spec, member=member, step=step, channel=channel, variant=variant, actor=actor, links=links
    )
