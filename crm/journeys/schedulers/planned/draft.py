"""The messages that a journey would make, judged by the gate, before anything is written to the ledger.

A plan counts this draft and throws it away; a launch copies it into the ledger. Both therefore say the
same. It stands in temporary tables of the caller's connection: nobody else sees it, it takes no lock on
the database, and ids never leave it. Each message is written once, with its verdict.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, String, case, func, insert, literal, null, or_, select, update
from sqlalchemy.orm import Session

from crm.access.policy import Policy
from crm.channels import Channel
from crm.clock import zone_or
from crm.database import UtcDateTime
from crm.experiments.assignment import variant
from crm.journeys.schedulers.planned.audience import exclusion, fill_audience, preferred_channel
from crm.journeys.schedulers.planned.draft_frequency_caps import Slot, channel_of, is_capped, message_id, note_used
from crm.journeys.schedulers.planned.draft_tables import AUDIENCE, DRAFT, MESSAGES
from crm.journeys.schedulers.planned.persons import PERSONS
from crm.loyalty.service import stock_for
from crm.outreach.models import WAITING, Arm, DeferralReason, ExclusionReason
from crm.outreach.priority import Priority
from crm.outreach.rules import DueTime, QuietHours, due_time
from crm.outreach.spec import JourneySpec, SendStep

__all__ = [
    "AUDIENCE",
    "MESSAGES",
    "Setting",
    "benefit_recipients",
    "drafted",
    "preferred_channel",
    "variant_of",
    "waiting",
]


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
    for tables in (DRAFT, PERSONS):
        tables.create_all(connection, checkfirst=False)
    size = fill_audience(session, spec, audience, setting.zone.key)
    slots = _slots(spec, setting, _zones(session, setting.zone))
    until = note_used(session, spec.priority, slots)
    for slot in slots:
        _write_slot(session, spec, slot, _capped(spec, slot, slots, setting.policy, size, until), size)
    _allot_benefits(session, spec, setting)
    yield
    for tables in (DRAFT, PERSONS):
        tables.drop_all(connection, checkfirst=False)


def waiting() -> ColumnElement[bool]:
    """Draft messages that passed."""
    return MESSAGES.c.state.in_(WAITING)


def benefit_recipients() -> Select[int]:
    """Members who would get at least one message, and so each benefit, were there enough of them."""
    passed = or_(waiting(), MESSAGES.c.reason == ExclusionReason.NO_STOCK.value)
    return select(MESSAGES.c.member_id).where(passed).distinct()


def variant_of(
    spec: JourneySpec, step: SendStep, channel: ColumnElement[Channel], person_id: ColumnElement[int]
) -> ColumnElement[Any]:
    """The variant of each person; None where a channel has only one text."""
    tested = {possible: step.variants_of(possible) for possible in step.possible_channels}
    draws = [
        (channel == possible, variant(spec.experiment, person_id, names))
        for possible, names in tested.items()
        if len(names) > 1
    ]
    return case(*draws, else_=null()) if draws else null()


def _zones(session: Session, default: ZoneInfo) -> Mapping[str, ZoneInfo]:
    """Every zone that a member of the audience lives in, by name."""
    names = session.scalars(select(AUDIENCE.c.zone_name).distinct())
    return {name: zone_or(name, default) for name in names} | {default.key: default}


def _slots(spec: JourneySpec, setting: Setting, zones: Mapping[str, ZoneInfo]) -> Sequence[Slot]:
    """In the order in which they fall due."""
    start = spec.start or setting.launch_at.astimezone(setting.zone)
    steps = sorted(spec.sends, key=lambda step: (step.offset_days, step.at or f"{start:%H:%M}"))
    sendings = [(step, choice, _due(step, spec, setting, zones)) for step in steps for choice in step.channels]
    return [Slot(position, *sending) for position, sending in enumerate(sendings)]


def _due(step: SendStep, spec: JourneySpec, setting: Setting, zones: Mapping[str, ZoneInfo]) -> Mapping[str, DueTime]:
    quiet = QuietHours.of(setting.policy)
    return {
        name: due_time(step.offset_days, step.at, start=spec.start, launch=setting.launch_at, zone=zone, quiet=quiet)
        for name, zone in zones.items()
    }


def _capped(
    spec: JourneySpec, slot: Slot, slots: Sequence[Slot], policy: Policy, size: int, until: datetime | None
) -> ColumnElement[bool] | None:
    """Whether a cap holds back the message of an audience row; no cap holds back what members need to know."""
    if spec.priority is Priority.SERVICE:
        return None
    moment = _moment(slot)
    return is_capped(slot, slots[: slot.position], policy, moment, size=size, used_until=until)


def _write_slot(session: Session, spec: JourneySpec, slot: Slot, capped: ColumnElement[bool] | None, size: int) -> None:
    """One row for each member of the audience. Nothing is too late: nothing falls due before the launch."""
    channel = channel_of(slot.choice)
    held_back = [
        *([] if capped is None else [(capped, literal(ExclusionReason.FREQUENCY_CAP.value, String))]),
        (AUDIENCE.c.arm == Arm.HOLDOUT, literal(ExclusionReason.HOLDOUT.value, String)),
    ]
    deferral = _by_zone({name: _deferral(due) for name, due in slot.due.items()})
    values: dict[str, ColumnElement[Any]] = {
        "id": message_id(slot.position, size),
        "member_id": AUDIENCE.c.member_id,
        "position": literal(slot.position),
        "step_key": literal(slot.step.key),
        "channel": channel,
        "variant": variant_of(spec, slot.step, channel, AUDIENCE.c.person_id),
        "due_at": _moment(slot),
        "reason": func.coalesce(exclusion(slot.step.channels, slot.choice), case(*held_back, else_=deferral)),
    }
    session.execute(insert(MESSAGES).from_select(list(values), select(*values.values())))


def _moment(slot: Slot) -> ColumnElement[datetime]:
    return _by_zone({name: literal(due.moment, UtcDateTime) for name, due in slot.due.items()})


def _by_zone(values: Mapping[str, ColumnElement[Any]]) -> ColumnElement[Any]:
    """The value of the zone that the member of an audience row lives in."""
    *others, (_, last) = values.items()
    return case(*[(AUDIENCE.c.zone_name == name, value) for name, value in others], else_=last) if others else last


def _deferral(due: DueTime) -> ColumnElement[Any]:
    return literal(DeferralReason.QUIET_HOURS.value if due.is_deferred else None, String)


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
        .values(reason=ExclusionReason.NO_STOCK.value)
        .execution_options(synchronize_session=False)
    )
