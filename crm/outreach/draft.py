"""The messages that a journey would make, judged by the gate, before anything is written to the ledger.

A plan counts this draft and throws it away; a launch copies it into the ledger. Both therefore say the
same. It stands in temporary tables of the caller's connection: nobody else sees it, it takes no lock on
the database, and ids never leave it.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    FromClause,
    Index,
    Integer,
    MetaData,
    Select,
    String,
    Table,
    and_,
    case,
    cast,
    exists,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.orm import Session

from crm.access.policy import Policy
from crm.database import UtcDateTime
from crm.loyalty.service import stock_for
from crm.members.models import SENDABLE_CHANNELS, Channel, Consent, ContactPoint, Member
from crm.outreach import caps, gate
from crm.outreach.assignment import is_held_out, variant
from crm.outreach.journey import PREFERRED, JourneySpec, SendStep
from crm.outreach.models import LEDGER, WAITING, Arm, DeferralReason, Enrolment, ExclusionReason, MessageState
from crm.outreach.moments import earlier
from crm.outreach.priority import Priority
from crm.outreach.rules import FREQUENCY_WINDOW, DueTime, QuietHours, due_time

_METADATA = MetaData()

AUDIENCE = Table(
    "draft_audience",
    _METADATA,
    Column("member_id", Integer, primary_key=True),
    Column("arm", Enrolment.__table__.c.arm.type),
    prefixes=["TEMPORARY"],
)
"""Who takes part, the holdout included."""

MESSAGES = Table(
    "draft_messages",
    _METADATA,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("journey_id", Integer),
    Column("member_id", Integer),
    Column("arm", Enrolment.__table__.c.arm.type),
    Column("position", Integer),
    Column("step_key", String),
    Column("channel", LEDGER.c.channel.type),
    Column("variant", String),
    Column("due_at", UtcDateTime),
    Column("priority", LEDGER.c.priority.type),
    Column("state", LEDGER.c.state.type),
    Column("reason", String),
    Index("ix_draft_messages_member", "member_id", "position"),
    Index("ix_draft_messages_position", "position"),
    prefixes=["TEMPORARY"],
)
"""One row per member, step and channel, as they would stand in the ledger. `position` orders the sendings."""


@dataclass(frozen=True)
class Setting:
    """What a draft is judged against."""

    policy: Policy
    zone: ZoneInfo
    """The workspace's zone, for members without one."""
    launch_at: datetime
    """When the journey starts as a whole; nothing falls due before."""


@contextmanager
def drafted(session: Session, spec: JourneySpec, audience: Select[int], setting: Setting) -> Iterator[None]:
    """`AUDIENCE` and `MESSAGES` filled and judged, as long as the block runs. `audience` gives member ids."""
    connection = session.connection()
    _METADATA.create_all(connection, checkfirst=False)
    _enrol(session, spec, audience)
    zones = _zones(session, setting.zone)
    slots = [(step, choice) for step in _by_time(spec, setting) for choice in step.channels]
    for position, (step, choice) in enumerate(slots):
        _write_slot(session, spec, step, choice, position, zones, setting)
    _judge(session, spec.priority, len(slots), setting)
    _allot_benefits(session, spec, setting)
    yield
    _METADATA.drop_all(connection, checkfirst=False)


def waiting() -> ColumnElement[bool]:
    """Draft messages that passed."""
    return MESSAGES.c.state.in_(WAITING)


def benefit_recipients() -> Select[int]:
    """Members who would get at least one message, and so each benefit, were there enough of them."""
    passed = or_(waiting(), MESSAGES.c.reason == ExclusionReason.NO_STOCK.value)
    return select(MESSAGES.c.member_id).where(passed).distinct()


def _enrol(session: Session, spec: JourneySpec, audience: Select[int]) -> None:
    ids = audience.subquery("audience")
    (member_id,) = ids.c
    held_out = is_held_out(spec.experiment, member_id, spec.holdout_share)
    arm = case((held_out, literal(Arm.HOLDOUT, AUDIENCE.c.arm.type)), else_=literal(Arm.TREATMENT, AUDIENCE.c.arm.type))
    session.execute(insert(AUDIENCE).from_select(["member_id", "arm"], select(member_id, arm)))


def _zones(session: Session, default: ZoneInfo) -> Mapping[str, ZoneInfo]:
    """Every zone that a member of the audience lives in, by name."""
    names = select(Member.zone_name).join(AUDIENCE, AUDIENCE.c.member_id == Member.id).distinct()
    return {name: ZoneInfo(name) for name in session.scalars(names) if name is not None} | {default.key: default}


def _by_time(spec: JourneySpec, setting: Setting) -> list[SendStep]:
    """The steps in the order in which they fall due."""
    start = spec.start or setting.launch_at.astimezone(setting.zone)
    return sorted(spec.sends, key=lambda step: (step.offset_days, step.at or f"{start:%H:%M}"))


