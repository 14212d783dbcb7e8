"""Who takes part in a journey and where each member stands, a page at a time."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from crm.access.actor import Actor, Permission, require
from crm.journeys.lookup import get_journey
from crm.members.models import Member
from crm.outreach.models import Arm, Enrolment, EnrolmentState


@dataclass(frozen=True)
class Participant:
    """One enrolment."""

    enrolment_id: int
    member_id: int
    member_name: str
    name_local: str | None
    tier: str
    occurrence: str
    arm: Arm
    state: EnrolmentState
    step_key: str | None
    is_waiting: bool
    wake_at: datetime | None
    enrolled_at: datetime
    ended_at: datetime | None
    end_reason: str | None


@dataclass(frozen=True)
class ParticipantPage:
    total: int
    walkers: tuple[Participant, ...]
    next_cursor: int | None
    """Pass as `before` to read on; None at the end."""


def list_participants(
    session: Session,
    journey_id: int,
    *,
    actor: Actor,
    state: EnrolmentState | None = None,
    step: str | None = None,
    before: int | None = None,
    limit: int = 20,
) -> ParticipantPage:
    """Enrolments of one version, the newest first; a customer success manager gets those of his own members."""
    require(actor, Permission.READ_MEMBERS)
    get_journey(session, journey_id)
    conditions: list[ColumnElement[bool]] = [Enrolment.journey_id == journey_id]
    if state is not None:
        conditions.append(Enrolment.state == state)
    if step is not None:
        conditions.append(Enrolment.step_key == step)
    if actor.row_owner_id is not None:
        conditions.append(Member.owner_id == actor.row_owner_id)
    joined = select(Enrolment, Member).join(Member, Member.id == Enrolment.member_id)
    total = select(func.count(Enrolment.id)).join(Member, Member.id == Enrolment.member_id)
    page = joined.where(*conditions).order_by(Enrolment.id.desc()).limit(limit + 1)
    if before is not None:
        page = page.where(Enrolment.id < before)
    rows = session.execute(page).all()
    walkers = tuple(_walker(enrolment, member) for enrolment, member in rows[:limit])
    return ParticipantPage(
        total=session.scalar(total.where(*conditions)) or 0,
        walkers=walkers,
        next_cursor=walkers[-1].enrolment_id if len(rows) > limit else None,
    )


def _walker(enrolment: Enrolment, member: Member) -> Participant:
    return Participant(
        enrolment_id=enrolment.id,
        member_id=member.id,
        member_name=member.name,
        name_local=member.name_local,
        tier=member.tier,
        occurrence=enrolment.occurrence,
        arm=enrolment.arm,
        state=enrolment.state,
        step_key=enrolment.step_key,
        is_waiting=enrolment.is_waiting,
        wake_at=enrolment.wake_at,
        enrolled_at=enrolment.enrolled_at,
        ended_at=enrolment.ended_at,
        end_reason=enrolment.end_reason,
    )
