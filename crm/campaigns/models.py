"""Campaigns: a brief, and the plan computed from it. Where it stands, and when, is on its journey."""

from datetime import datetime
from typing import Any, cast

from sqlalchemy import Column, ForeignKey, Integer, String, Table, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm.database import Base, StoredJson, UtcDateTime
from crm.outreach.models import EndReason, Journey, JourneyState


class Campaign(Base):
    __tablename__ = "campaigns"

    id: Mapped[int] = mapped_column(primary_key=True)
    brief: Mapped[dict[str, Any]] = mapped_column(StoredJson)
    """`CampaignBrief` (campaigns/brief.py) as JSON."""
    plan: Mapped[dict[str, Any] | None] = mapped_column(StoredJson)
    """The last computed `CampaignPlan` (campaigns/plan.py) as JSON; None when the brief changed since."""
    journey_id: Mapped[int] = mapped_column(ForeignKey("journeys.id"), unique=True)
    is_imported: Mapped[bool] = mapped_column(default=False)
    """History from another system: no plan, no ledger identity, no random holdout."""

    journey: Mapped[Journey] = relationship(lazy="joined", innerjoin=True)

    @property
    def name(self) -> str:
        return self.journey.name

    @property
    def state(self) -> JourneyState:
        return self.journey.state

    @property
    def end_reason(self) -> EndReason | None:
        return self.journey.end_reason

    @property
    def state_note(self) -> str | None:
        """Why it stands where it stands, when that needs words: a launch that was held back, a rejection."""
        return self.journey.note

    @property
    def author_id(self) -> int:
        return cast(int, self.journey.author_id)

    @property
    def created_at(self) -> datetime:
        return self.journey.created_at

    @property
    def updated_at(self) -> datetime:
        return self.journey.updated_at or self.journey.created_at

    @property
    def starts_at(self) -> datetime | None:
        """The brief's start in UTC, or when an imported campaign began."""
        return self.journey.starts_at

    @property
    def ends_at(self) -> datetime | None:
        """When its attribution window closes, or when an imported campaign ended."""
        return self.journey.ends_at

    @property
    def launched_at(self) -> datetime | None:
        return self.journey.activated_at

    @property
    def completed_at(self) -> datetime | None:
        """When it ended, for whatever reason."""
        return self.journey.ended_at


_TABLE = cast(Table, Campaign.__table__)
for _column in (
    Column("name", String, unique=True),
    Column("state", String(32), server_default=text("'cancelled'"), nullable=False, index=True),
    Column("state_note", String),
    Column("author_id", ForeignKey("accounts.id")),
    Column("request_id", String, unique=True),
    Column("created_at", UtcDateTime),
    Column("updated_at", UtcDateTime),
    Column("starts_at", UtcDateTime),
    Column("ends_at", UtcDateTime),
    Column("launched_at", UtcDateTime),
    Column("completed_at", UtcDateTime),
    Column("held_until", UtcDateTime),
    Column("held_times", Integer, server_default=text("0"), nullable=False),
):
    # What the version before read here and this one on the journey; nobody writes it. The next migration drops it.
    _TABLE.append_column(_column)
