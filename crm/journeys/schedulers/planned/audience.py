"""Who takes part in a draft: one row a member, with what the gate says of him on each channel.

The same checks as `gate.standing_checks` and `gate.duplicate_checks`, which look at one message after the other:
here each member is looked up once, however many messages the journey has for him. The tests hold the two together.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    and_,
    case,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    type_coerce,
    update,
)
from sqlalchemy.orm import Session, aliased

from crm.channels import PREFERRED, SENDABLE_CHANNELS, Channel
from crm.experiments.assignment import held_out, holdout_size
from crm.journeys.schedulers.planned.draft_tables import AUDIENCE, DOUBLES, refresh_statistics
from crm.journeys.schedulers.planned.persons import JOINED, SHARED, join_records
from crm.members.models import Consent, ContactPoint, Member
from crm.members.people import PERSON_CHANNELS
from crm.members.reach import is_given_up, is_readable
from crm.members.suppression import suppressed_members
from crm.outreach.models import Arm, ExclusionReason
from crm.outreach.spec import JourneySpec

_CHANNEL, _ARM = AUDIENCE.c.preferred.type, AUDIENCE.c.arm.type

Channels = tuple[str, ...]
"""Of a step: names, or `preferred` alone."""


def fill_audience(session: Session, spec: JourneySpec, audience: Select[int], zone_name: str) -> int:
    """Fill the tables of this connection; gives how many take part. `zone_name` is that of members without one."""
    ways = {step.channels for step in spec.sends}
    _enrol(session, audience, zone_name, asks_for_preferred=(PREFERRED,) in ways)
    refresh_statistics(session, AUDIENCE)
    _find_persons(session)
    _hold_out(session, spec)
    for channels in sorted(ways):
        _find_doubles(session, channels)
    return session.scalar(select(func.count()).select_from(AUDIENCE)) or 0


def is_first_record() -> ColumnElement[bool]:
    """Whether an audience row is the one of its person that counts when people are counted."""
    return AUDIENCE.c.person_id == AUDIENCE.c.member_id


def exclusion(channels: Channels, choice: str) -> ColumnElement[Any]:
    """Why the member of an audience row gets nothing in a step on `channels` by this choice of it; None if he does."""
    named = SENDABLE_CHANNELS if choice == PREFERRED else (Channel(choice),)
    in_steps = select(DOUBLES.c.member_id).where(DOUBLES.c.channels == _key(channels))
    same_person = AUDIENCE.c.member_id.in_(in_steps.where(DOUBLES.c.channel.is_(None)))
    whens: list[tuple[ColumnElement[bool], Any]] = [(_reason(choice).is_not(None), _reason(choice))]
    whens.append((same_person, literal(ExclusionReason.DUPLICATE_PERSON.value, String)))
    for channel in (channel for channel in named if channel not in PERSON_CHANNELS):
        same_address = AUDIENCE.c.member_id.in_(in_steps.where(DOUBLES.c.channel == channel))
        goes_there = same_address if choice != PREFERRED else and_(AUDIENCE.c.preferred == channel, same_address)
        whens.append((goes_there, literal(ExclusionReason.DUPLICATE_ADDRESS.value, String)))
    return case(*whens, else_=null())


def preferred_channel() -> ColumnElement[Channel]:
    """The channel that the member prefers; without a preference the first on which he agreed and can be reached."""
    known = Member.preferred_channel.in_(SENDABLE_CHANNELS)
    usable = [
        and_(
            select(Consent.member_id)
            .where(Consent.member_id == Member.id, Consent.channel == channel, Consent.granted.is_(True))
            .correlate(Member)
            .exists(),
            select(ContactPoint.member_id)
            .where(ContactPoint.member_id == Member.id, ContactPoint.channel == channel, is_readable(ContactPoint))
            .correlate(Member)
            .exists(),
        )
        for channel in SENDABLE_CHANNELS
    ]
    names = [literal(channel, _CHANNEL) for channel in SENDABLE_CHANNELS]
    return case((known, Member.preferred_channel), *zip(usable, names, strict=True), else_=names[0])


def _enrol(session: Session, audience: Select[int], zone_name: str, *, asks_for_preferred: bool) -> None:
    """Every record as a person of its own, and nobody held out yet."""
    (member_id,) = audience.subquery("audience").c
    # Counted in the order of ids, and so read in it: lookups that jump to and fro take three times as long.
    place = func.row_number().over(order_by=member_id)
    drawn = select(place.label("place"), member_id.label("member_id")).subquery("placed")
    values: dict[str, ColumnElement[Any]] = {
        "place": drawn.c.place,
        "member_id": drawn.c.member_id,
        "person_id": drawn.c.member_id,
        "arm": literal(Arm.TREATMENT, _ARM),
        "zone_name": func.coalesce(Member.zone_name, zone_name),
        "preferred": preferred_channel() if asks_for_preferred else null(),
    }
    source: Any = drawn.join(Member, Member.id == drawn.c.member_id)
    blacklisted = drawn.c.member_id.in_(suppressed_members())
    for channel in SENDABLE_CHANNELS:
        contact, consent = aliased(ContactPoint), aliased(Consent)
        has_contact = and_(contact.member_id == drawn.c.member_id, contact.channel == channel, is_readable(contact))
        has_agreed = and_(consent.member_id == drawn.c.member_id, consent.channel == channel, consent.granted.is_(True))
        source = source.outerjoin(contact, has_contact).outerjoin(consent, has_agreed)
        suppressed = or_(blacklisted, is_given_up(contact))
        values[f"{channel}_address"] = type_coerce(contact.normalised, String)
        values[f"{channel}_reason"] = case(
            (suppressed, literal(ExclusionReason.SUPPRESSED.value, String)),
            (consent.member_id.is_(None), literal(ExclusionReason.NO_CONSENT.value, String)),
            (contact.member_id.is_(None), literal(ExclusionReason.UNREACHABLE.value, String)),
            else_=null(),
        )
    rows = select(*values.values()).select_from(source)
    session.execute(insert(AUDIENCE).from_select(list(values), rows))


def _find_persons(session: Session) -> None:
    """Records joined by shared addresses get the person id of the first of them. Most records share none."""
    for channel in PERSON_CHANNELS:
        address = _address(channel)
        twice = select(address).where(address.is_not(None)).group_by(address).having(func.count() > 1)
        shared = select(AUDIENCE.c.member_id, literal(channel, _CHANNEL), address, AUDIENCE.c.place)
        columns = ["member_id", "channel", "address", "place"]
        session.execute(insert(SHARED).from_select(columns, shared.where(address.in_(twice))))
    join_records(session)
    others = select(SHARED.c.place, JOINED.c.person_id).join_from(
        SHARED, JOINED, JOINED.c.member_id == SHARED.c.member_id
    )
    others = others.where(JOINED.c.person_id != JOINED.c.member_id).distinct()
    other = others.subquery("other")
    joined = update(AUDIENCE).where(AUDIENCE.c.place == other.c.place).values(person_id=other.c.person_id)
    session.execute(joined)


def _hold_out(session: Session, spec: JourneySpec) -> None:
    """All records of a person are held out, or none."""
    people = select(AUDIENCE.c.person_id).where(is_first_record())
    size = holdout_size(session.scalar(select(func.count()).select_from(people.subquery())) or 0, spec.holdout_share)
    if size:
        out = AUDIENCE.c.person_id.in_(held_out(spec.experiment, people, size))
        session.execute(update(AUDIENCE).where(out).values(arm=Arm.HOLDOUT))


def _find_doubles(session: Session, channels: Channels) -> None:
    """Of several records of one person the one with the lowest id that may hear from us takes part in a step, on all
    its channels. Whoever shares an address of a channel that tells persons apart is the same person, so that only
    the others need a look at addresses. In one step, as the gate looks: not over records that share with neither."""
    takes_part = or_(*[_reason(choice).is_(None) for choice in channels])
    for channel in PERSON_CHANNELS:
        here = (SHARED.c.channel == channel, takes_part)
        sharing = select(SHARED.c.address, AUDIENCE.c.member_id).where(*here)
        sharing = sharing.join_from(SHARED, AUDIENCE, AUDIENCE.c.place == SHARED.c.place)
        _write_doubles(session, channels, None, sharing)
    named = SENDABLE_CHANNELS if PREFERRED in channels else [Channel(choice) for choice in channels]
    for channel in named:
        if channel not in PERSON_CHANNELS:
            hears = _reason(channel).is_(None)
            goes_there = and_(hears, AUDIENCE.c.preferred == channel) if PREFERRED in channels else hears
            sharing = select(_address(channel), AUDIENCE.c.member_id).where(_address(channel).is_not(None), goes_there)
            _write_doubles(session, channels, channel, sharing)


def _write_doubles(
    session: Session, channels: Channels, channel: Channel | None, sharing: Select[*tuple[Any, ...]]
) -> None:
    """`sharing`: address and member id of those who would get the step; all but the first at an address are doubles."""
    address, member_id = sharing.subquery("sharing").c
    first_id = func.min(member_id).label("first_id")
    shared = select(address.label("address"), first_id).group_by(address).having(func.count() > 1).subquery("shared")
    other_address, other_id = sharing.subquery("others").c
    doubles = (
        select(literal(_key(channels)), literal(channel, _CHANNEL), other_id)
        .join(shared, other_address == shared.c.address)
        .where(other_id > shared.c.first_id)
    )
    session.execute(insert(DOUBLES).from_select(["channels", "channel", "member_id"], doubles))


def _reason(choice: str) -> ColumnElement[Any]:
    """Why the member may not be written to on the channel of a choice."""
    if choice != PREFERRED:
        return AUDIENCE.c[f"{choice}_reason"]
    return _by_preferred(AUDIENCE.c[f"{channel}_reason"] for channel in SENDABLE_CHANNELS)


def _by_preferred(values: Iterable[ColumnElement[Any]]) -> ColumnElement[Any]:
    pairs: Sequence[Any] = list(zip(SENDABLE_CHANNELS, values, strict=True))
    return case(*[(AUDIENCE.c.preferred == channel, value) for channel, value in pairs], else_=null())


def _address(channel: Channel) -> ColumnElement[str]:
    return AUDIENCE.c[f"{channel}_address"]


def _key(channels: Channels) -> str:
    return ",".join(channels)
