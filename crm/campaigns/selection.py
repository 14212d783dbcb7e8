"""Whom a campaign selects now against whom it selected when its approval was asked for."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from crm.access import approvals
from crm.access.actor import Actor, Permission, require
from crm.access.models import Approval, ApprovalState
from crm.access.selection import SelectionChanges, joined_since, left_since, selection_changes
from crm.campaigns.audience import SUBJECT_KIND, audience_definition, audience_ids, campaign_scope
from crm.campaigns.lookup import brief_of
from crm.campaigns.models import Campaign
from crm.fields import Catalog
from crm.members.models import Member
from crm.outreach.models import Enrolment


@dataclass(frozen=True)
class MemberName:
    id: int
    name: str


@dataclass(frozen=True)
class WhoChanged:
    """Some of those who came and went, by id; a CSM's own alone."""

    changes: SelectionChanges
    joined: tuple[MemberName, ...]
    left: tuple[MemberName, ...]


def audience_changes(session: Session, campaign: Campaign, catalog: Catalog, now: datetime) -> SelectionChanges | None:
    """How those selected now, or enrolled at the launch, differ from those shown for approval; None without any."""
    approval = _approval(session, campaign)
    if approval is None:
        return None
    return selection_changes(session, approval.id, _selected(session, campaign, catalog, now))


def who_changed(
    session: Session, campaign: Campaign, catalog: Catalog, *, actor: Actor, now: datetime, limit: int = 50
) -> WhoChanged | None:
    """The same with the first names of each."""
    require(actor, Permission.READ_MEMBERS)
    approval = _approval(session, campaign)
    changes = audience_changes(session, campaign, catalog, now)
    if approval is None or changes is None:
        return None
    selected = _selected(session, campaign, catalog, now)
    return WhoChanged(
        changes,
        joined=_names(session, joined_since(approval.id, selected), actor, limit),
        left=_names(session, left_since(approval.id, selected), actor, limit),
    )


def _approval(session: Session, campaign: Campaign) -> Approval | None:
    states = (ApprovalState.PENDING, ApprovalState.APPROVED)
    return approvals.standing_approval(session, SUBJECT_KIND, campaign.id, states)


def _selected(session: Session, campaign: Campaign, catalog: Catalog, now: datetime) -> Select[Any]:
    if campaign.launched_at is not None:
        return select(Enrolment.member_id).where(Enrolment.journey_id == campaign.journey_id)
    scope = campaign_scope(session, campaign, catalog, now)
    return audience_ids(audience_definition(session, brief_of(campaign), scope), scope)


def _names(session: Session, ids: Select[Any], actor: Actor, limit: int) -> tuple[MemberName, ...]:
    query = select(Member.id, Member.name).where(Member.id.in_(ids)).order_by(Member.id).limit(limit)
    if actor.row_owner_id is not None:
        query = query.where(Member.owner_id == actor.row_owner_id)
    return tuple(MemberName(*row) for row in session.execute(query))