def _write_slot(
    session: Session,
    spec: JourneySpec,
    step: SendStep,
    choice: str,
    position: int,
    zones: Mapping[str, ZoneInfo],
    setting: Setting,
) -> None:
    """One row for each member of the audience: this step on this channel."""
    due = {
        name: due_time(
            step.offset_days,
            step.at,
            start=spec.start,
            launch=setting.launch_at,
            zone=zone,
            quiet=QuietHours.of(setting.policy),
        )
        for name, zone in zones.items()
    }
    lives_in = func.coalesce(Member.zone_name, setting.zone.key)
    # Cast, because PostgreSQL gives a bare value in a select another type than in a comparison.
    named = cast(literal(choice), MESSAGES.c.channel.type)
    channel = preferred_channel() if choice == PREFERRED else named
    values: dict[str, ColumnElement[Any]] = {
        "journey_id": literal(0),
        "member_id": AUDIENCE.c.member_id,
        "arm": AUDIENCE.c.arm,
        "position": literal(position),
        "step_key": literal(step.key),
        "channel": channel,
        "variant": variant_of(spec, step, channel, AUDIENCE.c.member_id),
        "due_at": _by_zone(lives_in, {name: literal(time.moment, UtcDateTime) for name, time in due.items()}),
        "priority": cast(literal(spec.priority), MESSAGES.c.priority.type),
        "state": _by_zone(lives_in, {name: _waiting_state(time) for name, time in due.items()}),
        "reason": _by_zone(lives_in, {name: _deferral(time) for name, time in due.items()}),
    }
    rows = select(*values.values()).join_from(AUDIENCE, Member, Member.id == AUDIENCE.c.member_id)
    session.execute(insert(MESSAGES).from_select(list(values), rows.order_by(AUDIENCE.c.member_id)))


def _by_zone(lives_in: ColumnElement[str], values: Mapping[str, ColumnElement[Any]]) -> ColumnElement[Any]:
    *others, (_, last) = values.items()
    return case(*[(lives_in == name, value) for name, value in others], else_=last) if others else last


def _waiting_state(due: DueTime) -> ColumnElement[Any]:
    state = MessageState.DEFERRED if due.is_deferred else MessageState.PLANNED
    return literal(state, MESSAGES.c.state.type)


def _deferral(due: DueTime) -> ColumnElement[Any]:
    return literal(DeferralReason.QUIET_HOURS.value if due.is_deferred else None, String)


def preferred_channel() -> ColumnElement[Channel]:
    """The channel that the member prefers; without a preference the first on which he agreed and can be reached."""
    known = Member.preferred_channel.in_(SENDABLE_CHANNELS)
    usable = [
        and_(
            exists().where(Consent.member_id == Member.id, Consent.channel == channel, Consent.granted.is_(True)),
            exists().where(
                ContactPoint.member_id == Member.id, ContactPoint.channel == channel, ContactPoint.normalised != ""
            ),
        )
        for channel in SENDABLE_CHANNELS
    ]
    names = [literal(channel, MESSAGES.c.channel.type) for channel in SENDABLE_CHANNELS]
    return case((known, Member.preferred_channel), *zip(usable, names, strict=True), else_=names[0])


def variant_of(
    spec: JourneySpec, step: SendStep, channel: ColumnElement[Channel], member_id: ColumnElement[int]
) -> ColumnElement[Any]:
    """The variant of each member; None where a channel has only one text."""
    tested = {possible: step.variants_of(possible) for possible in step.possible_channels}
    draws = [
        (channel == possible, variant(spec.experiment, member_id, names))
        for possible, names in tested.items()
        if len(names) > 1
    ]
    return case(*draws, else_=null()) if draws else null()


def _judge(session: Session, priority: Priority, positions: int, setting: Setting) -> None:
    row = MESSAGES.alias("row")
    gate.exclude(session, MESSAGES, row, gate.standing_checks(row, of_many=True), true())
    gate.exclude(session, MESSAGES, row, gate.duplicate_checks(row, MESSAGES), true())
    held_out = gate.Check(ExclusionReason.HOLDOUT, row.c.arm == Arm.HOLDOUT)
    on_the_books = [caps.sent_before(row, row.c.due_at)]
    if caps.waits_elsewhere(session):
        on_the_books.append(caps.expected_of_others(row, priority))
    for position in range(positions):
        counters = [*on_the_books, *([_planned_before(row)] if position else [])]
        checks = (
            gate.frequency_check(row, setting.policy, *counters),
            gate.too_late_check(row, setting.policy, setting.launch_at),
            held_out,
        )
        gate.exclude(session, MESSAGES, row, checks, row.c.position == position)


def _planned_before(row: FromClause) -> caps.Counter:
    """Counts the messages of this draft that pass and go to the same member in the seven days before."""

    def count(channel: ColumnElement[str] | None) -> ColumnElement[int]:
        before = MESSAGES.alias()
        query = select(func.count()).where(
            before.c.member_id == row.c.member_id,
            before.c.position < row.c.position,
            before.c.state.in_(WAITING),
            before.c.due_at > earlier(row.c.due_at, FREQUENCY_WINDOW),
        )
        if channel is not None:
            query = query.where(before.c.channel == channel)
        return query.correlate(row).scalar_subquery()

    return count


def _allot_benefits(session: Session, spec: JourneySpec, setting: Setting) -> None:
    """As long as the stock of every benefit lasts, in the order of member ids; who gets none gets no message."""
    benefits = spec.benefits
    if not benefits.coupon_codes and not benefits.unbacked:
        return
    last_day = setting.launch_at.astimezone(setting.zone).date()
    stock = [coupon.available for coupon in stock_for(session, benefits.coupon_codes, on=last_day)]
    enough = 0 if benefits.unbacked else min(stock)
    lucky = select(MESSAGES.c.member_id).where(waiting()).distinct().order_by(MESSAGES.c.member_id).limit(enough)
    session.execute(
        update(MESSAGES)
        .where(waiting(), MESSAGES.c.member_id.not_in(lucky.subquery().select()))
        .values(state=MessageState.EXCLUDED, reason=ExclusionReason.NO_STOCK.value)
        .execution_options(synchronize_session=False)
    )
