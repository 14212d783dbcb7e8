"""Launching a journey: everyone enrolled, every message on the books, benefits set aside, in one transaction."""

from datetime import datetime, timedelta
from typing import Any

from pydantic import ValidationError
from sqlalchemy import ColumnElement, Select, and_, cast, exists, func, insert, literal, or_, select, update
from sqlalchemy.orm import Session

from crm import wrong_values
from crm.errors import InvalidRequest, Unreadable
from crm.loyalty import service as loyalty
from crm.loyalty.models import CouponGrant
from crm.members.changes import Change, note_members
from crm.outreach import draft
from crm.outreach.draft import Setting, drafted
from crm.outreach.journey import JourneySpec
from crm.outreach.link_targets import store_targets
from crm.outreach.models import (
    LEDGER,
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
from crm.outreach.priority import Priority
from crm.outreach.wording import fields_of

LAUNCH = "launch"
"""The occurrence of an audience that takes part once."""


def launch(session: Session, spec: JourneySpec, audience: Select[int], setting: Setting, *, now: datetime) -> Journey:
    """Write a new version of the journey, its enrolments and its ledger.

    Excluded messages are written too, with their reason, so that the ledger accounts for everyone.
    `audience` gives one column of member ids. Raises InvalidRequest for a text that cannot be rendered.
    """
    require_writable(spec)
    version = session.scalar(select(func.max(Journey.version)).where(Journey.name == spec.name)) or 0
    journey = Journey(
        name=spec.name,
        version=version + 1,
        spec=spec.model_dump(mode="json"),
        state=JourneyState.ACTIVE,
        created_at=now,
    )
    session.add(journey)
    session.flush()
    store_targets(session, journey.id, spec)
    loyalty.lock_stock(session, spec.benefits.coupon_codes)
    with drafted(session, spec, audience, setting):
        _write_enrolments(session, journey.id, now)
        note_members(session, select(Enrolment.member_id).where(Enrolment.journey_id == journey.id), Change.CAMPAIGNS)
        _write_messages(session, journey.id, spec.priority)
        for code in spec.benefits.coupon_codes:
            loyalty.reserve(session, code, _benefit_enrolments(journey.id), now=now)
    return journey


def spec_of(journey: Journey) -> JourneySpec:
    """Raises Unreadable for what this version of the program does not know, e.g. what a newer one stored."""
    try:
        return JourneySpec.model_validate(journey.spec)
    except ValidationError as error:
        wrong = wrong_values.sentence(error.errors(include_url=False)[0])
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


def _write_enrolments(session: Session, journey_id: int, now: datetime) -> None:
    columns = Enrolment.__table__.c
    audience = draft.AUDIENCE.c
    values: dict[str, ColumnElement[Any]] = {
        "journey_id": literal(journey_id),
        "member_id": audience.member_id,
        "person_id": audience.person_id,
        "occurrence": literal(LAUNCH),
        "arm": audience.arm,
        "enrolled_at": literal(now, columns.enrolled_at.type),
    }
    rows = select(*values.values()).order_by(audience.member_id)
    names = list(values)
    session.execute(insert(Enrolment).from_select(names, rows))


def _write_messages(session: Session, journey_id: int, priority: Priority) -> None:
    """In the order of sending: among messages due at the same moment the lower id goes first, as in the draft."""
    planned = draft.MESSAGES.c
    copied = ["member_id", "step_key", "channel", "variant", "due_at", "state", "reason"]
    first = cast(literal(priority), LEDGER.c.priority.type)
    rows = (
        select(Enrolment.id, literal(journey_id), literal(0), first, *[planned[name] for name in copied])
        .join_from(draft.MESSAGES, Enrolment, Enrolment.member_id == planned.member_id)
        .where(Enrolment.journey_id == journey_id)
        .order_by(planned.id)
    )
    names = ["enrolment_id", "journey_id", "attempts", "priority", *copied]
    session.execute(insert(Message).from_select(names, rows))


def _benefit_enrolments(journey_id: int) -> Select[int, int]:
    passed = select(draft.MESSAGES.c.member_id).where(draft.waiting())
    return select(Enrolment.id, Enrolment.member_id).where(
        Enrolment.journey_id == journey_id, Enrolment.member_id.in_(passed)
    )


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
    session.execute(update(Journey).where(Journey.id == journey_id).values(state=JourneyState.ACTIVE, **free))
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
