"""Finding journeys that members walk, and in whose name their definitions are read."""

from datetime import datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, aliased

from crm.access import approvals
from crm.access.models import ApprovalState
from crm.errors import NotFound
from crm.fields import Catalog
from crm.outreach.models import Journey, JourneyState
from crm.segments.approved import approved_scope, author_scope
from crm.segments.scope import SegmentScope

SUBJECT_KIND = "journey"
STARTED = (JourneyState.RUNNING, JourneyState.PAUSED)


def get_journey(session: Session, journey_id: int, *, lock: bool = False) -> Journey:
    """One version. Raises NotFound for an unknown one, and for the journey of a campaign."""
    journey = session.get(Journey, journey_id, with_for_update=lock or None, populate_existing=lock)
    if journey is None or not journey.is_walked:
        raise NotFound(f"there is no journey {journey_id}")
    return journey


def versions_of(session: Session, name: str) -> list[Journey]:
    """Every version of a walked journey, the newest first."""
    query = select(Journey).where(Journey.name == name, Journey.is_walked).order_by(Journey.version.desc())
    return list(session.scalars(query))


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


def journey_scope(session: Session, journey: Journey, catalog: Catalog, now: datetime) -> SegmentScope:
    """The scope in which a journey's definitions are read: its author's, and once submitted as it was then."""
    if journey.state is not JourneyState.DRAFT:
        states = (ApprovalState.PENDING, ApprovalState.APPROVED)
        approval = approvals.standing_approval(session, SUBJECT_KIND, journey.id, states)
        if approval is not None:
            return approved_scope(session, approval.bound, catalog, now)
    return author_scope(session, author_of(journey), catalog, now)


def author_of(journey: Journey) -> int:
    """The account that wrote a walked journey."""
    assert journey.author_id is not None  # noqa: S101 - every walked one has an author
    return journey.author_id
