"""What was learned: typed claims with their evidence. SQL is the truth; knowledge_base is the index."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from crm.access.models import Account
from crm.database import Base


class InsightState(StrEnum):
    SUPPORTED = "supported"
    INCONCLUSIVE = "inconclusive"
    CONTRADICTED = "contradicted"
    EXPIRED = "expired"


class Insight(Base):
    """A lesson: a claim, the effect with its interval, where it holds and what it rests on."""

    __tablename__ = "insights"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    """Same key, same lesson: writing again updates it, e.g. `review:12:headline`."""
    topic: Mapped[str]
    """A few words, e.g. `win-back sms`."""
    claim: Mapped[str]
    claim_zh: Mapped[str | None]
    """The claim in Chinese; None when only one language was written."""
    metric: Mapped[str | None]
    effect: Mapped[float | None]
    effect_low: Mapped[float | None]
    effect_high: Mapped[float | None]
    state: Mapped[InsightState]
    scope: Mapped[dict[str, Any]] = mapped_column(JSON)
    """e.g. {"goal": "win-back", "channels": ["sms"], "tiers": ["platinum"]}."""
    evidence: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    """Campaigns and reviews behind the claim: [{"campaign": name, "review_id": 3, "version": 1}]."""
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    created_by: Mapped[int | None] = mapped_column(ForeignKey(Account.id))
    """None when a review wrote it."""
