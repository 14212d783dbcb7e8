"""Who builds on what, for every kind of thing: one table, written wherever a version of something is stored."""

from collections.abc import Iterable

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from crm.access.models import Use

Thing = tuple[str, int]
"""A kind and an id, e.g. `("segment", 5)`."""


def note_uses(session: Session, subject_kind: str, subject_id: int, used: Iterable[Thing]) -> None:
    """Write down everything that a thing builds on, in place of what was written before."""
    session.execute(delete(Use).where(Use.subject_kind == subject_kind, Use.subject_id == subject_id))
    rows = [
        {"subject_kind": subject_kind, "subject_id": subject_id, "used_kind": kind, "used_id": number}
        for kind, number in sorted(set(used))
    ]
    if rows:
        session.execute(insert(Use), rows)


def users_of(session: Session, used_kind: str, used_id: int) -> list[Thing]:
    """What builds on a thing directly, by kind and id."""
    query = select(Use.subject_kind, Use.subject_id).where(Use.used_kind == used_kind, Use.used_id == used_id)
    rows = session.execute(query.order_by(Use.subject_kind, Use.subject_id))
    return [(row.subject_kind, row.subject_id) for row in rows]


def forget_uses(session: Session, subject_kind: str, subject_id: int) -> None:
    """A thing is gone and builds on nothing any more."""
    note_uses(session, subject_kind, subject_id, ())
