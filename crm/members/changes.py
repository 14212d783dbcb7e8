"""Whose data changed, and what of it: noted by whoever writes, used up by what follows members (saved segments).

Notes are written in the transaction of the change itself, so that none is lost and none comes too early.
They only ever get added; `crm.segments.maintenance` removes those that it has followed up.
"""

from enum import StrEnum

from sqlalchemy import BigInteger, Integer, Select, insert, literal, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.database import Base


class Change(StrEnum):
    """What of a member changed. Coarse on purpose: it only decides who has to look again."""

    MEMBER = "member"
    """There is a new member: whatever looks at members has to look at this one."""
    PROFILE = "profile"
    CONTACTS = "contacts"
    CONSENTS = "consents"
    SUPPRESSION = "suppression"
    TAGS = "tags"
    ORDERS = "orders"
    EVENTS = "events"
    ACTIVITY = "activity"
    """The activity score and its trend."""
    POINTS = "points"
    SCORES = "scores"
    """Lifecycle stage, churn risk, lifetime value."""
    REDEMPTIONS = "redemptions"
    CAMPAIGNS = "campaigns"
    """Taking part in a campaign."""
    MESSAGES = "messages"
    REACTIONS = "reactions"
    """Opens and clicks."""
    SEGMENTS = "segments"
    """Coming into a saved segment, or leaving it, other than by its upkeep."""


class MemberChange(Base):
    """Something of a member changed and has not been followed up yet.

    No foreign key: on PostgreSQL it would lock the member's row, which the engine that sends may hold.
    """

    __tablename__ = "member_changes"
    # Ids are never given twice, so that "later than" can be told from them.
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - read by SQLAlchemy when the class is made

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    member_id: Mapped[int | None]
    """None: of everyone."""
    what: Mapped[Change]


def mark_members_changed(session: Session, member_ids: Select[int], what: Change) -> None:
    """Note, in one statement, that something of these members changed. `member_ids` gives one column of ids."""
    (member_id,) = member_ids.subquery("changed").c
    rows = select(member_id, literal(what, MemberChange.__table__.c.what.type)).distinct()
    session.execute(insert(MemberChange).from_select(["member_id", "what"], rows))


def mark_changed(session: Session, member_id: int, what: Change) -> None:
    """Note that something of one member changed."""
    session.execute(insert(MemberChange).values(member_id=member_id, what=what))


def mark_everyone_changed(session: Session, what: Change) -> None:
    """Note that something of everyone may have changed: after a computation that writes all rows anew."""
    session.execute(insert(MemberChange).values(member_id=None, what=what))
