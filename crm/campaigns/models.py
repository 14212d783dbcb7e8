"""Campaigns: a brief, the plan computed from it, and where it stands."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, text
from sqlalchemy.orm import Mapped, mapped_column

from crm.database import Base, StoredJson


class CampaignState(StrEnum):
    DRAFT = "draft"
    AWAITING_APPROVAL = "awaiting_approval"
    SCHEDULED = "scheduled"
    """Approved; starts at the brief's start."""
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class Campaign(Base):
    __tablename__ = "campaigns"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    state: Mapped[CampaignState] = mapped_column(index=True)
    state_note: Mapped[str | None]
    """Why it stands where it stands, when that needs words: a launch that was held back, a rejection."""
    brief: Mapped[dict[str, Any]] = mapped_column(StoredJson)
    """`CampaignBrief` (campaigns/brief.py) as JSON."""
    plan: Mapped[dict[str, Any] | None] = mapped_column(StoredJson)
    """The last computed `CampaignPlan` (campaigns/plan.py) as JSON; None when the brief changed since."""
    author_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    request_id: Mapped[str | None] = mapped_column(unique=True)
    """The call that made it; the same call again returns this campaign."""
    journey_id: Mapped[int | None] = mapped_column(ForeignKey("journeys.id"), unique=True)
    """Set at launch."""
    is_imported: Mapped[bool] = mapped_column(default=False)
    """History from another system: no plan, no ledger identity, no random holdout."""
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    starts_at: Mapped[datetime | None]
    """The brief's start in UTC, or when an imported campaign began."""
    ends_at: Mapped[datetime | None]
    """When its attribution window closes, or when an imported campaign ended."""
    launched_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    held_until: Mapped[datetime | None]
    """Launching or closing it failed in a way that nobody foresaw, as `state_note` says; it is tried again then."""
    held_times: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    """How often in a row."""
