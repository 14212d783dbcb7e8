"""Segments: who is in one, how it splits, and what can be asked."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from api.auth import SignedIn, TheNurture
from api.bodies import Body
from api.while_connected import while_connected
from crm.access.actor import Actor, Permission, require
from crm.bounds import Name
from crm.catalog import CATALOG, segment_scope
from crm.database import read_only
from crm.limits import Cancellation, limited
from crm.reading.fields import DayIn
from crm.segments import service
from crm.segments.definition import parse_definition
from crm.segments.describe import describe

router = APIRouter(prefix="/api/segments", tags=["segments"])

Definition = Annotated[
    dict[str, Any],
    Field(examples=[{"all": [{"field": "tier", "op": "in", "value": ["platinum"]}]}], description="Predicate tree."),
]


AsOf = Annotated[
    DayIn | None, Query(description="A past day: the members of that day. Fields without history are refused.")
]


class SegmentQuery(Body):
    definition: Definition
    sample: int = Field(default=5, ge=0, le=100)


class SegmentMember(BaseModel):
    id: int
    name: str
    name_local: str | None
    tier: str
    city: str | None


class SegmentAnswer(BaseModel):
    count: int
    read_back: str
    as_of: date
    definition: dict[str, Any]
    members: list[SegmentMember]


class BreakdownQuery(Body):
    definition: Definition
    group_by: list[Name] = Field(min_length=1, max_length=2)
    metric: dict[str, Any] | None = Field(default=None, examples=[{"fn": "avg", "field": "points_balance"}])
    limit: int | None = Field(default=None, ge=1, le=1000)


class BreakdownGroup(BaseModel):
    key: list[Any]
    value: float | int | None
    count: int


class BreakdownAnswer(BaseModel):
    count: int
    as_of: date
    groups: list[BreakdownGroup]


class FieldView(BaseModel):
    name: str
    kind: str
    ops: list[str]
    has_window: bool
    is_sensitive: bool


@router.get("/fields")
def list_fields(actor: SignedIn) -> list[FieldView]:
    """Every field that a definition can name."""
    return [
        FieldView(
            name=field.name,
            kind=field.kind,
            ops=[op.value for op in field.ops],
            has_window=field.has_windows,
            is_sensitive=field.is_sensitive,
        )
        for field in CATALOG.fields
    ]


@router.post("/query")
async def query(
    request: Request, body: SegmentQuery, actor: SignedIn, nurture: TheNurture, as_of: AsOf = None
) -> SegmentAnswer:
    """Count a segment, read it back in words, and show some of its members.

    Stopped with `timed_out` after NURTURE_READ_SECONDS, and when the client hangs up.
    """
    _require_reader(actor)
    definition = parse_definition(body.definition, CATALOG)

    def work(cancellation: Cancellation) -> SegmentAnswer:
        with (
            read_only(nurture.sessions) as session,
            limited(session, seconds=nurture.settings.read_seconds, cancellation=cancellation),
        ):
            scope = segment_scope(session, actor, nurture.clock.now(), as_of)
            rows = service.sample(session, definition, scope, limit=body.sample) if body.sample else []
            return SegmentAnswer(
                count=service.count(session, definition, scope),
                read_back=describe(definition, scope),
                as_of=scope.today,
                definition=definition.to_json(),
                members=[
                    SegmentMember(id=row.id, name=row.name, name_local=row.name_local, tier=row.tier, city=row.city)
                    for row in rows
                ],
            )

    return await while_connected(request, work)


@router.post("/breakdown")
async def break_down(
    request: Request, body: BreakdownQuery, actor: SignedIn, nurture: TheNurture, as_of: AsOf = None
) -> BreakdownAnswer:
    """Split a segment by one or two fields. Stopped as a query is."""
    _require_reader(actor)
    definition = parse_definition(body.definition, CATALOG)
    metric = service.parse_metric(body.metric, CATALOG)

    def work(cancellation: Cancellation) -> service.Breakdown:
        with (
            read_only(nurture.sessions) as session,
            limited(session, seconds=nurture.settings.read_seconds, cancellation=cancellation),
        ):
            scope = segment_scope(session, actor, nurture.clock.now(), as_of)
            return service.break_down(session, definition, scope, tuple(body.group_by), metric, limit=body.limit)

    found = await while_connected(request, work)
    groups = [BreakdownGroup(key=list(group.key), value=group.value, count=group.count) for group in found.groups]
    return BreakdownAnswer(count=found.total, as_of=found.as_of, groups=groups)


def _require_reader(actor: Actor) -> None:
    require(actor, Permission.READ_MEMBERS)
