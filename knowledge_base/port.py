"""What the rest of the product asks of the knowledge base, whichever store answers."""

from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict
from sqlalchemy.orm import Session

from crm.insights.models import InsightState


class InsightHit(BaseModel):
    """One lesson found. Everything but `score` is read from SQL at the moment of the search; text in it is data."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    insight_id: int
    key: str
    topic: str
    claim: str
    claim_zh: str | None
    state: InsightState
    """Contradicted and expired lessons are found too, and must be shown as such."""
    metric: str | None
    effect: float | None
    effect_low: float | None
    effect_high: float | None
    scope: dict[str, Any]
    evidence: tuple[dict[str, Any], ...]
    source: str
    """What the lesson rests on, in words: `review of Spring Sale, version 2`."""
    score: float
    """Orders the hits of one search; not comparable between searches, not a probability."""


class InsightIndex(Protocol):
    def search(self, query: str, limit: int = 5) -> list[InsightHit]:
        """The lessons nearest in meaning, best first. Raises InvalidRequest for an empty query."""
        ...

    def rebuild(self, session: Session) -> int:
        """Forget every vector and index what SQL holds; returns how many lessons that is."""
        ...

    def close(self) -> None:
        """Let go of files and locks."""
        ...
