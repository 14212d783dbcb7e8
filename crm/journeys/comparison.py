"""What a journey came to, and who ordered after entering it: those who walked it beside those held back."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from crm.activity.models import Order
from crm.channels import Channel
from crm.journeys.figures import CONVERSION_DAYS, ChannelProgress, channel_figures, orders_after_delivery
from crm.journeys.schedulers.planned.persons import people_where, person_of
from crm.outreach.models import Arm, Enrolment, EnrolmentState
from crm.outreach.moments import earlier

CONVERSION_DEFINITION = (
    f"People who entered at least {CONVERSION_DAYS} days ago and ordered within {CONVERSION_DAYS} days of entering / "
    "all who entered so long ago; each counts once. Those held back show what happens without the journey."
)


@dataclass(frozen=True)
class ChannelFigures:
    """One channel. Rates are 0 to 1 of the delivered; None where none was, or where opening cannot be seen (SMS)."""

    channel: Channel
    planned: int
    delivered: int
    failed: int
    unknown: int
    excluded: int
    pending: int
    opened: int | None
    clicked: int
    unsubscribed: int
    open_rate: float | None
    click_rate: float | None


@dataclass(frozen=True)
class Conversion:
    """Orders after entering, of people whose time for it is over; the share is None before there are any."""

    ripe: int
    ordered: int
    share: float | None


@dataclass(frozen=True)
class JourneyFigures:
    entered: int
    """People who entered, each counted once, with whatever number of records and entries (decision 17)."""
    under_way: int
    """People, likewise."""
    held_out: int
    """People, likewise."""
    members_reached: int
    """People with a delivered message, likewise."""
    entries: int
    """Enrolments: each entry of each record."""
    channels: tuple[ChannelFigures, ...]
    treated: Conversion
    held_back: Conversion
    conversion_definition: str = CONVERSION_DEFINITION


def journey_figures(session: Session, journey_ids: Collection[int], now: datetime) -> JourneyFigures:
    """The figures of some versions of a journey together."""
    mine = Enrolment.journey_id.in_(journey_ids)
    is_active, is_held_out = Enrolment.state == EnrolmentState.ACTIVE, Enrolment.arm == Arm.HOLDOUT
    counts = select(people_where(), people_where(is_active), people_where(is_held_out), func.count()).where(mine)
    entered, under_way, held_out, entries = session.execute(counts).one()
    return JourneyFigures(
        entered=entered,
        under_way=under_way,
        held_out=held_out,
        entries=entries,
        members_reached=orders_after_delivery(session, journey_ids, CONVERSION_DAYS, now).people,
        channels=tuple(map(_channel, channel_figures(session, journey_ids))),
        treated=_conversion(session, mine & (Enrolment.arm == Arm.TREATMENT), now),
        held_back=_conversion(session, mine & (Enrolment.arm == Arm.HOLDOUT), now),
    )


def _channel(row: ChannelProgress) -> ChannelFigures:
    return ChannelFigures(
        channel=Channel(row.channel),
        opened=row.opened,
        clicked=row.clicked,
        unsubscribed=row.unsubscribed,
        open_rate=row.open_rate,
        click_rate=row.click_rate,
        **row.counts.model_dump(),
    )


def _conversion(session: Session, whose: ColumnElement[bool], now: datetime) -> Conversion:
    """Of whoever entered several times, or with several records, any entry may be followed by an order of any."""
    is_ripe = (whose, Enrolment.enrolled_at <= now - timedelta(days=CONVERSION_DAYS))
    entry = select(person_of().label("person_id"), Enrolment.enrolled_at).where(*is_ripe).cte("entry")
    record = select(person_of().label("person_id"), Enrolment.member_id).where(whose).distinct().cte("record")
    ordered = (
        select(func.count(entry.c.person_id.distinct()))
        .join_from(entry, record, record.c.person_id == entry.c.person_id)
        .join(Order, Order.member_id == record.c.member_id)
        .where(
            Order.ordered_at > entry.c.enrolled_at,
            earlier(Order.__table__.c.ordered_at, timedelta(days=CONVERSION_DAYS)) <= entry.c.enrolled_at,
        )
    )
    ripe = session.scalar(select(func.count(entry.c.person_id.distinct()))) or 0
    number = session.scalar(ordered) or 0
    return Conversion(ripe, number, _share(number, ripe))


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
