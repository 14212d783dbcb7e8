"""What can be read of saved segments: where they stand, their days and versions, who is in, who came and went."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, func, select, true
from sqlalchemy.orm import Session

from crm.access.models import Account
from crm.clock import local_day
from crm.errors import InvalidRequest
from crm.fields import Catalog
from crm.members.changes import Change, MemberChange
from crm.members.models import Member
from crm.segments.definition import parse_definition
from crm.segments.dependencies import changes_that_concern, in_order_of_building, segments_named
from crm.segments.models import Passage, Segment, SegmentDay, SegmentEvent, SegmentMember, SegmentVersion
from crm.workspace import get_workspace


class SegmentState(StrEnum):
    FRESH = "fresh"
    """Evaluated today, and nothing that concerns it has changed since."""
    STALE = "stale"
    FAILED = "failed"


@dataclass(frozen=True)
class Standing:
    """Whether the members of a segment can be relied on, worked out when read."""

    state: SegmentState
    reason: str | None = None
    """Why it is not fresh."""


@dataclass(frozen=True)
class Version:
    number: int
    name: str
    description: str
    definition: Mapping[str, Any]
    changed_by: str
    changed_at: datetime
    note: str


@dataclass(frozen=True)
class Day:
    """A segment on one local day; `count` is that of its end, or of now for the present one."""

    on: date
    count: int
    entered: int
    left: int
    duration_ms: int


@dataclass(frozen=True)
class MemberIn:
    id: int
    name: str
    name_local: str | None
    tier: str
    city: str | None
    since: datetime


@dataclass(frozen=True)
class Event:
    id: int
    member_id: int
    member_name: str
    kind: Passage
    version: int
    at: datetime


_FRESH = Standing(SegmentState.FRESH)


def standings(session: Session, now: datetime, catalog: Catalog) -> dict[int, Standing]:
    """Where each saved segment stands at `now`, by id."""
    today = local_day(now, get_workspace(session).zone)
    waiting = {
        row.what: row.newest
        for row in session.execute(
            select(MemberChange.what, func.max(MemberChange.id).label("newest")).group_by(MemberChange.what)
        )
    }
    segments = {segment.name: segment for segment in session.scalars(select(Segment))}
    named = {name: segments_named(segment.definition) for name, segment in segments.items()}
    found: dict[str, Standing] = {}
    for name in in_order_of_building(named):
        own = _own_standing(segments[name], today, waiting, catalog)
        found[name] = _over_bases(found, named[name]) if own.state is SegmentState.FRESH else own
    return {segments[name].id: standing for name, standing in found.items()}


def _own_standing(segment: Segment, today: date, waiting: Mapping[Change, int], catalog: Catalog) -> Standing:
    if segment.failure is not None:
        return Standing(SegmentState.FAILED, segment.failure)
    if segment.evaluated_on != today:
        return Standing(SegmentState.STALE, f"its members are those of {segment.evaluated_on}")
    try:
        concerns = changes_that_concern(parse_definition(segment.definition, catalog))
    except InvalidRequest as error:
        return Standing(SegmentState.FAILED, error.message)
    newer = sorted(what for what in concerns if waiting.get(what, 0) > segment.seen_change_id)
    if newer:
        return Standing(SegmentState.STALE, f"changed since it was evaluated: {', '.join(newer)}")
    return _FRESH


def _over_bases(found: Mapping[str, Standing], bases: Iterable[str]) -> Standing:
    weak = sorted(base for base in bases if base in found and found[base].state is not SegmentState.FRESH)
    if not weak:
        return _FRESH
    return Standing(SegmentState.STALE, f"it builds on {weak[0]}, which is {found[weak[0]].state}")


def counts(session: Session, segments: Sequence[Segment], row_owner_id: int | None) -> dict[int, int]:
    """Members of each segment by its id, of one CSM's own where given."""
    if row_owner_id is None:
        return {segment.id: segment.count for segment in segments}
    query = (
        select(SegmentMember.segment_id, func.count())
        .join(Member, Member.id == SegmentMember.member_id)
        .where(Member.owner_id == row_owner_id)
        .group_by(SegmentMember.segment_id)
    )
    own = dict(session.execute(query).all())
    return {segment.id: own.get(segment.id, 0) for segment in segments}


def days(session: Session, segment: Segment, *, before: date | None = None, limit: int = 90) -> list[Day]:
    """The newest first. Counts are of all members: whoever sees only his own gets none (see `counts`)."""
    query = select(SegmentDay).where(SegmentDay.segment_id == segment.id)
    if before is not None:
        query = query.where(SegmentDay.on < before)
    rows = session.scalars(query.order_by(SegmentDay.on.desc()).limit(limit))
    return [Day(row.on, row.count, row.entered, row.left, row.duration_ms) for row in rows]


def days_since(session: Session, since: date) -> dict[int, list[Day]]:
    """The days of every segment from `since` on, by its id, the oldest first."""
    found: dict[int, list[Day]] = {}
    query = select(SegmentDay).where(SegmentDay.on >= since).order_by(SegmentDay.segment_id, SegmentDay.on)
    for row in session.scalars(query):
        found.setdefault(row.segment_id, []).append(Day(row.on, row.count, row.entered, row.left, row.duration_ms))
    return found


def versions(session: Session, segment: Segment) -> list[Version]:
    """The newest first."""
    query = select(SegmentVersion, Account.display_name).join(Account, Account.id == SegmentVersion.changed_by)
    rows = session.execute(query.where(SegmentVersion.segment_id == segment.id).order_by(SegmentVersion.number.desc()))
    return [
        Version(row.number, row.name, row.description, row.definition, who, row.changed_at, row.note)
        for row, who in rows
    ]


def members(
    session: Session, segment: Segment, row_owner_id: int | None, *, after: int = 0, limit: int = 50
) -> list[MemberIn]:
    """Who is in as last evaluated, by id, from the one after `after` on."""
    query = (
        select(Member.id, Member.name, Member.name_local, Member.tier, Member.city, SegmentMember.since)
        .join(SegmentMember, SegmentMember.member_id == Member.id)
        .where(SegmentMember.segment_id == segment.id, SegmentMember.member_id > after, _visible(row_owner_id))
    )
    return [MemberIn(*row) for row in session.execute(query.order_by(SegmentMember.member_id).limit(limit))]


def events(
    session: Session, segment: Segment, row_owner_id: int | None, *, before: int | None = None, limit: int = 50
) -> list[Event]:
    """Who entered and left, the newest first."""
    query = (
        select(
            SegmentEvent.id,
            SegmentEvent.member_id,
            Member.name,
            SegmentEvent.kind,
            SegmentEvent.version,
            SegmentEvent.at,
        )
        .join(Member, Member.id == SegmentEvent.member_id)
        .where(SegmentEvent.segment_id == segment.id, _visible(row_owner_id))
    )
    if before is not None:
        query = query.where(SegmentEvent.id < before)
    return [Event(*row) for row in session.execute(query.order_by(SegmentEvent.id.desc()).limit(limit))]


def _visible(row_owner_id: int | None) -> ColumnElement[bool]:
    return true() if row_owner_id is None else Member.owner_id == row_owner_id
