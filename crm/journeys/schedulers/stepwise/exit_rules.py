"""What happens to members between their steps: the event comes that they wait for, or an exit condition holds."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, cast

from sqlalchemy import (
    Column,
    Integer,
    MetaData,
    String,
    Table,
    and_,
    delete,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session

from crm.database import UtcDateTime
from crm.journeys.event_sources import concerns, recent
from crm.journeys.models import THROUGH, StepTaken
from crm.journeys.schedulers.stepwise.conditions import fitting
from crm.journeys.schedulers.stepwise.triggers import NEWS_DELAY
from crm.outreach import ledger
from crm.outreach.models import (
    WAITING,
    Enrolment,
    EnrolmentState,
    ExclusionReason,
    Journey,
    Message,
    MessageState,
)
from crm.outreach.spec import ExitRule, JourneySpec, WaitStep
from crm.segments.definition import parse_definition
from crm.segments.scope import SegmentScope
from crm.success.models import Task
from crm.success.service import cancel_tasks

_METADATA = MetaData()
_ENROLMENT = cast(Table, Enrolment.__table__)
_TOUCHED = Table(
    "touched_enrolments",
    _METADATA,
    Column("enrolment_id", Integer, primary_key=True),
    Column("at", UtcDateTime),
    Column("reason", String),
    prefixes=["TEMPORARY"],
)
"""The enrolments that something happened to."""
_IS_TOUCHED = _TOUCHED.c.enrolment_id == _ENROLMENT.c.id


@contextmanager
def _touched(session: Session) -> Iterator[None]:
    connection = session.connection()
    _METADATA.create_all(connection, checkfirst=False)
    yield
    _METADATA.drop_all(connection, checkfirst=False)


def resolve_event_waits(
    session: Session, journey: Journey, spec: JourneySpec, scope: SegmentScope, now: datetime
) -> None:
    """Move on, to the moment of the event, those who wait for one that came in time."""
    waits = [step for step in spec.steps if isinstance(step, WaitStep) and step.until_event is not None]
    if not waits:
        return
    with _touched(session):
        for step in waits:
            assert step.until_event is not None  # noqa: S101 - chosen so
            since = (journey.seen_until or now) - NEWS_DELAY
            happened = recent(scope.catalog.events, step.until_event, after=since, until=now)
            had = (
                select(_ENROLMENT.c.id, func.min(happened.c.at))
                .select_from(happened.join(_ENROLMENT, concerns(happened, _ENROLMENT)))
                .where(
                    _ENROLMENT.c.journey_id == journey.id,
                    _ENROLMENT.c.step_key == step.key,
                    _ENROLMENT.c.is_waiting,
                    happened.c.at <= _ENROLMENT.c.wake_at,
                )
                .group_by(_ENROLMENT.c.id)
            )
            session.execute(insert(_TOUCHED).from_select(["enrolment_id", "at"], had))
            _pass(session, journey, step, spec.after(step))
            session.execute(delete(_TOUCHED))


def _pass(session: Session, journey: Journey, step: WaitStep, after: str | None) -> None:
    taken = select(
        literal(journey.id),
        _TOUCHED.c.enrolment_id,
        literal(step.key, String),
        literal(after or THROUGH, String),
        _TOUCHED.c.at,
    ).order_by(_TOUCHED.c.enrolment_id)
    columns = ["journey_id", "enrolment_id", "step_key", "went_to", "taken_at"]
    session.execute(insert(StepTaken).from_select(columns, taken))
    moved: dict[str, Any] = {"step_key": after, "is_waiting": False, "wake_at": _TOUCHED.c.at}
    if after is None:
        moved |= {"state": EnrolmentState.COMPLETED, "wake_at": None, "ended_at": _TOUCHED.c.at}
    session.execute(update(_ENROLMENT).where(_IS_TOUCHED).values(moved))


def apply_exit_rules(session: Session, journey: Journey, spec: JourneySpec, scope: SegmentScope, now: datetime) -> int:
    """End the way of those for whom an exit condition holds: nothing that waits for them is done; how many.

    Events are asked of everyone under way, definitions of those who would be moved on or written to now.
    """
    if not spec.exits:
        return 0
    with _touched(session):
        for number, rule in enumerate(spec.exits, start=1):
            _find(session, journey, rule, number, scope, now)
        session.execute(_ended())
        left = session.scalar(select(func.count()).select_from(_TOUCHED)) or 0
        if left:
            _cancel(session, now)
    return left


def _find(session: Session, journey: Journey, rule: ExitRule, number: int, scope: SegmentScope, now: datetime) -> None:
    reason = literal(f"exit {number}", String)
    is_new = ~exists().where(_TOUCHED.c.enrolment_id == _ENROLMENT.c.id)
    if rule.event is not None:
        since = (journey.seen_until or now) - NEWS_DELAY
        happened = recent(scope.catalog.events, rule.event, after=since, until=now)
        found = (
            select(_ENROLMENT.c.id, func.min(happened.c.at), reason)
            .select_from(happened.join(_ENROLMENT, concerns(happened, _ENROLMENT)))
            .where(_has_something_to_come(journey), is_new)
            .group_by(_ENROLMENT.c.id)
        )
    else:
        definition = parse_definition(rule.definition or {}, scope.catalog)
        asked = _is_due(journey, now)
        among = select(_ENROLMENT.c.member_id).where(asked)
        ids = fitting(session, definition, scope, among).subquery().select()
        found = select(_ENROLMENT.c.id, literal(now, UtcDateTime), reason).where(
            asked, is_new, _ENROLMENT.c.member_id.in_(ids)
        )
    session.execute(insert(_TOUCHED).from_select(["enrolment_id", "at", "reason"], found))


def _waiting_messages(journey: Journey, *conditions: Any) -> Any:
    return select(Message.enrolment_id).where(
        Message.journey_id == journey.id, Message.state.in_(WAITING), Message.attempts == 0, *conditions
    )


def _has_something_to_come(journey: Journey) -> Any:
    return and_(
        _ENROLMENT.c.journey_id == journey.id,
        or_(_ENROLMENT.c.state == EnrolmentState.ACTIVE, _ENROLMENT.c.id.in_(_waiting_messages(journey))),
    )


def _is_due(journey: Journey, now: datetime) -> Any:
    wakes = and_(_ENROLMENT.c.wake_at.is_not(None), _ENROLMENT.c.wake_at <= now)
    return and_(
        _ENROLMENT.c.journey_id == journey.id,
        or_(wakes, _ENROLMENT.c.id.in_(_waiting_messages(journey, Message.due_at <= now))),
    )


def _ended() -> Any:
    return (
        update(_ENROLMENT)
        .where(_IS_TOUCHED)
        .values(
            state=EnrolmentState.EXITED,
            step_key=None,
            wake_at=None,
            is_waiting=False,
            ended_at=_TOUCHED.c.at,
            end_reason=_TOUCHED.c.reason,
        )
    )


def _cancel(session: Session, now: datetime) -> None:
    """Nothing that waits for those who left is done: messages not handed over yet, and tasks that nobody did."""
    ids = select(_TOUCHED.c.enrolment_id)
    waiting = (Message.enrolment_id.in_(ids), Message.state.in_(WAITING), Message.attempts == 0)
    cancelled = update(Message).where(*waiting)
    cancelled = cancelled.values(state=MessageState.EXCLUDED, reason=ExclusionReason.LEFT_JOURNEY.value)
    session.execute(cancelled.execution_options(synchronize_session=False))
    cancel_tasks(session, Task.enrolment_id.in_(ids), now=now)
    ledger.settle_benefits(session, ids, now=now)
