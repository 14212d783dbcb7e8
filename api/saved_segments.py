"""Saved segments as the API and the command line show them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel
from sqlalchemy.orm import Session

from crm.access.actor import Actor
from crm.access.models import Account
from crm.campaigns.subscribers import builders_on, touched_in_words
from crm.catalog import CATALOG, segment_scope
from crm.errors import InvalidRequest
from crm.segments import history
from crm.segments.definition import Definition, parse_definition
from crm.segments.describe import describe
from crm.segments.history import SegmentState
from crm.segments.models import Segment
from crm.segments.saved import sensitive_fields_in


class SegmentRow(BaseModel):
    id: int
    name: str
    description: str
    owner: str
    version: int
    count: int
    """Members as of the last evaluation; a CSM's own alone."""
    state: SegmentState
    state_reason: str | None
    evaluated_at: datetime
    duration_ms: int
    updated_at: datetime


class SegmentView(SegmentRow):
    definition: dict[str, Any]
    read_back: str | None
    """Null when the definition makes no sense any more; `state_reason` says why."""
    sensitive_fields: list[str]
    touched: str | None
    """What builds on it, and what a new version means for that; null when nothing does."""


def rows_of(session: Session, segments: Sequence[Segment], actor: Actor, now: datetime) -> list[SegmentRow]:
    """Segments as `actor` sees them at `now`."""
    standings = history.standings(session, now, CATALOG)
    counts = history.counts(session, segments, actor.row_owner_id)
    return [
        SegmentRow(
            id=segment.id,
            name=segment.name,
            description=segment.description,
            owner=session.get_one(Account, segment.owner_id).display_name,
            version=segment.version,
            count=counts[segment.id],
            state=standings[segment.id].state,
            state_reason=standings[segment.id].reason,
            evaluated_at=segment.evaluated_at,
            duration_ms=segment.duration_ms,
            updated_at=segment.updated_at,
        )
        for segment in segments
    ]


def view_of(session: Session, segment: Segment, actor: Actor, now: datetime) -> SegmentView:
    """One segment with its definition, read back on the day of `now`."""
    (row,) = rows_of(session, [segment], actor, now)
    parsed = _parsed(segment)
    return SegmentView(
        **row.model_dump(),
        definition=segment.definition,
        read_back=None if parsed is None else describe(parsed, segment_scope(session, actor, now)),
        sensitive_fields=[] if parsed is None else list(sensitive_fields_in(session, parsed, CATALOG)),
        touched=touched_in_words(builders_on(session, segment.id)),
    )


def _parsed(segment: Segment) -> Definition | None:
    try:
        return parse_definition(segment.definition, CATALOG)
    except InvalidRequest:
        return None
