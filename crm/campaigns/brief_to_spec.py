"""From a brief to the journey that the engine runs."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import ValidationError

from crm import validation_messages
from crm.campaigns.audience import audience_json
from crm.campaigns.benefits import benefits_of
from crm.campaigns.brief import CampaignBrief, Copy, Step
from crm.campaigns.copywriting import complete_copy
from crm.channels import Channel
from crm.errors import InvalidRequest
from crm.outreach.rules import moment_of
from crm.outreach.spec import AudienceAtLaunch, JourneySpec, SendStep
from crm.outreach.template import Wording
from crm.workspace import Workspace


def spec_from_brief(brief: CampaignBrief, currency: str) -> JourneySpec:
    """The journey of a brief whose coupons are filled in. Plan and launch both run this one.

    Raises InvalidRequest when texts and steps do not fit together.
    """
    copies = complete_copy(brief)
    try:
        return JourneySpec(
            name=brief.name,
            experiment=brief.name,
            trigger=AudienceAtLaunch(definition=audience_json(brief)),
            start=brief.start,
            holdout_share=brief.holdout_pct / 100,
            steps=tuple(_send_step(brief, step, copies) for step in brief.steps),
            benefits=benefits_of(brief, currency),
            language=brief.language,
            priority=brief.priority,
        )
    except ValidationError as error:
        raise InvalidRequest(validation_messages.sentence(error.errors()[0])) from error


def _send_step(brief: CampaignBrief, step: Step, copies: Sequence[Copy]) -> SendStep:
    return SendStep(
        key=step.key,
        offset_days=step.offset_days,
        at=step.at,
        channels=brief.channels_of(step),
        wordings=tuple(
            Wording(channel=Channel(copy.channel), variant=copy.variant, subject=copy.subject, body=copy.body)
            for copy in copies
            if copy.step == step.key
        ),
    )


def start_moment(brief: CampaignBrief, workspace: Workspace) -> datetime | None:
    """When the campaign starts; None: when it is approved."""
    return None if brief.start is None else moment_of(brief.start, workspace.zone)
