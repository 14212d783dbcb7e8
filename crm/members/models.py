"""Members: profile, contact points, consent per channel, tags, suppression."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from crm.channels import Channel
from crm.database import Base

UNFOLDED = "name_folded IS NULL"


class Member(Base):
    __tablename__ = "members"
    __table_args__ = (
        # Lets `member_facts` refer to a member together with these columns, so that the database keeps its copies true.
        Index(None, "id", "tier", "joined_at", unique=True),
        Index("ix_members_unfolded", "id", sqlite_where=text(UNFOLDED), postgresql_where=text(UNFOLDED)),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    external_ref: Mapped[str] = mapped_column(unique=True)
    """The member's key in the system that the data came from."""
    name: Mapped[str] = mapped_column(index=True)
    name_local: Mapped[str | None] = mapped_column(index=True)
    """The name in the member's own script, e.g. 张敏."""
    name_folded: Mapped[str | None] = mapped_column(index=True)
    """The name as it is looked for (`names.py`); None until somebody has folded it."""
    name_local_folded: Mapped[str | None] = mapped_column(index=True)
    gender: Mapped[str | None]
    """`female`, `male` or None when unknown."""
    birthday_on: Mapped[date | None]
    birth_month_day: Mapped[int | None] = mapped_column(index=True)
    """month * 100 + day of the birthday, e.g. 601."""
    city: Mapped[str | None] = mapped_column(index=True)
    tier: Mapped[str] = mapped_column(index=True)
    joined_at: Mapped[datetime] = mapped_column(index=True)
    preferred_channel: Mapped[Channel | None]
    zone_name: Mapped[str | None] = mapped_column(index=True)
    """IANA zone of the member; None means the workspace's zone."""
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"), index=True)
    """The customer success manager who owns the relation."""


class ContactPoint(Base):
    """Where one channel reaches a member: e-mail address, phone number (E.164) or push token."""

    __tablename__ = "contact_points"
    __table_args__ = (UniqueConstraint("member_id", "channel"), Index(None, "channel", "normalised"))

    id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("members.id"))
    channel: Mapped[Channel]
    address: Mapped[str]
    """As it came, without the spaces around it."""
    normalised: Mapped[str]
    """The form in which duplicates are found (`identity.read_address`); empty when the address cannot be read."""
    problem: Mapped[str | None]
    """Why it cannot be read: nobody is reached there."""


class Consent(Base):
    """Whether a member agrees to hear from us on a channel. No row means unknown, and nothing is sent."""

    __tablename__ = "consents"
    __table_args__ = (Index(None, "channel", "granted", "member_id"), {"sqlite_with_rowid": False})

    member_id: Mapped[int] = mapped_column(ForeignKey("members.id"), primary_key=True)
    channel: Mapped[Channel] = mapped_column(primary_key=True)
    granted: Mapped[bool]
    changed_at: Mapped[datetime]
    source: Mapped[str]
    """Where the change came from, e.g. `import`, `unsubscribe-link`."""


class MemberTag(Base):
    __tablename__ = "member_tags"
    __table_args__ = (Index(None, "tag", "member_id"),)

    member_id: Mapped[int] = mapped_column(ForeignKey("members.id"), primary_key=True)
    tag: Mapped[str] = mapped_column(primary_key=True)


class Suppression(Base):
    """A record on the blacklist: no message to its person on any channel, whatever the consent says.

    Every record that shares an e-mail address or phone number with it is the same person (`suppression.py`).
    """

    __tablename__ = "suppressions"

    member_id: Mapped[int] = mapped_column(ForeignKey("members.id"), primary_key=True)
    reason: Mapped[str]
    created_at: Mapped[datetime]


class AddressSuppression(Base):
    """An address that nothing is sent to, whoever has it: it does not exist, or its owner complained."""

    __tablename__ = "address_suppressions"
    __table_args__ = ({"sqlite_with_rowid": False},)

    channel: Mapped[Channel] = mapped_column(primary_key=True)
    normalised: Mapped[str] = mapped_column(primary_key=True)
    reason: Mapped[str]
    created_at: Mapped[datetime]


class AddressRefusal(Base):
    """How often an address was refused for good since something last arrived there; refusals of one day count once."""

    __tablename__ = "address_refusals"
    __table_args__ = ({"sqlite_with_rowid": False},)

    channel: Mapped[Channel] = mapped_column(primary_key=True)
    normalised: Mapped[str] = mapped_column(primary_key=True)
    refusals: Mapped[int]
    reason: Mapped[str]
    """The provider's last words, without addresses."""
    first_at: Mapped[datetime]
    counted_at: Mapped[datetime]
    """When the last refusal that counted came."""
