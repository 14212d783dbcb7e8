"""What the pages read of saved segments, each in one snapshot."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from crm.access.actor import Actor, Permission, require
from crm.access.service import list_accounts
from crm.campaigns.subscribers import builders_on
from crm.catalog import CATALOG
from crm.clock import local_day
from crm.segments import history
from crm.segments.history import Day, Event, Standing, Version
from crm.segments.models import Segment
from crm.segments.saved import Subscriber, get_segment, list_segments
from crm.workspace import get_workspace

LINE_DAYS = 35
"""What the small line of a list shows: enough to see a month's rhythm."""
WEEK_DAYS = 7
CHART_DAYS = 180
EVENTS_SHOWN = 50


@dataclass(frozen=True)
class ListedSegment:
    """A saved segment as a list shows it."""

    segment: Segment
    owner: str
    standing: Standing
    count: int
    """Of all members, or of a CSM's own."""
    days: Sequence[Day]
    """Empty for a CSM: days count all members."""
    change: int | None
    """Since the same day of last week; None where it was not counted then."""


@dataclass(frozen=True)
class SavedView:
    """A saved segment as its page shows it."""

    segment: Segment
    owner: str
    standing: Standing
    count: int
    may_change: bool
    read_at: datetime


@dataclass(frozen=True)
class Past:
    """How a segment's members came and went."""

    days: Sequence[Day]
    """The oldest first."""
    events: Sequence[Event]
    sees_all: bool


@dataclass(frozen=True)
class Versions:
    newest: int
    versions: Sequence[Version]
    may_change: bool


def list_saved(session: Session, actor: Actor, now: datetime) -> list[ListedSegment]:
    """Every saved segment, those first that need attention, then by name."""
    require(actor, Permission.READ_MEMBERS)
    segments = list_segments(session)
    owners = _owners(session)
    standings = history.standings(session, now, CATALOG)
    counts = history.counts(session, segments, actor.row_owner_id)
    today = local_day(now, get_workspace(session).zone)
    days = history.days_since(session, today - timedelta(days=LINE_DAYS)) if actor.row_owner_id is None else {}
    return [
        ListedSegment(
            segment=segment,
            owner=owners.get(segment.owner_id, "somebody"),
            standing=standings[segment.id],
            count=counts[segment.id],
            days=days.get(segment.id, ()),
            change=change_since(days.get(segment.id, ()), today - timedelta(days=WEEK_DAYS), counts[segment.id]),
        )
        for segment in segments
    ]


def change_since(days: Sequence[Day], on: date, count: int) -> int | None:
    """`count` less the size at the end of the day `on`; a day without a row was like the one before it."""
    before = [day.count for day in days if day.on <= on]
    return count - before[-1] if before else None


def view_saved(session: Session, actor: Actor, now: datetime, segment_id: int) -> SavedView:
    """Raises NotFound."""
    require(actor, Permission.READ_MEMBERS)
    segment = get_segment(session, segment_id)
    return SavedView(
        segment=segment,
        owner=_owners(session).get(segment.owner_id, "somebody"),
        standing=history.standings(session, now, CATALOG)[segment.id],
        count=history.counts(session, [segment], actor.row_owner_id)[segment.id],
        may_change=_may_change(actor, segment),
        read_at=now,
    )


def read_past(session: Session, actor: Actor, segment_id: int) -> Past:
    segment = get_segment(session, segment_id)
    sees_all = actor.row_owner_id is None
    days = history.days(session, segment, limit=CHART_DAYS) if sees_all else []
    events = history.events(session, segment, actor.row_owner_id, limit=EVENTS_SHOWN)
    return Past(days[::-1], events, sees_all)


def read_versions(session: Session, actor: Actor, segment_id: int) -> Versions:
    segment = get_segment(session, segment_id)
    return Versions(segment.version, history.versions(session, segment), _may_change(actor, segment))


def read_subscribers(session: Session, segment_id: int) -> list[Subscriber]:
    """What builds on the segment: other segments, and campaigns and journeys that are not over."""
    return builders_on(session, get_segment(session, segment_id).id)


def _may_change(actor: Actor, segment: Segment) -> bool:
    is_own = segment.owner_id == actor.account_id
    return actor.may(Permission.SAVE_SEGMENT) and (is_own or actor.may(Permission.CHANGE_ANY_SEGMENT))


def _owners(session: Session) -> dict[int, str]:
    return {account.id: account.display_name for account in list_accounts(session)}
