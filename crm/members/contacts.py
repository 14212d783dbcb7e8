"""How members are reached: addresses as they come in, read by the rules of the house, and the opt-outs with them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy import ColumnElement, Select, Table, and_, bindparam, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from crm.access import audit
from crm.access.actor import Actor, Permission, require
from crm.access.policy import get_policy
from crm.channels import Channel
from crm.cursors import read_cursor, write_cursor
from crm.database import UtcDateTime
from crm.errors import InvalidRequest, NotFound
from crm.members.changes import Change, mark_changed, mark_members_changed
from crm.members.identity import IdentityRules, read_address
from crm.members.models import Consent, ContactPoint, Member
from crm.members.people import lock_records_that_share
from crm.workspace import get_workspace

OPTED_OUT_BY_LINK = "unsubscribe-link"
"""`Consent.source` of an opt-out by whoever reads what is sent to the address: it holds for all who share it."""
SET_SIZE = 5_000
"""Addresses read anew in one transaction: other writers wait less than a second."""


def identity_rules(session: Session) -> IdentityRules:
    return IdentityRules.of(get_policy(session), get_workspace(session).zone)


def set_contact(
    session: Session, member_id: int, channel: Channel, address: str, *, actor: Actor, now: datetime
) -> ContactPoint:
    """Store a member's address on a channel, in place of the one before. One that cannot be read is kept, unreachable.

    Whoever opted out by a link sent to this address has opted out for this record, too, unless it agreed later.
    Raises NotFound without such a member, or where he is not the actor's own.
    """
    require(actor, Permission.CHANGE_CONTACTS)
    member = session.get(Member, member_id, with_for_update=True)
    if member is None or actor.row_owner_id not in (None, member.owner_id):
        raise NotFound(f"there is no member {member_id}")
    read = read_address(channel, address, identity_rules(session))
    point = session.scalar(
        select(ContactPoint).where(ContactPoint.member_id == member_id, ContactPoint.channel == channel)
    )
    if point is None:
        point = ContactPoint(member_id=member_id, channel=channel)
        session.add(point)
    point.address, point.normalised, point.problem = read.address, read.normalised, read.problem
    session.flush()
    mark_changed(session, member_id, Change.CONTACTS)
    _carry_opt_outs(session, [point.id])
    subject = f"member:{member_id}"
    audit.record(session, now=now, actor=actor, action="contact.changed", subject=subject, channel=channel.value)
    return point


@dataclass(frozen=True)
class ReadAnew:
    """What came of one set of addresses."""

    last_id: int | None
    """Go on after this contact point; None: there are no more."""
    looked_at: int
    changed: int
    unreadable: int
    """Of those looked at."""


def read_anew(session: Session, *, after_id: int = 0, limit: int = SET_SIZE) -> ReadAnew:
    """Read the next set of addresses on file by the rules as they are now, in the order of their ids.

    Running it again changes nothing more; it may stop and go on anywhere.
    """
    rules = identity_rules(session)
    on_file = cast(Table, ContactPoint.__table__)
    page = select(on_file).where(on_file.c.id > after_id).order_by(on_file.c.id).limit(limit)
    rows = session.execute(page).all()
    changes, unreadable = [], 0
    for row in rows:
        read = read_address(row.channel, row.address, rules)
        unreadable += read.problem is not None
        if (read.normalised, read.problem) != (row.normalised, row.problem):
            changes.append({"point_id": row.id, "new_normalised": read.normalised, "new_problem": read.problem})
    if changes:
        change = update(on_file).where(on_file.c.id == bindparam("point_id"))
        change = change.values(normalised=bindparam("new_normalised"), problem=bindparam("new_problem"))
        session.execute(change, changes)
        point_ids = [change["point_id"] for change in changes]
        mark_members_changed(session, select(on_file.c.member_id).where(on_file.c.id.in_(point_ids)), Change.CONTACTS)
        _carry_opt_outs(session, point_ids)
    last_id = rows[-1].id if len(rows) == limit else None
    return ReadAnew(last_id, len(rows), len(changes), unreadable)


def _carry_opt_outs(session: Session, point_ids: Collection[int]) -> None:
    """Withdraw consents that an opt-out by link, on another record with the same address, is younger than."""
    found = session.execute(_consents_against_an_opt_out(point_ids)).all()
    for member_id, channel, opted_out_at in found:
        session.execute(
            update(Consent)
            .where(Consent.member_id == member_id, Consent.channel == channel)
            .values(granted=False, changed_at=opted_out_at, source=OPTED_OUT_BY_LINK)
            .execution_options(synchronize_session="fetch")
        )
        mark_changed(session, member_id, Change.CONSENTS)


def _consents_against_an_opt_out(point_ids: Collection[int]) -> Select[int, Channel, datetime]:
    """Of all records at the addresses of these contact points, with the moment of the last opt-out there.

    In the order in which sending locks consents.
    """
    changed, mine, theirs, refused = (
        aliased(ContactPoint),
        aliased(ContactPoint),
        aliased(ContactPoint),
        aliased(Consent),
    )
    same_address = (mine.channel == changed.channel) & (mine.normalised == changed.normalised)
    return (
        select(Consent.member_id, Consent.channel, func.max(refused.changed_at, type_=UtcDateTime))
        .select_from(changed)
        .join(mine, same_address)
        .join(theirs, (theirs.channel == mine.channel) & (theirs.normalised == mine.normalised))
        .join(Consent, (Consent.member_id == mine.member_id) & (Consent.channel == mine.channel))
        .join(refused, (refused.member_id == theirs.member_id) & (refused.channel == theirs.channel))
        .where(
            changed.id.in_(point_ids),
            changed.normalised != "",
            Consent.granted.is_(True),
            refused.granted.is_(False),
            refused.source == OPTED_OUT_BY_LINK,
            refused.changed_at >= Consent.changed_at,
        )
        .group_by(Consent.member_id, Consent.channel)
        .order_by(Consent.member_id, Consent.channel)
    )


def withdraw_consent(session: Session, member_id: int, channel: Channel, at: datetime) -> bool:
    """Opt a member out of a channel by link, and with him every record that is reached at the same address.

    Nothing is sent to any of them there once this is committed. Whether there was anything to withdraw: a consent,
    or nothing on record. Raises NotFound without a member.
    """
    records = lock_records_that_share(session, member_id, (channel,))
    if member_id not in records:
        raise NotFound(f"there is no member {member_id}")
    query = select(Consent).where(Consent.member_id.in_(records), Consent.channel == channel)
    query = query.order_by(Consent.member_id).with_for_update().execution_options(populate_existing=True)
    on_file = session.scalars(query).all()
    withdrawn = [consent for consent in on_file if consent.granted]
    for consent in withdrawn:
        consent.granted, consent.changed_at, consent.source = False, at, OPTED_OUT_BY_LINK
    changed = [consent.member_id for consent in withdrawn]
    if all(consent.member_id != member_id for consent in on_file):
        values = {"granted": False, "changed_at": at, "source": OPTED_OUT_BY_LINK}
        session.add(Consent(member_id=member_id, channel=channel, **values))
        changed.append(member_id)
    for each in changed:
        mark_changed(session, each, Change.CONSENTS)
    return bool(changed)


@dataclass(frozen=True)
class UnreadableAddress:
    member_id: int
    member_ref: str
    member_name: str
    channel: Channel
    problem: str


@dataclass(frozen=True)
class UnreadablePage:
    total: int
    items: Sequence[UnreadableAddress]
    next_cursor: str | None = None
    """Of the page that follows; None at the end."""


def unreadable_addresses(
    session: Session, *, actor: Actor, offset: int = 0, after: str | None = None, limit: int = 50
) -> UnreadablePage:
    """Addresses that nobody is reached at, with the reason and without the address; a CSM gets his own members'."""
    require(actor, Permission.READ_MEMBERS)
    query = (
        select(Member.id, Member.external_ref, Member.name, ContactPoint.channel, ContactPoint.problem)
        .join(Member, Member.id == ContactPoint.member_id)
        # The channels are named for the index, which begins with them.
        .where(ContactPoint.channel.in_(tuple(Channel)), ContactPoint.normalised == "")
    )
    if actor.row_owner_id is not None:
        query = query.where(Member.owner_id == actor.row_owner_id)
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    query = query.offset(offset) if after is None else query.where(_behind(after))
    rows = session.execute(query.order_by(Member.id, ContactPoint.channel).limit(limit + 1)).all()
    items = [UnreadableAddress(*row[:4], problem=row[4] or "There is no address.") for row in rows[:limit]]
    cursor = write_cursor(items[-1].member_id, items[-1].channel.value) if len(rows) > limit else None
    return UnreadablePage(total, items, cursor)


def _behind(cursor: str) -> ColumnElement[bool]:
    member_id, channel = read_cursor(cursor, int, str)
    if channel not in tuple(Channel):
        raise InvalidRequest("this cursor is none of ours; give the next_cursor of the page before", path="after")
    same = and_(Member.id == member_id, ContactPoint.channel > Channel(channel))
    return or_(Member.id > member_id, same)
