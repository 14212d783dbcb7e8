"""The step that sends: messages on the books for everyone who stands there, judged by the gate, benefits set aside.

They are judged again when they are claimed, as every message is: what is excluded here is excluded early, so
that no benefit is set aside for nothing.
"""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    and_,
    case,
    cast,
    exists,
    func,
    insert,
    literal,
    null,
    select,
    update,
)

from crm.access.policy import Policy
from crm.channels import PREFERRED
from crm.clock import local_day
from crm.journeys.event_sources import as_moment
from crm.journeys.schedulers.planned.draft import preferred_channel, variant_of
from crm.journeys.schedulers.stepwise.batch import BATCH, Batch
from crm.journeys.schedulers.stepwise.batch_clocks import moment_on_wall, show_wall
from crm.journeys.schedulers.stepwise.local_time_sql import after_quiet_hours
from crm.loyalty import service as loyalty
from crm.loyalty.models import Coupon, CouponGrant, GrantState
from crm.members.models import Member
from crm.outreach import frequency_caps, gate
from crm.outreach.models import LEDGER, WAITING, Arm, DeferralReason, Enrolment, ExclusionReason, Message, MessageState
from crm.outreach.rules import QuietHours
from crm.outreach.spec import JourneySpec, SendStep


def write_messages(batch: Batch, spec: JourneySpec, step: SendStep, policy: Policy, zone: ZoneInfo) -> None:
    """One message on each channel for everyone who is due at the step; once, however often it is taken."""
    show_wall(batch, batch.is_due(step.key))
    for choice in step.channels:
        _write(batch, spec, step, choice, QuietHours.of(policy))
    _judge(batch, step, policy)
    _allot_benefits(batch, spec, step, zone)


def _write(batch: Batch, spec: JourneySpec, step: SendStep, choice: str, quiet: QuietHours) -> None:
    # Cast, because PostgreSQL gives a bare value in a select another type than in a comparison.
    named = cast(literal(choice), LEDGER.c.channel.type)
    channel = preferred_channel() if choice == PREFERRED else named
    awake = after_quiet_hours(BATCH.c.wall, quiet)
    sleeps = awake != BATCH.c.wall
    waits = moment_on_wall(batch, awake, timedelta(days=1))
    states = {is_deferred: literal(state, LEDGER.c.state.type) for is_deferred, state in _STATES.items()}
    values: dict[str, ColumnElement[Any]] = {
        "enrolment_id": BATCH.c.enrolment_id,
        "journey_id": literal(batch.journey_id),
        "member_id": BATCH.c.member_id,
        "step_key": literal(step.key, String),
        "channel": channel,
        "variant": variant_of(spec, step, channel, BATCH.c.person_id),
        "due_at": case((sleeps, as_moment(waits)), else_=BATCH.c.at),
        "priority": cast(literal(spec.priority), LEDGER.c.priority.type),
        "state": case((sleeps, states[True]), else_=states[False]),
        "reason": case((sleeps, literal(DeferralReason.QUIET_HOURS.value, String)), else_=null()),
    }
    written = exists().where(
        Message.enrolment_id == BATCH.c.enrolment_id, Message.step_key == step.key, Message.channel == channel
    )
    rows = select(*values.values()).join_from(BATCH, Member, Member.id == BATCH.c.member_id)
    rows = rows.where(batch.is_due(step.key), ~written).order_by(BATCH.c.at, BATCH.c.enrolment_id)
    batch.session.execute(insert(Message).from_select(list(values), rows))


_STATES = {True: MessageState.DEFERRED, False: MessageState.PLANNED}


def _judge(batch: Batch, step: SendStep, policy: Policy) -> None:
    """In the order of the gate, and in its stages: a message that does not go out makes nobody else's a duplicate."""
    row = LEDGER.alias("row")
    here = select(BATCH.c.enrolment_id).where(batch.is_due(step.key))
    within = and_(row.c.step_key == step.key, row.c.enrolment_id.in_(here))
    held_out = exists().where(Enrolment.id == row.c.enrolment_id, Enrolment.arm == Arm.HOLDOUT)
    stages = (
        gate.standing_checks(row, of_many=True),
        gate.duplicate_checks(row, LEDGER),
        (
            gate.frequency_check(row, policy, frequency_caps.sent_before(row, row.c.due_at)),
            gate.too_late_check(row, policy, batch.now),
            gate.Check(ExclusionReason.HOLDOUT, held_out),
        ),
    )
    for checks in stages:
        gate.exclude(batch.session, LEDGER, row, checks, within)


def _allot_benefits(batch: Batch, spec: JourneySpec, step: SendStep, zone: ZoneInfo) -> None:
    """As long as the stock of every benefit lasts, in the order of member ids; who gets none gets no message.

    Who was granted a benefit by an earlier step has it already; one that was given back is set aside again.
    """
    benefits, session = spec.benefits_of(step), batch.session
    if not benefits.coupon_codes and not benefits.unbacked:
        return
    loyalty.lock_stock(session, benefits.coupon_codes)
    stock = loyalty.stock_for(session, benefits.coupon_codes, on=local_day(batch.now, zone))
    enough = 0 if benefits.unbacked else min(coupon.available for coupon in stock)
    coupon_ids = session.scalars(select(Coupon.id).where(Coupon.code.in_(benefits.coupon_codes))).all()
    held = (
        select(func.count())
        .where(
            CouponGrant.enrolment_id == BATCH.c.enrolment_id,
            CouponGrant.coupon_id.in_(coupon_ids),
            CouponGrant.state != GrantState.RELEASED,
        )
        .scalar_subquery()
    )
    writes = exists().where(
        Message.enrolment_id == BATCH.c.enrolment_id, Message.step_key == step.key, Message.state.in_(WAITING)
    )
    lacks_any = (held < len(coupon_ids)) if not benefits.unbacked else literal(1) == 1
    lacking = select(BATCH.c.enrolment_id, BATCH.c.member_id).where(batch.is_due(step.key), writes, lacks_any)
    lucky = lacking.order_by(BATCH.c.member_id, BATCH.c.enrolment_id).limit(enough).cte("lucky")
    unlucky = lacking.where(BATCH.c.enrolment_id.not_in(select(lucky.c.enrolment_id)))
    _exclude_unlucky(batch, step, unlucky)
    for code in benefits.coupon_codes:
        loyalty.reserve_again(session, code, _all_of(batch, step, writes), step_key=step.key, now=batch.now)


def _exclude_unlucky(batch: Batch, step: SendStep, unlucky: Select[Any]) -> None:
    ids = select(unlucky.subquery().c.enrolment_id)
    without = update(Message).where(
        Message.step_key == step.key, Message.enrolment_id.in_(ids), Message.state.in_(WAITING)
    )
    batch.session.execute(
        without.values(state=MessageState.EXCLUDED, reason=ExclusionReason.NO_STOCK.value).execution_options(
            synchronize_session=False
        )
    )


def _all_of(batch: Batch, step: SendStep, writes: ColumnElement[bool]) -> Select[int, int]:
    return select(BATCH.c.enrolment_id, BATCH.c.member_id).where(batch.is_due(step.key), writes)
