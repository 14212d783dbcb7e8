"""The blacklist: people and addresses that nothing is sent to. What is written here holds from the commit on.

A suppressed record covers its person: every record that shares its e-mail address or phone number. A
suppressed address covers whoever has it, on its channel alone.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    String,
    cast,
    delete,
    exists,
    func,
    literal,
    or_,
    select,
    tuple_,
    union,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, aliased

from crm.access import audit
from crm.access.actor import Actor, Permission, require
from crm.channels import Channel
from crm.database import UtcDateTime
from crm.errors import Forbidden, InvalidRequest, NotFound
from crm.members.changes import Change, mark_changed, mark_members_changed
from crm.members.contacts import identity_rules
from crm.members.identity import read_address
from crm.members.models import AddressRefusal, AddressSuppression, ContactPoint, Member, Suppression
from crm.members.people import PERSON_CHANNELS, lock_records_at, lock_records_of_person
from crm.members.reach import is_given_up

HARD_BOUNCE = "hard bounce"
COMPLAINT = "complaint"
"""Why the engine suppresses an address: it does not exist, or its owner called a message spam."""


def suppress_member(
    session: Session, member_id: int, *, reason: str, now: datetime, actor: Actor | None = None
) -> bool:
    """Put a record, and with it its person, on the blacklist. False when it stands there; the first reason stays.

    Raises NotFound without such a member, or where he is not the actor's own, Forbidden for an actor who may not.
    Without an actor it is the engine's.
    """
    if actor is not None:
        _check_own(session, member_id, actor)
    if member_id not in lock_records_of_person(session, member_id):
        raise NotFound(f"there is no member {member_id}")
    if session.get(Suppression, member_id) is not None:
        return False
    session.add(Suppression(member_id=member_id, reason=reason, created_at=now))
    _note(session, member_id, "member.suppressed", actor, now)
    return True


def lift_member(session: Session, member_id: int, *, actor: Actor, now: datetime) -> bool:
    """Take a record off the blacklist; its person stays on it where another record does. False when it is not there.

    Raises as `suppress_member` does.
    """
    _check_own(session, member_id, actor)
    entry = session.get(Suppression, member_id)
    if entry is None:
        return False
    session.delete(entry)
    _note(session, member_id, "member.suppression_lifted", actor, now)
    return True


def suppress_address(
    session: Session, channel: Channel, address: str, *, reason: str, now: datetime, actor: Actor | None = None
) -> bool:
    """Send nothing more to an address, whoever has it. False when that was so before.

    Raises InvalidRequest for an address that cannot be read, Forbidden for an actor who may not: a customer success
    manager sees his own members, and an address may be anybody's.
    """
    if actor is not None:
        _check_all(actor)
    return suppress_normalised(session, channel, _read(session, channel, address), reason=reason, now=now, actor=actor)


def suppress_normalised(
    session: Session, channel: Channel, normalised: str, *, reason: str, now: datetime, actor: Actor | None = None
) -> bool:
    """`suppress_address` for an address on file, in its normal form."""
    records = lock_records_at(session, channel, normalised)
    if session.get(AddressSuppression, (channel, normalised)) is not None:
        return False
    session.add(AddressSuppression(channel=channel, normalised=normalised, reason=reason, created_at=now))
    _note_address(session, channel, records, "address.suppressed", actor, now)
    return True


def suppress_where_reached(session: Session, reached: Select[int, Channel], *, reason: str, now: datetime) -> None:
    """Send nothing more to addresses that turned out not to exist. `reached` gives members and channels.

    For a transaction that holds other locks: it waits for nobody, and what is under way meanwhile goes out.
    """
    member_id, on_channel = (who := reached.subquery("reached")).c
    there = (ContactPoint.member_id == member_id) & (ContactPoint.channel == on_channel)
    columns = (ContactPoint.channel, ContactPoint.normalised, literal(reason), literal(now, UtcDateTime))
    rows = select(*columns).distinct().join_from(who, ContactPoint, there).where(ContactPoint.normalised != "")
    insert_into = (postgresql if session.get_bind().dialect.name == "postgresql" else sqlite).insert(AddressSuppression)
    names = ["channel", "normalised", "reason", "created_at"]
    session.execute(insert_into.from_select(names, rows).on_conflict_do_nothing())
    theirs = aliased(ContactPoint)
    same = (theirs.channel == ContactPoint.channel) & (theirs.normalised == ContactPoint.normalised)
    records = select(theirs.member_id).join_from(who, ContactPoint, there).join(theirs, same)
    mark_members_changed(session, records.where(ContactPoint.normalised != ""), Change.CONTACTS)


def lift_address(session: Session, channel: Channel, address: str, *, actor: Actor, now: datetime) -> bool:
    """Write to an address again. False when nothing kept us from it. Raises as `suppress_address` does."""
    _check_all(actor)
    normalised = _read(session, channel, address)
    entry = session.get(AddressSuppression, (channel, normalised))
    if entry is None:
        return False
    session.delete(entry)
    session.execute(delete(AddressRefusal).filter_by(channel=channel, normalised=normalised))
    records = lock_records_at(session, channel, normalised)
    _note_address(session, channel, records, "address.suppression_lifted", actor, now)
    return True


def given_up_addresses(session: Session, member_ids: Select[int]) -> dict[Channel, int]:
    """How many addresses of some members turned out not to exist, by channel."""
    listed = AddressSuppression
    there = (ContactPoint.channel == listed.channel) & (ContactPoint.normalised == listed.normalised)
    query = select(listed.channel, func.count(listed.normalised.distinct())).join(ContactPoint, there)
    query = query.where(listed.reason == HARD_BOUNCE, ContactPoint.member_id.in_(member_ids))
    return dict(session.execute(query.group_by(listed.channel)).all())


def _check_own(session: Session, member_id: int, actor: Actor) -> None:
    require(actor, Permission.CHANGE_CONTACTS)
    member = session.get(Member, member_id)
    if member is None or actor.row_owner_id not in (None, member.owner_id):
        raise NotFound(f"there is no member {member_id}")


def _check_all(actor: Actor) -> None:
    require(actor, Permission.CHANGE_CONTACTS)
    if actor.row_owner_id is not None:
        raise Forbidden(
            f"{actor.display_name} ({actor.role}) may suppress members, but no addresses: they may be others'"
        )


def _read(session: Session, channel: Channel, address: str) -> str:
    read = read_address(channel, address, identity_rules(session))
    if read.problem is not None:
        raise InvalidRequest(f"this address cannot be read: {read.problem}", path="address")
    return read.normalised


def _note(session: Session, member_id: int, action: str, actor: Actor | None, now: datetime) -> None:
    mark_changed(session, member_id, Change.SUPPRESSION)
    audit.record(session, now=now, actor=actor, action=action, subject=f"member:{member_id}")
    session.flush()


def _note_address(
    session: Session, channel: Channel, records: Sequence[int], action: str, actor: Actor | None, now: datetime
) -> None:
    """By the records that have it: the audit log holds no addresses."""
    mark_members_changed(session, select(Member.id).where(Member.id.in_(records)), Change.CONTACTS)
    audit.record(session, now=now, actor=actor, action=action, subject=f"channel:{channel}", members=list(records))
    session.flush()


def is_suppressed(row: FromClause) -> ColumnElement[bool]:
    """Whether the row's member may get nothing on the row's channel. Asked row by row: for few of them."""
    mine, theirs, there = aliased(ContactPoint), aliased(ContactPoint), aliased(ContactPoint)
    same_person = (
        select(Suppression.member_id)
        .select_from(mine)
        .join(theirs, (theirs.channel == mine.channel) & (theirs.normalised == mine.normalised))
        .join(Suppression, Suppression.member_id == theirs.member_id)
        .where(
            mine.member_id == row.c.member_id,
            mine.channel.in_(PERSON_CHANNELS),
            mine.normalised != "",
            theirs.member_id != mine.member_id,
        )
    )
    same_address = select(there.id).where(
        there.member_id == row.c.member_id, there.channel == row.c.channel, is_given_up(there)
    )
    return or_(
        exists().where(Suppression.member_id == row.c.member_id),
        same_person.correlate(row).exists(),
        same_address.correlate(row).exists(),
    )


def is_among_suppressed(row: FromClause) -> ColumnElement[bool]:
    """The same, worked out once from the blacklist: for many rows."""
    return or_(
        row.c.member_id.in_(suppressed_members()),
        tuple_(row.c.member_id, row.c.channel).in_(_suppressed_contacts()),
    )


def suppressed_members() -> Select[int]:
    """Every record of each person of whom a record is on the blacklist."""
    mine, theirs = aliased(ContactPoint), aliased(ContactPoint)
    same_person = (
        select(theirs.member_id)
        .select_from(Suppression)
        # `+ 0`: the blacklist is short, the way in leads from there and not from all addresses.
        .join(mine, mine.member_id == Suppression.member_id + 0)
        .join(theirs, (theirs.channel == mine.channel) & (theirs.normalised == mine.normalised))
        .where(mine.channel.in_(PERSON_CHANNELS), mine.normalised != "")
    )
    return union(select(Suppression.member_id), same_person).subquery("suppressed").select()


def _suppressed_contacts() -> Select[int, Channel]:
    """Where each address on the list is to be found."""
    listed = AddressSuppression
    # The casts: likewise.
    channel, normalised = cast(listed.channel, String), cast(listed.normalised, String)
    there = (ContactPoint.channel == channel) & (ContactPoint.normalised == normalised)
    return select(ContactPoint.member_id, ContactPoint.channel).select_from(listed).join(ContactPoint, there)
