"""What stands where: versions, states, and in whose name definitions are read."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, aliased

from crm.access import approvals
from crm.access.models import ApprovalState
from crm.errors import Conflict, NotFound
from crm.fields import Catalog
from crm.outreach.models import Journey, JourneyKind, JourneyState
from crm.segments.approved import approved_scope, author_scope
from crm.segments.scope import SegmentScope

SUBJECT_KIND = JourneyKind.JOURNEY.value
NOT_STARTED = (JourneyState.DRAFT, JourneyState.AWAITING_APPROVAL, JourneyState.SCHEDULED)
STARTED = (JourneyState.RUNNING, JourneyState.PAUSED)


def get_journey(session: Session, journey_id: int, *, lock: bool = False) -> Journey:
    """One version. Raises NotFound for an unknown one, and for the journey of a campaign."""
    journey = session.get(Journey, journey_id, with_for_update=lock or None, populate_existing=lock)
    if journey is None or not journey.is_walked:
        raise NotFound(f"there is no journey {journey_id}")
    return journey


def require_state(journey: Journey, allowed: Collection[JourneyState], done: str) -> None:
    """Raises Conflict, in words, when it stands in none of the allowed states."""
    if journey.state not in allowed:
        states = " or ".join(each.replace("_", " ") for each in allowed)
        standing = journey.standing.replace("_", " ")
        raise Conflict(f"{journey.name} is {standing} and cannot be {done}; it would have to be {states}")


def versions_of(session: Session, name: str, kind: JourneyKind = JourneyKind.JOURNEY) -> list[Journey]:
    """Every version, the newest first; of a campaign the one that there is."""
    query = select(Journey).where(Journey.name == name, Journey.kind == kind)
    if kind is JourneyKind.JOURNEY:
        query = query.where(Journey.is_walked)
    return list(session.scalars(query.order_by(Journey.version.desc())))


def newest_version(session: Session, name: str) -> int:
    """The newest of whatever sends under this name; 0 without any."""
    return session.scalar(select(func.max(Journey.version)).where(Journey.name == name)) or 0


def takes_entries() -> Select[int]:
    """The ids of the versions that members enter now: of each journey the newest that was started, while it runs."""
    other = aliased(Journey)
    newest = (
        select(func.max(other.version))
        .where(other.name == Journey.name, other.is_walked, other.activated_at.is_not(None))
        .correlate(Journey)
        .scalar_subquery()
    )
    return select(Journey.id).where(Journey.is_walked, Journey.state == JourneyState.RUNNING, Journey.version == newest)


def scope_of(
    session: Session, kind: str, subject_id: int, journey: Journey, catalog: Catalog, now: datetime
) -> SegmentScope:
    """The scope in which its definitions are read: its author's, and once submitted as it was then."""
    if journey.state is not JourneyState.DRAFT:
        states = (ApprovalState.PENDING, ApprovalState.APPROVED)
        approval = approvals.standing_approval(session, kind, subject_id, states)
        if approval is not None:
            return approved_scope(session, approval.bound, catalog, now)
    return author_scope(session, author_of(journey), catalog, now)


def journey_scope(session: Session, journey: Journey, catalog: Catalog, now: datetime) -> SegmentScope:
    return scope_of(session, SUBJECT_KIND, journey.id, journey, catalog, now)


def author_of(journey: Journey) -> int:
    """The account that wrote it."""
    assert journey.author_id is not None  # noqa: S101 - whatever people made has an author
    return journey.author_id
