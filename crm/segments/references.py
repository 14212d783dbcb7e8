"""What builds on saved segments, as far as this room writes it down: every definition names them."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.access.uses import Thing, note_uses
from crm.segments.dependencies import segments_named
from crm.segments.models import Segment

SEGMENT_KIND = "segment"


def note_segments_used(session: Session, subject_kind: str, subject_id: int, *data: Any) -> None:
    """Write down the saved segments that a thing names; `data` may be anything that holds its definitions."""
    note_uses(session, subject_kind, subject_id, segments_in(session, *data))


def segments_in(session: Session, *data: Any) -> list[Thing]:
    """The saved segments that definitions name, wherever in `data` they stand."""
    names = frozenset(name for each in data for name in segments_named(each))
    ids = session.scalars(select(Segment.id).where(Segment.name.in_(names)))
    return [(SEGMENT_KIND, segment_id) for segment_id in ids]
