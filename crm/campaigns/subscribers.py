"""What builds on a saved segment: other segments, campaigns and journeys that are not over."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.access.uses import users_of
from crm.campaigns.models import Campaign
from crm.outreach.models import Journey, JourneyState
from crm.segments.models import Segment
from crm.segments.references import SEGMENT_KIND
from crm.segments.saved import Subscriber


def builders_on(session: Session, segment_id: int) -> list[Subscriber]:
    """Segments by name, then campaigns and journeys, the newest first; of a journey each version that is not over."""
    ids: dict[str, list[int]] = {}
    for kind, number in users_of(session, SEGMENT_KIND, segment_id):
        ids.setdefault(kind, []).append(number)
    segments = select(Segment.id, Segment.name).where(Segment.id.in_(ids.get(SEGMENT_KIND, ())))
    found = [
        Subscriber("segment", row.id, row.name) for row in session.execute(segments.order_by(Segment.name, Segment.id))
    ]
    lives = Journey.state != JourneyState.ENDED
    campaigns = select(Campaign.id, Journey.name, Journey.state).join(Campaign.journey).where(lives)
    found += _rows(session, "campaign", campaigns.where(Campaign.id.in_(ids.get("campaign", ()))))
    journeys = select(Journey.id, Journey.name, Journey.state).where(lives)
    return found + _rows(session, "journey", journeys.where(Journey.id.in_(ids.get("journey", ()))))


def touched_in_words(found: Sequence[Subscriber]) -> str | None:
    """What a new version of a segment means for what builds on it; None when nothing does."""
    if not found:
        return None
    names = [
        f"{each.kind} {each.name}" + (f" ({each.state.replace('_', ' ')})" if each.state else "") for each in found
    ]
    return (
        f"{', '.join(dict.fromkeys(names))} build on it. What was submitted keeps the version that was submitted "
        "until somebody submits it again"
    )


def _rows(session: Session, kind: Any, query: Any) -> list[Subscriber]:
    rows = session.execute(query.order_by(query.selected_columns[0].desc()))
    return [Subscriber(kind, row.id, row.name, row.state.value) for row in rows]
