"""The books of messages: what is stored of a journey, what waits, and what becomes of it and of its benefits."""

from datetime import datetime, timedelta

from pydantic import ValidationError
from sqlalchemy import Select, and_, exists, or_, select, update
from sqlalchemy.orm import Session

from crm import validation_messages
from crm.errors import InvalidRequest, Unreadable
from crm.loyalty import service as loyalty
from crm.loyalty.models import CouponGrant
from crm.outreach.models import (
    PENDING_STATES,
    WAITING,
    Enrolment,
    ExclusionReason,
    Journey,
    JourneyState,
    Message,
    MessageState,
    UnknownReason,
)
from crm.outreach.spec import JourneySpec
from crm.outreach.template import fields_of

LAUNCH = "launch"
"""The occurrence of an audience that takes part once."""


def spec_of(journey: Journey) -> JourneySpec:
    """Raises Unreadable for what this version of the program does not know, e.g. what a newer one stored."""
    try:
        return JourneySpec.model_validate(journey.spec)
    except ValidationError as error:
        wrong = validation_messages.sentence(error.errors(include_url=False)[0])
        raise Unreadable(
            f"version {journey.version} of {journey.name} is stored in a form that cannot be read here: {wrong}"
        ) from error


def require_writable(spec: JourneySpec) -> None:
    """Raises InvalidRequest for a text that cannot be rendered: it may have been stored before that was asked."""
    for step in spec.sends:
        for words in step.wordings:
            for text in (words.subject, words.body):
                try:
                    fields_of(text or "")
                except InvalidRequest as error:
                    raise InvalidRequest(f"the {words.channel} text of step {step.key}: {error.message}") from error


def resume(session: Session, journey_id: int, *, late_limit: timedelta, now: datetime) -> None:
    """Let a paused journey go on. What the pause kept until it was too late (`late_limit` overdue) is excluded as such.

    What an earlier attempt may have sent is left to the gate, which does not claim that it was not.
    """
    session.execute(
        update(Message)
        .where(
            Message.journey_id == journey_id,
            Message.state.in_(WAITING),
            Message.attempts == 0,
            Message.due_at < now - late_limit,
        )
        .values(state=MessageState.EXCLUDED, reason=ExclusionReason.CAMPAIGN_PAUSED.value)
        .execution_options(synchronize_session=False)
    )
    free = {"note": None, "held_until": None, "held_times": 0}
    session.execute(update(Journey).where(Journey.id == journey_id).values(state=JourneyState.RUNNING, **free))
    settle_benefits(session, select(Enrolment.id).where(Enrolment.journey_id == journey_id), now=now)


def cancel(session: Session, journey_id: int, *, now: datetime) -> None:
    """End a journey early: what waits is excluded, what a worker holds is settled by the worker."""
    _wait_for_batches(session, journey_id)
    session.execute(
        update(Message)
        .where(
            Message.journey_id == journey_id,
            Message.state.in_(WAITING),
            Message.attempts == 0,
        )
        .values(state=MessageState.EXCLUDED, reason=ExclusionReason.CANCELLED.value)
        .execution_options(synchronize_session=False)
    )
    end(session, journey_id, now=now)


def _wait_for_batches(session: Session, journey_id: int) -> None:
    """Until batches that are being handed over are written down: what they put back waits, and must be seen here.

    At most the moment in which calls may begin (`hand_over.py`). SQLite's one writer has waited already.
    """
    handed_over = select(Message.id).where(Message.journey_id == journey_id, Message.state == MessageState.CLAIMED)
    session.execute(handed_over.order_by(Message.id).with_for_update()).all()


def end(session: Session, journey_id: int, *, now: datetime) -> None:
    """Close a journey. What was handed over and never answered becomes unknown; benefits not needed go back."""
    session.execute(
        update(Message)
        .where(
            Message.journey_id == journey_id,
            Message.state.in_((MessageState.SENT, *WAITING)),
        )
        .values(state=MessageState.UNKNOWN, reason=UnknownReason.NO_RECEIPT.value)
        .execution_options(synchronize_session=False)
    )
    session.execute(update(Journey).where(Journey.id == journey_id).values(state=JourneyState.ENDED))
    enrolments = select(Enrolment.id).where(Enrolment.journey_id == journey_id)
    settle_benefits(session, enrolments, now=now)


def settle_benefits(session: Session, enrolments: Select[int], *, now: datetime) -> None:
    """Issue the benefits of enrolments with a delivered message; release those for which none can come any more.

    An unknown message keeps its benefit set aside: it may well have arrived.
    """
    mine = CouponGrant.enrolment_id.in_(enrolments)
    its_step = or_(CouponGrant.step_key.is_(None), CouponGrant.step_key == Message.step_key)
    message_of_grant = and_(Message.enrolment_id == CouponGrant.enrolment_id, its_step)
    delivered = exists().where(message_of_grant, Message.state == MessageState.DELIVERED)
    open_ended = exists().where(message_of_grant, Message.state.in_((*PENDING_STATES, MessageState.UNKNOWN)))
    loyalty.issue(session, mine & delivered, now=now)
    loyalty.release(session, mine & ~delivered & ~open_ended, now=now)
