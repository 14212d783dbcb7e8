"""Reading journeys: the list, one with its counts step by step, and the way of one member."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.access.actor import Actor, Permission, require
from crm.errors import NotFound
from crm.journeys.lookup import get_journey, takes_entries
from crm.journeys.models import StepTaken
from crm.journeys.schedulers.planned.persons import people_where
from crm.journeys.steps.kind import TimelineEntry
from crm.journeys.steps.registry import STEP_KINDS
from crm.members.models import Member
from crm.outreach.ledger import spec_of
from crm.outreach.models import (
    PENDING_STATES,
    Arm,
    EndReason,
    Enrolment,
    EnrolmentState,
    Journey,
    JourneyState,
    Message,
    MessageEvent,
    MessageState,
)
from crm.success.models import Task, TaskState


@dataclass(frozen=True)
class JourneyLine:
    """One version of a journey in a list. Counts are enrolments: a member can take part more than once."""

    journey_id: int
    name: str
    version: int
    state: JourneyState
    end_reason: EndReason | None
    trigger: str
    takes_entries: bool
    """Whether it is the version that members enter now."""
    under_way: int
    completed: int
    exited: int
    stopped: int
    activated_at: datetime | None
    note: str | None


@dataclass(frozen=True)
class StepCounts:
    key: str
    kind: str
    standing: int
    """Enrolments under way that come to this step next, or wait in it."""
    went_to: Mapping[str, int]
    """How many left it, by where to; `end` is the end."""
    messages: Mapping[MessageState, int]
    """Of a step that sends, by state."""
    excluded: Mapping[str, int]
    """Of those messages the excluded ones, by reason."""
    tasks: Mapping[TaskState, int]


@dataclass(frozen=True)
class JourneyView:
    line: JourneyLine
    spec: Mapping[str, Any]
    holdout: int
    """People who are left alone, so that the effect can be measured; each counts once (decision 17)."""
    steps: tuple[StepCounts, ...]
    messages: int
    """Every message on the books: delivered + failed + unknown + excluded + pending."""
    pending: int
    as_of: datetime


@dataclass(frozen=True)
class MemberWay:
    """One enrolment of a member."""

    enrolment_id: int
    journey_id: int
    journey_name: str
    version: int
    occurrence: str
    arm: Arm
    state: EnrolmentState
    step_key: str | None
    wake_at: datetime | None
    entries: tuple[TimelineEntry, ...]


def list_journeys(session: Session, *, actor: Actor) -> list[JourneyLine]:
    """Every version of every journey, the newest first."""
    require(actor, Permission.READ_REVIEW)
    journeys = session.scalars(select(Journey).where(Journey.is_walked).order_by(Journey.id.desc())).all()
    open_ids = set(session.scalars(takes_entries()))
    counts = _enrolment_counts(session)
    return [_line(journey, open_ids, counts.get(journey.id, {})) for journey in journeys]


def show_journey(session: Session, journey_id: int, *, actor: Actor, now: datetime) -> JourneyView:
    """One version with its counts at this moment. Raises NotFound."""
    require(actor, Permission.READ_REVIEW)
    journey = get_journey(session, journey_id)
    counts = _enrolment_counts(session, journey.id).get(journey.id, {})
    by_step = _counts_by_step(session, journey.id)
    held_out = select(people_where()).where(Enrolment.journey_id == journey.id, Enrolment.arm == Arm.HOLDOUT)
    steps = tuple(
        StepCounts(
            key=step.key,
            kind=step.kind,
            standing=by_step.standing.get(step.key, 0),
            went_to=by_step.went_to.get(step.key, {}),
            messages=by_step.messages.get(step.key, {}),
            excluded=by_step.excluded.get(step.key, {}),
            tasks=by_step.tasks.get(step.key, {}),
        )
        for step in spec_of(journey).steps
    )
    states = [(state, number) for step in steps for state, number in step.messages.items()]
    return JourneyView(
        line=_line(journey, set(session.scalars(takes_entries())), counts),
        spec=journey.spec,
        holdout=session.scalar(held_out) or 0,
        steps=steps,
        messages=sum(number for _, number in states),
        pending=sum(number for state, number in states if state in PENDING_STATES),
        as_of=now,
    )


def ways_of_member(session: Session, member_id: int, *, actor: Actor, journey_id: int | None = None) -> list[MemberWay]:
    """Each part that a member takes in journeys that are walked, the newest first, with everything that happened.

    Raises NotFound for a member whom the actor may not see.
    """
    require(actor, Permission.READ_MEMBERS)
    member = session.get(Member, member_id)
    if member is None or actor.row_owner_id not in (None, member.owner_id):
        raise NotFound(f"there is no member {member_id}")
    query = select(Enrolment, Journey).join(Journey, Journey.id == Enrolment.journey_id)
    query = query.where(Enrolment.member_id == member_id, Journey.is_walked)
    if journey_id is not None:
        query = query.where(Journey.id == journey_id)
    rows = session.execute(query.order_by(Enrolment.enrolled_at.desc(), Enrolment.id.desc())).all()
    return [_way(session, enrolment, journey) for enrolment, journey in rows]


def _line(journey: Journey, open_ids: set[int], counts: Mapping[EnrolmentState, int]) -> JourneyLine:
    return JourneyLine(
        journey_id=journey.id,
        name=journey.name,
        version=journey.version,
        state=journey.state,
        end_reason=journey.end_reason,
        trigger=_trigger(journey.spec),
        takes_entries=journey.id in open_ids,
        under_way=counts.get(EnrolmentState.ACTIVE, 0),
        completed=counts.get(EnrolmentState.COMPLETED, 0),
        exited=counts.get(EnrolmentState.EXITED, 0),
        stopped=counts.get(EnrolmentState.STOPPED, 0),
        activated_at=journey.activated_at,
        note=journey.note,
    )


def _trigger(stored: Any) -> str:
    """As stored: the list shows journeys that cannot be read, too."""
    trigger = stored.get("trigger") if isinstance(stored, dict) else None
    kind = trigger.get("kind") if isinstance(trigger, dict) else None
    return kind if isinstance(kind, str) else "unreadable"


def _enrolment_counts(session: Session, journey_id: int | None = None) -> dict[int, dict[EnrolmentState, int]]:
    query = select(Enrolment.journey_id, Enrolment.state, func.count()).join(
        Journey, Journey.id == Enrolment.journey_id
    )
    query = query.where(Journey.is_walked).group_by(Enrolment.journey_id, Enrolment.state)
    if journey_id is not None:
        query = query.where(Journey.id == journey_id)
    found: dict[int, dict[EnrolmentState, int]] = {}
    for each, state, number in session.execute(query):
        found.setdefault(each, {})[state] = number
    return found


@dataclass(frozen=True)
class _ByStep:
    standing: dict[str, int]
    went_to: dict[str, dict[str, int]]
    messages: dict[str, dict[MessageState, int]]
    excluded: dict[str, dict[str, int]]
    tasks: dict[str, dict[TaskState, int]]


def _counts_by_step(session: Session, journey_id: int) -> _ByStep:
    standing = select(Enrolment.step_key, func.count()).where(
        Enrolment.journey_id == journey_id, Enrolment.wake_at.is_not(None)
    )
    stands = {key: number for key, number in session.execute(standing.group_by(Enrolment.step_key)) if key is not None}
    of_messages = Message.journey_id == journey_id
    is_excluded = (of_messages, Message.state == MessageState.EXCLUDED)
    return _ByStep(
        standing=stands,
        went_to=_nested(session, StepTaken.step_key, StepTaken.went_to, StepTaken.journey_id == journey_id),
        messages=_nested(session, Message.step_key, Message.state, of_messages),
        excluded=_nested(session, Message.step_key, Message.reason, *is_excluded),
        tasks=_nested(session, Task.step_key, Task.state, Task.journey_id == journey_id),
    )


def _nested(session: Session, outer: Any, inner: Any, *conditions: Any) -> dict[str, dict[Any, int]]:
    query = select(outer, inner, func.count()).where(*conditions).group_by(outer, inner).order_by(outer, inner)
    found: dict[str, dict[Any, int]] = {}
    for key, value, number in session.execute(query):
        found.setdefault(key, {})[value] = number
    return found


def _way(session: Session, enrolment: Enrolment, journey: Journey) -> MemberWay:
    entries = [TimelineEntry(enrolment.enrolled_at, "entered", enrolment.occurrence)]
    steps = select(StepTaken).where(StepTaken.enrolment_id == enrolment.id).order_by(StepTaken.taken_at, StepTaken.id)
    entries += [
        TimelineEntry(taken.taken_at, "step", taken.step_key, taken.went_to) for taken in session.scalars(steps)
    ]
    messages = session.scalars(select(Message).where(Message.enrolment_id == enrolment.id)).all()
    for message in messages:
        state = message.state.value if message.reason is None else f"{message.state.value}: {message.reason}"
        at = message.delivered_at or message.sent_at or message.due_at
        entries.append(TimelineEntry(at, "message", f"{message.step_key} by {message.channel.value}", state))
    answers = select(MessageEvent).where(MessageEvent.message_id.in_([message.id for message in messages]))
    by_people = answers.where(MessageEvent.by_machine.is_(False))
    entries += [TimelineEntry(event.occurred_at, "answer", event.kind.value) for event in session.scalars(by_people)]
    for kind in STEP_KINDS.values():
        entries += kind.timeline(session, enrolment) if kind.timeline is not None else ()
    if enrolment.ended_at is not None:
        entries.append(TimelineEntry(enrolment.ended_at, "ended", enrolment.state.value, enrolment.end_reason))
    return MemberWay(
        enrolment_id=enrolment.id,
        journey_id=journey.id,
        journey_name=journey.name,
        version=journey.version,
        occurrence=enrolment.occurrence,
        arm=enrolment.arm,
        state=enrolment.state,
        step_key=enrolment.step_key,
        wake_at=enrolment.wake_at,
        entries=tuple(sorted(entries, key=lambda entry: entry.at)),
    )
