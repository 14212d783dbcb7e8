"""Who had a hand in a thing: they count as its authors, and cannot approve it."""

from datetime import datetime

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from crm.access.actor import Actor
from crm.access.models import Approval, Shaping
from crm.errors import Forbidden


def note_shaping(
    session: Session, subject_kind: str, subject_id: int, *, actor: Actor, what: str, now: datetime
) -> None:
    """Note that the actor shaped a thing; `what` in one word, e.g. `changed`."""
    shaping = Shaping(subject_kind=subject_kind, subject_id=subject_id, account_id=actor.account_id, at=now, what=what)
    session.add(shaping)
    session.flush()


def shaped_by(session: Session, approval: Approval) -> frozenset[int]:
    """The accounts that shaped what an approval covers: the thing itself, and the saved segments in it as they were
    when it was asked for."""
    own = and_(Shaping.subject_kind == approval.subject_kind, Shaping.subject_id == approval.subject_id)
    base_ids = [base["id"] for base in approval.bound.get("segments", {}).values()]
    bases = and_(
        Shaping.subject_kind == "segment", Shaping.subject_id.in_(base_ids), Shaping.at <= approval.requested_at
    )
    accounts = session.scalars(select(Shaping.account_id).where(or_(own, bases)).distinct())
    return frozenset((approval.requested_by, *accounts))


def refuse_who_shaped_it(session: Session, approval: Approval, name: str, actor: Actor) -> None:
    """Four eyes: raises Forbidden when the actor shaped any part of the thing called `name`."""
    if approval.requested_by == actor.account_id:
        raise Forbidden("the person who asked for an approval cannot give it; ask another manager")
    if actor.account_id in shaped_by(session, approval):
        raise Forbidden(
            f"{actor.display_name} wrote or changed {name}, or a saved segment in it; somebody else has to approve it"
        )
