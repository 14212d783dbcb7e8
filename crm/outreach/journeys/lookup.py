"""Finding journeys that members walk, and in whose name their definitions are read."""

from datetime import datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, aliased

from crm.access.models import Account, Role
from crm.errors import NotFound
from crm.fields import Catalog
from crm.outreach.models import Journey, JourneyState
from crm.segments.scope import SegmentScope, open_scope

STARTED = (JourneyState.ACTIVE, JourneyState.PAUSED)


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


def takes_entries() -> Select[int]:
    """The ids of the versions that members enter now: of each journey the newest that was started, while it runs."""
    other = aliased(Journey)
    newest = (
        select(func.max(other.version))
        .where(other.name == Journey.name, other.is_walked, other.activated_at.is_not(None))
        .correlate(Journey)
        .scalar_subquery()
    )
    return select(Journey.id).where(Journey.is_walked, Journey.state == JourneyState.ACTIVE, Journey.version == newest)


def author_scope(session: Session, journey: Journey, catalog: Catalog, now: datetime) -> SegmentScope:
    """The scope in which a journey's definitions are read: its author's, whoever acts now."""
    author = session.get_one(Account, journey.author_id)
    row_owner_id = author.id if author.role is Role.CSM else None
    return open_scope(session, catalog, now, row_owner_id=row_owner_id, me_id=author.id)
