"""Who else reaches the members of a draft: campaigns and journeys under way or to come."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from crm.campaigns.audience import audience_definition, audience_ids, campaign_scope
from crm.campaigns.brief import CampaignBrief, parse_brief
from crm.campaigns.models import Campaign
from crm.errors import CrmError
from crm.journeys.lookup import journey_scope
from crm.journeys.schedulers.planned import draft
from crm.journeys.schedulers.stepwise.conditions import entry_definition, fitting
from crm.outreach.ledger import spec_of
from crm.outreach.models import PENDING_STATES, Enrolment, Journey, JourneyKind, JourneyState, Message
from crm.segments.scope import SegmentScope
from crm.values import Value

_STARTED = (JourneyState.RUNNING, JourneyState.PAUSED)
_TO_COME = (JourneyState.AWAITING_APPROVAL, JourneyState.SCHEDULED)


_IS_OF_NO_CAMPAIGN = Journey.kind != JourneyKind.CAMPAIGN


class SharedAudience(Value):
    """A campaign or journey under way or to come that reaches some of the same members."""

    campaign: str
    """Its name."""
    kind: Literal["campaign", "journey"] = "campaign"
    shared_members: int


def conflicts(session: Session, brief: CampaignBrief, scope: SegmentScope, at: datetime) -> tuple[SharedAudience, ...]:
    """By name, with how many of the draft's members each reaches; those that share nobody are left out.

    A campaign reaches whom it enrolled, or before its launch whom it would. A journey reaches those under way in it;
    one that takes an audience at its start, and has not started, whom it would. Who may enter a journey later, by an
    event or on a day, is not counted. Asked while the draft's audience is in its temporary table.
    """
    found = [
        *_campaigns(session, brief, scope, at),
        *_journeys_under_way(session),
        *_journeys_to_come(session, scope, at),
    ]
    return tuple(sorted((each for each in found if each.shared_members), key=lambda each: (each.kind, each.campaign)))


def _campaigns(session: Session, brief: CampaignBrief, scope: SegmentScope, at: datetime) -> Iterator[SharedAudience]:
    query = select(Campaign).join(Campaign.journey).where(Journey.state.in_((*_STARTED, *_TO_COME)))
    others: Sequence[Campaign] = session.scalars(query.where(Journey.name != brief.name).order_by(Journey.name)).all()
    for other in others:
        # Trouble of another campaign is its own, and is said on its page: it keeps nobody else from planning.
        with suppress(CrmError):
            yield SharedAudience(
                campaign=other.name, shared_members=_shared(session, _theirs(session, other, scope, at))
            )


def _theirs(session: Session, other: Campaign, scope: SegmentScope, at: datetime) -> Select[Any]:
    if other.launched_at is not None:
        return select(Enrolment.member_id).where(Enrolment.journey_id == other.journey_id)
    other_scope = campaign_scope(session, other, scope.catalog, at)
    definition = audience_definition(session, parse_brief(other.brief), other_scope)
    return audience_ids(definition, other_scope)


def _journeys_under_way(session: Session) -> list[SharedAudience]:
    """All versions of a journey count as one."""
    waits = select(Message.id).where(Message.enrolment_id == Enrolment.id, Message.state.in_(PENDING_STATES)).exists()
    query = (
        select(Journey.name, func.count(Enrolment.member_id.distinct()))
        .join(Enrolment, Enrolment.journey_id == Journey.id)
        .where(
            Journey.state.in_(_STARTED),
            _IS_OF_NO_CAMPAIGN,
            Enrolment.member_id.in_(select(draft.AUDIENCE.c.member_id)),
            or_(Enrolment.wake_at.is_not(None), waits),
        )
        .group_by(Journey.name)
    )
    return [
        SharedAudience(campaign=name, kind="journey", shared_members=number) for name, number in session.execute(query)
    ]


def _journeys_to_come(session: Session, scope: SegmentScope, at: datetime) -> Iterator[SharedAudience]:
    query = select(Journey).where(Journey.state.in_(_TO_COME), _IS_OF_NO_CAMPAIGN)
    for journey in session.scalars(query.order_by(Journey.name)).all():
        with suppress(CrmError):
            spec = spec_of(journey)
            if spec.trigger.kind == "audience_at_launch":
                theirs = journey_scope(session, journey, scope.catalog, at)
                ids = fitting(session, entry_definition(spec, scope.catalog), theirs)
                yield SharedAudience(campaign=journey.name, kind="journey", shared_members=_shared(session, ids))


def _shared(session: Session, theirs: Select[Any]) -> int:
    member_id = draft.AUDIENCE.c.member_id
    return session.scalar(select(func.count()).select_from(draft.AUDIENCE).where(member_id.in_(theirs))) or 0
