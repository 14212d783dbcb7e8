"""Addresses that refuse what is sent to them: counted by day, and given up when there is no more doubt."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import FromClause, Select, case, delete, exists, func, literal, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from crm.channels import Channel
from crm.database import UtcDateTime
from crm.members.models import AddressRefusal, ContactPoint

REFUSALS_TO_GIVE_UP = 2
APART = timedelta(days=1)
"""A server in trouble may refuse whom it knows for some hours."""


def count_refusals(session: Session, refused: FromClause, *, now: datetime) -> None:
    """Count a refusal for good of each address. `refused` has the columns member_id, channel, and reason.

    For a transaction that may hold other locks: nothing is locked but the counts, in the order of their addresses.
    """
    there = (ContactPoint.member_id == refused.c.member_id) & (ContactPoint.channel == refused.c.channel)
    moment = literal(now, UtcDateTime)
    rows = (
        select(ContactPoint.channel, ContactPoint.normalised, literal(1), func.min(refused.c.reason), moment, moment)
        .join_from(refused, ContactPoint, there)
        .where(ContactPoint.normalised != "")
        .group_by(ContactPoint.channel, ContactPoint.normalised)
        .order_by(ContactPoint.channel, ContactPoint.normalised)
    )
    insert: Any = (postgresql if session.get_bind().dialect.name == "postgresql" else sqlite).insert(AddressRefusal)
    names = ["channel", "normalised", "refusals", "reason", "first_at", "counted_at"]
    insert = insert.from_select(names, rows)
    is_another_day = AddressRefusal.counted_at <= literal(now - APART, UtcDateTime)
    counted = {
        "refusals": AddressRefusal.refusals + case((is_another_day, 1), else_=0),
        "reason": insert.excluded.reason,
        "counted_at": case((is_another_day, insert.excluded.counted_at), else_=AddressRefusal.counted_at),
    }
    session.execute(insert.on_conflict_do_update(index_elements=["channel", "normalised"], set_=counted))


def given_up(refused: Select[int, Channel]) -> Select[int, Channel]:
    """Those of `refused`, members and channels, whose address was refused often enough."""
    member_id, on_channel = (who := refused.subquery("refused")).c
    there = (ContactPoint.member_id == member_id) & (ContactPoint.channel == on_channel)
    same = (AddressRefusal.channel == ContactPoint.channel) & (AddressRefusal.normalised == ContactPoint.normalised)
    query = select(member_id, on_channel).join_from(who, ContactPoint, there).join(AddressRefusal, same)
    return query.where(AddressRefusal.refusals >= REFUSALS_TO_GIVE_UP)


def forget_refusals(session: Session, reached: Select[int, Channel]) -> None:
    """Something arrived at these addresses, of members and channels: what was refused before counts no more."""
    if not session.scalar(select(exists().select_from(AddressRefusal))):
        return
    member_id, on_channel = (who := reached.subquery("reached")).c
    there = (ContactPoint.member_id == member_id) & (ContactPoint.channel == on_channel)
    addresses = select(ContactPoint.channel, ContactPoint.normalised).join_from(who, ContactPoint, there)
    alive = delete(AddressRefusal).where(tuple_(AddressRefusal.channel, AddressRefusal.normalised).in_(addresses))
    session.execute(alive.execution_options(synchronize_session=False))


def doubted_addresses(session: Session) -> dict[Channel, int]:
    """How many addresses of each channel were refused for good, but too seldom to be given up."""
    counted = select(AddressRefusal.channel, func.count()).where(AddressRefusal.refusals < REFUSALS_TO_GIVE_UP)
    return dict(session.execute(counted.group_by(AddressRefusal.channel)).all())
