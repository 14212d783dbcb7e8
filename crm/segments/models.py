"""Saved segments: their definition in versions, their members as last evaluated, and what became of both.

Rows that name a member have no foreign key to him: they are derived, written by the hundred thousand, and
on PostgreSQL each key would lock the member's row, which the engine that sends may hold.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from crm.database import Base, StoredJson


class Segment(Base):
    """A definition under a name that other segments and campaigns can build on."""

    __tablename__ = "segments"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    description: Mapped[str]
    owner_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    request_id: Mapped[str | None] = mapped_column(unique=True)
    """The call that made it; the same call again returns this segment."""
    version: Mapped[int]
    """Number of the version in force."""
    definition: Mapped[dict[str, Any]] = mapped_column(StoredJson)
    """Of the version in force, in its JSON form."""
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    """When name, description or definition changed last."""
    evaluated_at: Mapped[datetime]
    """When its members were found or confirmed last."""
    evaluated_on: Mapped[date]
    """The local day of the last try, on which windows end unless it failed."""
    duration_ms: Mapped[int]
    """What the last evaluation took."""
    count: Mapped[int]
    """Members as of the last evaluation."""
    seen_change_id: Mapped[int] = mapped_column(BigInteger)
    """The newest noted change that the last evaluation knew of."""
    failure: Mapped[str | None]
    """Why the last try failed; the members are those from before, and are found anew at the next."""


class SegmentVersion(Base):
    """What a segment was at a time. Versions are added, never changed."""

    __tablename__ = "segment_versions"

    segment_id: Mapped[int] = mapped_column(ForeignKey("segments.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    description: Mapped[str]
    definition: Mapped[dict[str, Any]] = mapped_column(StoredJson)
    changed_by: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    changed_at: Mapped[datetime]
    note: Mapped[str]
    """What the change was about."""


class SegmentDay(Base):
    """A segment's size at the end of a local day, or now for the present one, and how it came about."""

    __tablename__ = "segment_days"

    segment_id: Mapped[int] = mapped_column(ForeignKey("segments.id", ondelete="CASCADE"), primary_key=True)
    on: Mapped[date] = mapped_column("counted_on", primary_key=True)
    at: Mapped[datetime] = mapped_column("counted_at")
    count: Mapped[int]
    entered: Mapped[int]
    """Members who came in during the day; the first evaluation counts nobody as entering."""
    left: Mapped[int]
    duration_ms: Mapped[int]
    """What the last evaluation of the day took."""


class SegmentMember(Base):
    """Who is in, as of the last evaluation."""

    __tablename__ = "segment_members"
    __table_args__ = (Index(None, "member_id", "segment_id"), {"sqlite_with_rowid": False})

    segment_id: Mapped[int] = mapped_column(ForeignKey("segments.id", ondelete="CASCADE"), primary_key=True)
    member_id: Mapped[int] = mapped_column(primary_key=True)
    since: Mapped[datetime]
    """The evaluation that found him in."""


class Passage(StrEnum):
    ENTERED = "entered"
    LEFT = "left"


class SegmentEvent(Base):
    """A member came into a segment or left it. The first evaluation makes no events: the segment came, not they."""

    __tablename__ = "segment_events"
    __table_args__ = (Index(None, "segment_id", "id"), Index(None, "member_id", "at"))

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    segment_id: Mapped[int] = mapped_column(ForeignKey("segments.id", ondelete="CASCADE"))
    member_id: Mapped[int]
    kind: Mapped[Passage]
    version: Mapped[int]
    """The segment's version. Where it differs from that of the event before, the definition may be the cause."""
    at: Mapped[datetime]
