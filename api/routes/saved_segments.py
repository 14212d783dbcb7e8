"""Saved segments: make, look at, change, undo, delete; who is in, who came and went, what builds on them."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import uuid4

from fastapi import APIRouter, Header, Query
from pydantic import BaseModel, Field

from api.auth import SignedIn, TheNurture
from api.bodies import Body
from api.bootstrap import Nurture
from api.routes.segments import Definition
from api.saved_segments import SegmentRow, SegmentView, rows_of, view_of
from crm.access.actor import Actor, Permission, require
from crm.bounds import LARGEST_ID, RowId
from crm.campaigns.subscribers import builders_on
from crm.catalog import CATALOG
from crm.database import read_only, unit_of_work
from crm.reading.fields import DayIn
from crm.segments import history, saved
from crm.segments.maintenance import refresh_segments
from crm.segments.models import Passage

router = APIRouter(prefix="/api/segments", tags=["saved segments"])

Cursor = Annotated[int, Query(ge=0, le=LARGEST_ID)]
Limit = Annotated[int, Query(ge=1, le=200)]
SegmentId = RowId
ONE = "/{segment_id:int}"


class NewSegment(Body):
    name: str = Field(max_length=saved.MAX_NAME_LENGTH, examples=["Lapsed gold"])
    description: str = Field(default="", max_length=saved.MAX_DESCRIPTION_LENGTH)
    definition: Definition
    note: str = Field(default="", max_length=saved.MAX_DESCRIPTION_LENGTH)


class ChangedSegment(Body):
    """What is left out stays as it is."""

    version: RowId = Field(description="The version that the change starts from; another one is refused.")
    name: str | None = Field(default=None, max_length=saved.MAX_NAME_LENGTH)
    description: str | None = Field(default=None, max_length=saved.MAX_DESCRIPTION_LENGTH)
    definition: Definition | None = None
    note: str = Field(default="", max_length=saved.MAX_DESCRIPTION_LENGTH)


class Restoration(Body):
    version: RowId = Field(description="The version in force that the person saw; another one is refused.")


class SegmentPage(BaseModel):
    items: list[SegmentRow]
    next_cursor: int | None
    """Pass as `after` to read on; null at the end."""


class DayRow(BaseModel):
    on: date
    count: int
    entered: int
    left: int
    duration_ms: int


class DayPage(BaseModel):
    items: list[DayRow]
    next_cursor: date | None
    """Pass as `before` to read on; null at the end."""


class VersionRow(BaseModel):
    number: int
    name: str
    description: str
    definition: dict[str, Any]
    changed_by: str
    changed_at: datetime
    note: str


class MemberRow(BaseModel):
    id: int
    name: str
    name_local: str | None
    tier: str
    city: str | None
    since: datetime


class MemberPage(BaseModel):
    items: list[MemberRow]
    next_cursor: int | None
    """Pass as `after` to read on; null at the end."""


class EventRow(BaseModel):
    id: int
    member_id: int
    member_name: str
    kind: Passage
    version: int
    at: datetime


class EventPage(BaseModel):
    items: list[EventRow]
    next_cursor: int | None
    """Pass as `before` to read on; null at the end."""


class SubscriberRow(BaseModel):
    kind: str
    id: int
    name: str
    state: str | None


@router.get("")
def list_segments(actor: SignedIn, nurture: TheNurture, after: Cursor = 0, limit: Limit = 50) -> SegmentPage:
    """Every saved segment, the oldest first."""
    require(actor, Permission.READ_MEMBERS)
    with read_only(nurture.sessions) as session:
        found = sorted((one for one in saved.list_segments(session) if one.id > after), key=lambda one: one.id)
        page = found[:limit]
        rows = rows_of(session, page, actor, nurture.clock.now())
    return SegmentPage(items=rows, next_cursor=page[-1].id if len(found) > limit else None)


@router.post("", status_code=201)
def save_segment(
    body: NewSegment,
    actor: SignedIn,
    nurture: TheNurture,
    idempotency_key: Annotated[str | None, Header(max_length=200)] = None,
) -> SegmentView:
    """Save a definition under a name and find its members. The same Idempotency-Key returns the first segment."""
    now = nurture.clock.now()
    with unit_of_work(nurture.sessions) as session:
        segment = saved.save_segment(
            session,
            **body.model_dump(),
            actor=actor,
            now=now,
            catalog=CATALOG,
            request_id=f"api:{actor.account_id}:{idempotency_key or uuid4().hex}",
        )
        return view_of(session, segment, actor, now)


@router.get(ONE)
def show_segment(segment_id: SegmentId, actor: SignedIn, nurture: TheNurture) -> SegmentView:
    require(actor, Permission.READ_MEMBERS)
    with read_only(nurture.sessions) as session:
        return view_of(session, saved.get_segment(session, segment_id), actor, nurture.clock.now())


@router.patch(ONE)
def change_segment(segment_id: SegmentId, body: ChangedSegment, actor: SignedIn, nurture: TheNurture) -> SegmentView:
    """Make a new version. Answers 409 when somebody made one since `version`, or when others build on the name."""
    now = nurture.clock.now()
    with unit_of_work(nurture.sessions) as session:
        saved.change_segment(
            session,
            segment_id,
            version=body.version,
            changes=saved.SegmentChanges(**body.model_dump(exclude={"version"})),
            actor=actor,
            now=now,
            catalog=CATALOG,
            subscribers=builders_on,
        )
    return _kept(nurture, segment_id, actor, now)


@router.post(ONE + "/versions/{number:int}/restore")
def restore_version(
    segment_id: SegmentId, number: RowId, body: Restoration, actor: SignedIn, nurture: TheNurture
) -> SegmentView:
    """Undo: the definition of an older version becomes the newest one."""
    now = nurture.clock.now()
    with unit_of_work(nurture.sessions) as session:
        saved.restore_version(
            session,
            segment_id,
            number,
            version=body.version,
            actor=actor,
            now=now,
            catalog=CATALOG,
            subscribers=builders_on,
        )
    return _kept(nurture, segment_id, actor, now)


@router.delete(ONE, status_code=204)
def delete_segment(segment_id: SegmentId, actor: SignedIn, nurture: TheNurture) -> None:
    """Answers 409, naming them, while segments, campaigns or journeys build on it."""
    with unit_of_work(nurture.sessions) as session:
        saved.delete_segment(session, segment_id, actor=actor, now=nurture.clock.now(), subscribers=builders_on)


@router.post(ONE + "/refresh")
def refresh_segment(segment_id: SegmentId, actor: SignedIn, nurture: TheNurture) -> SegmentView:
    """Find all its members anew, after what it builds on; a failure is told by the state."""
    require(actor, Permission.SAVE_SEGMENT)
    with read_only(nurture.sessions) as session:
        saved.get_segment(session, segment_id)
    return _kept(nurture, segment_id, actor, nurture.clock.now(), anew=frozenset({segment_id}))


@router.get(ONE + "/history")
def list_days(
    segment_id: SegmentId, actor: SignedIn, nurture: TheNurture, before: DayIn | None = None, limit: Limit = 90
) -> DayPage:
    """Its size day by day, the newest first. Empty for a CSM: the days count all members."""
    require(actor, Permission.READ_MEMBERS)
    with read_only(nurture.sessions) as session:
        segment = saved.get_segment(session, segment_id)
        found = history.days(session, segment, before=before, limit=limit + 1)
    found = [] if actor.row_owner_id is not None else found
    items = [DayRow(**vars(day)) for day in found[:limit]]
    return DayPage(items=items, next_cursor=items[-1].on if len(found) > limit else None)


@router.get(ONE + "/versions")
def list_versions(segment_id: SegmentId, actor: SignedIn, nurture: TheNurture) -> list[VersionRow]:
    """The newest first."""
    require(actor, Permission.READ_MEMBERS)
    with read_only(nurture.sessions) as session:
        found = history.versions(session, saved.get_segment(session, segment_id))
    return [VersionRow(**{**vars(version), "definition": dict(version.definition)}) for version in found]


@router.get(ONE + "/members")
def list_members(
    segment_id: SegmentId,
    actor: SignedIn,
    nurture: TheNurture,
    after: Cursor = 0,
    limit: Limit = 50,
) -> MemberPage:
    """Who is in as last evaluated, by id; a CSM's own members alone."""
    require(actor, Permission.READ_MEMBERS)
    with read_only(nurture.sessions) as session:
        segment = saved.get_segment(session, segment_id)
        found = history.members(session, segment, actor.row_owner_id, after=after, limit=limit + 1)
    items = [MemberRow(**vars(member)) for member in found[:limit]]
    return MemberPage(items=items, next_cursor=items[-1].id if len(found) > limit else None)


