"""Where a journey that members walk stands: the same figures as a campaign has, and the same columns of them."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from crm.journeys.figures import DeliveryFigures, delivery_figures
from crm.outreach.models import EndReason, Journey, JourneyState


class JourneyMonitor(DeliveryFigures):
    journey_id: int
    """Of the version that was started last, or of the newest; state and note are its own."""
    name: str
    versions: tuple[int, ...]
    """Which it counts, the newest first."""
    state: JourneyState
    end_reason: EndReason | None
    state_note: str | None


def monitor_journey(session: Session, versions: Sequence[Journey], now: datetime) -> JourneyMonitor:
    """Count the ledgers of some versions of one journey together. What members did not come to yet is not counted."""
    told = next((version for version in versions if version.activated_at is not None), versions[0])
    paused = [version.id for version in versions if version.state is JourneyState.PAUSED]
    figures = delivery_figures(session, [version.id for version in versions], now, paused_ids=paused)
    return JourneyMonitor(
        journey_id=told.id,
        name=told.name,
        versions=tuple(version.version for version in versions),
        state=told.state,
        end_reason=told.end_reason,
        state_note=told.note,
        **figures,
    )
