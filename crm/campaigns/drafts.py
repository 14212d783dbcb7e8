"""A brief as it is written down: with its coupons, as the spec that it makes, checked like whatever sends."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from crm.access.actor import Actor
from crm.campaigns.audience import SUBJECT_KIND
from crm.campaigns.benefits import promises_of, with_coupons
from crm.campaigns.brief import CampaignBrief
from crm.campaigns.brief_to_spec import spec_from_brief, start_moment
from crm.campaigns.models import Campaign
from crm.campaigns.rules import percents_in_doubt
from crm.clock import local_day
from crm.journeys import rules
from crm.journeys.lookup import newest_version
from crm.journeys.prepare import Form, Prepared, Stage, prepare
from crm.outreach.models import Journey, JourneyKind, JourneyState
from crm.segments.scope import SegmentScope
from crm.workspace import get_workspace

UNNAMED = "(draft)"
"""Stands for the name of a brief that has none yet; the holdout is drawn by name."""


@dataclass(frozen=True)
class PreparedBrief:
    brief: CampaignBrief
    """With its coupons filled in."""
    prepared: Prepared
    """The spec that it makes."""


def prepare_brief(
    session: Session,
    brief: CampaignBrief,
    scope: SegmentScope,
    *,
    people: Sequence[Actor] = (),
    now: datetime,
    stage: Stage = Stage.DRAFT,
) -> PreparedBrief:
    """Check a brief as `prepare` does. What starts has the coupons with which it was approved."""
    backed = brief
    if stage is not Stage.START:
        starts_at = max(start_moment(brief, get_workspace(session)) or now, now)
        backed = with_coupons(session, brief, local_day(starts_at, scope.zone))
    named = backed if backed.name.strip() else backed.model_copy(update={"name": UNNAMED})
    spec = spec_from_brief(named, scope.currency)
    return PreparedBrief(
        backed, prepare(session, spec, scope, people=people, now=now, stage=stage, form=_form_of(backed))
    )


def _form_of(brief: CampaignBrief) -> Form:
    """What only the brief knows."""
    names = {"trigger.definition": "audience", "holdout_share": "holdout_pct", "benefits": "offers"}
    if brief.exclude_campaigns:
        names |= {"trigger.definition.all[0]": "audience", "trigger.definition.all[1]": "exclude_campaigns"}
    return Form(
        kind=SUBJECT_KIND,
        is_planned=True,
        offers=promises_of(brief),
        names=names,
        waiver=brief.holdout_waiver,
        findings=(*rules.of_name(brief.name, SUBJECT_KIND), *percents_in_doubt(brief)),
    )


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


def store_brief(session: Session, campaign: Campaign, made: PreparedBrief, now: datetime) -> None:
    """Its only version is changed in place."""
    brief, journey = made.brief, campaign.journey
    campaign.brief = brief.model_dump(mode="json")
    campaign.plan = None
    journey.name, journey.spec = brief.name, made.prepared.spec.model_dump(mode="json")
    journey.starts_at, journey.updated_at = start_moment(brief, get_workspace(session)), now
