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
    exists,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    type_coerce,
)
from sqlalchemy.orm import Session, aliased

from crm.members.models import SENDABLE_CHANNELS, AddressSuppression, Channel, Consent, ContactPoint, Member
from crm.members.people import PERSON_CHANNELS
from crm.members.suppression import suppressed_members
from crm.outreach.assignment import is_held_out
from crm.outreach.draft_tables import AUDIENCE, DOUBLES, refresh_statistics
from crm.outreach.journey import PREFERRED, JourneySpec
from crm.outreach.models import Arm, ExclusionReason

_CHANNEL, _ARM = AUDIENCE.c.preferred.type, AUDIENCE.c.arm.type

Channels = tuple[str, ...]
"""Of a step: names, or `preferred` alone."""


def fill_audience(session: Session, spec: JourneySpec, audience: Select[int], zone_name: str) -> int:
    """Fill the tables of this connection; gives how many take part. `zone_name` is that of members without one."""
    ways = {step.channels for step in spec.sends}
    _enrol(session, spec, audience, zone_name, asks_for_preferred=(PREFERRED,) in ways)
    refresh_statistics(session, AUDIENCE)
    for channels in sorted(ways):
        _find_doubles(session, channels)
    return session.scalar(select(func.count()).select_from(AUDIENCE)) or 0


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
            .where(ContactPoint.member_id == Member.id, ContactPoint.channel == channel, ContactPoint.normalised != "")
            .correlate(Member)
            .exists(),
        )
        for channel in SENDABLE_CHANNELS
    ]
    names = [literal(channel, _CHANNEL) for channel in SENDABLE_CHANNELS]
    return case((known, Member.preferred_channel), *zip(usable, names, strict=True), else_=names[0])


def _enrol(
    session: Session, spec: JourneySpec, audience: Select[int], zone_name: str, *, asks_for_preferred: bool
) -> None:
    ids = audience.subquery("audience")
    (member_id,) = ids.c
    held_out = is_held_out(spec.experiment, member_id, spec.holdout_share)
    arm = case((held_out, literal(Arm.HOLDOUT, _ARM)), else_=literal(Arm.TREATMENT, _ARM))
    drawn = select(member_id.label("member_id"), arm.label("arm")).subquery("drawn")
    # Counted in the order of ids, and so read in it: lookups that jump to and fro take three times as long.
    place = func.row_number().over(order_by=drawn.c.member_id)
    drawn = select(place.label("place"), drawn.c.member_id, drawn.c.arm).subquery("placed")
    values: dict[str, ColumnElement[Any]] = {
        "place": drawn.c.place,
        "member_id": drawn.c.member_id,
        "arm": drawn.c.arm,
        "zone_name": func.coalesce(Member.zone_name, zone_name),
        "preferred": preferred_channel() if asks_for_preferred else null(),
    }
    source: Any = drawn.join(Member, Member.id == drawn.c.member_id)
    blacklisted = drawn.c.member_id.in_(suppressed_members())
    for channel in SENDABLE_CHANNELS:
        contact, consent = aliased(ContactPoint), aliased(Consent)
        has_contact = and_(contact.member_id == drawn.c.member_id, contact.channel == channel, contact.normalised != "")
        has_agreed = and_(consent.member_id == drawn.c.member_id, consent.channel == channel, consent.granted.is_(True))
        source = source.outerjoin(contact, has_contact).outerjoin(consent, has_agreed)
        listed = AddressSuppression
        address_listed = exists().where(listed.channel == channel, listed.normalised == contact.normalised)
        suppressed = or_(blacklisted, address_listed)
        values[f"{channel}_address"] = type_coerce(contact.normalised, String)
        values[f"{channel}_reason"] = case(
            (suppressed, literal(ExclusionReason.SUPPRESSED.value, String)),
            (consent.member_id.is_(None), literal(ExclusionReason.NO_CONSENT.value, String)),
            (contact.member_id.is_(None), literal(ExclusionReason.UNREACHABLE.value, String)),
            else_=null(),
        )
    rows = select(*values.values()).select_from(source)
    session.execute(insert(AUDIENCE).from_select(list(values), rows))


def _find_doubles(session: Session, channels: Channels) -> None:
    """Of several records of one person the one with the lowest id that may hear from us takes part in a step, on all
    its channels. Whoever shares an address of a channel that tells persons apart is the same person, so that only
    the others need a look at addresses."""
    takes_part = or_(*[_reason(choice).is_(None) for choice in channels])
    for channel in PERSON_CHANNELS:
        _write_doubles(session, channels, None, _address(channel), takes_part)
    named = SENDABLE_CHANNELS if PREFERRED in channels else [Channel(choice) for choice in channels]
    for channel in named:
        if channel not in PERSON_CHANNELS:
            hears = _reason(channel).is_(None)
            goes_there = and_(hears, AUDIENCE.c.preferred == channel) if PREFERRED in channels else hears
            _write_doubles(session, channels, channel, _address(channel), goes_there)


def _write_doubles(
    session: Session,
    channels: Channels,
    channel: Channel | None,
    address: ColumnElement[str],
    takes_part: ColumnElement[bool],
) -> None:
    shared = (
        select(address.label("address"), func.min(AUDIENCE.c.member_id).label("first_id"))
        .where(address.is_not(None), takes_part)
        .group_by(address)
        .having(func.count() > 1)
        .subquery("shared")
    )
    doubles = (
        select(literal(_key(channels)), literal(channel, _CHANNEL), AUDIENCE.c.member_id)
        .join_from(AUDIENCE, shared, address == shared.c.address)
        .where(takes_part, AUDIENCE.c.member_id > shared.c.first_id)
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