@router.get(ONE + "/events")
def list_events(
    segment_id: SegmentId,
    actor: SignedIn,
    nurture: TheNurture,
    before: Annotated[RowId | None, Query()] = None,
    limit: Limit = 50,
) -> EventPage:
    """Who entered and left, the newest first; a CSM's own members alone."""
    require(actor, Permission.READ_MEMBERS)
    with read_only(nurture.sessions) as session:
        segment = saved.get_segment(session, segment_id)
        found = history.events(session, segment, actor.row_owner_id, before=before, limit=limit + 1)
    items = [EventRow(**vars(event)) for event in found[:limit]]
    return EventPage(items=items, next_cursor=items[-1].id if len(found) > limit else None)


@router.get(ONE + "/subscribers")
def list_subscribers(segment_id: SegmentId, actor: SignedIn, nurture: TheNurture) -> list[SubscriberRow]:
    """The segments, campaigns and journeys that build on it."""
    require(actor, Permission.READ_MEMBERS)
    with read_only(nurture.sessions) as session:
        found = builders_on(session, saved.get_segment(session, segment_id).id)
    return [SubscriberRow(**vars(subscriber)) for subscriber in found]


def _kept(
    nurture: Nurture, segment_id: int, actor: Actor, now: datetime, anew: frozenset[int] = frozenset()
) -> SegmentView:
    """The segment after what builds on it has followed."""
    refresh_segments(nurture.sessions, now, catalog=CATALOG, anew=anew, wait=True)
    with read_only(nurture.sessions) as session:
        return view_of(session, saved.get_segment(session, segment_id), actor, now)
