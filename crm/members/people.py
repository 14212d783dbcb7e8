"""Which records are the same person, and which share an address. One step: whoever shares with a sharer is another."""

from collections.abc import Collection, Sequence

from sqlalchemy import Select, select, union
from sqlalchemy.orm import Session, aliased

from crm.channels import Channel
from crm.members.models import ContactPoint, Member

PERSON_CHANNELS = (Channel.EMAIL, Channel.SMS)
"""Two records with the same e-mail address or phone number are one person; a push token names a device."""


def lock_records_of_person(session: Session, member_id: int) -> Sequence[int]:
    """The ids of all records of a member's person, locked in the order in which sending locks them.

    Whoever is sent something at this moment is waited for; nobody is handed over until this transaction ends.
    Empty when there is no such member.
    """
    return lock_records_that_share(session, member_id, PERSON_CHANNELS)


def lock_records_that_share(session: Session, member_id: int, channels: Collection[Channel]) -> Sequence[int]:
    """The ids of all records that share a member's address on one of `channels`, his own included, locked likewise."""
    mine, theirs = aliased(ContactPoint), aliased(ContactPoint)
    shared = (
        select(theirs.member_id)
        .select_from(mine)
        .join(theirs, (theirs.channel == mine.channel) & (theirs.normalised == mine.normalised))
        .where(mine.member_id == member_id, mine.channel.in_(channels), mine.normalised != "")
    )
    return _locked(session, union(shared, select(Member.id).where(Member.id == member_id)).subquery().select())


def lock_records_at(session: Session, channel: Channel, normalised: str) -> Sequence[int]:
    """The ids of all records with an address, locked likewise."""
    there = (ContactPoint.channel == channel, ContactPoint.normalised == normalised)
    return _locked(session, select(ContactPoint.member_id).where(*there))


def _locked(session: Session, ids: Select[int]) -> Sequence[int]:
    return session.scalars(select(Member.id).where(Member.id.in_(ids)).order_by(Member.id).with_for_update()).all()
