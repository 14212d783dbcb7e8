"""Finds the members of a saved segment, all of them or some again, and writes down who came and who left.

Ids stay in the database: everything happens between the stored members and temporary tables of the
caller's connection, which nobody else sees.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, cast

from sqlalchemy import (
    Column,
    ColumnElement,
    CursorResult,
    Integer,
    MetaData,
    Table,
    delete,
    exists,
    func,
    insert,
    literal,
    select,
    true,
)
from sqlalchemy.orm import Session

from crm.database import UtcDateTime
from crm.fields import Catalog
from crm.limits import limited
from crm.members.changes import MemberChange
from crm.segments.compile import select_member_ids
from crm.segments.definition import Definition, parse_definition
from crm.segments.dependencies import looks_at_everyone
from crm.segments.models import Passage, Segment, SegmentDay, SegmentEvent, SegmentMember
from crm.segments.plan import Shape
from crm.segments.scope import SegmentScope, open_scope
from crm.segments.service import require_known_names

EVALUATION_SECONDS = 60.0
"""What takes longer is stopped, and the segment says so: it would hold up everybody else's writing."""

_METADATA = MetaData()
CHANGE, EVENT, MEMBERS = (cast(Table, model.__table__) for model in (MemberChange, SegmentEvent, SegmentMember))

NOTED = Table(
    "noted_changes",
    _METADATA,
    Column("id", CHANGE.c.id.type, primary_key=True),
    Column("member_id", Integer),
    Column("what", CHANGE.c.what.type),
    prefixes=["TEMPORARY"],
)
"""The changes that this round follows up."""
TOUCHED = Table("touched_members", _METADATA, Column("member_id", Integer, primary_key=True), prefixes=["TEMPORARY"])
"""Who has to be looked at again for the segment in hand."""
FOUND = Table("found_members", _METADATA, Column("member_id", Integer, primary_key=True), prefixes=["TEMPORARY"])
"""Who is in the segment in hand, as far as he was looked at."""
PASSED = Table(
    "passed_members",
    _METADATA,
    Column("segment_id", Integer, primary_key=True),
    Column("member_id", Integer, primary_key=True),
    Column("kind", EVENT.c.kind.type),
    prefixes=["TEMPORARY"],
)
"""Who came into which segment, or left it, in this round."""


@dataclass(frozen=True)
class Evaluation:
    """What an evaluation did."""

    segment_id: int
    name: str
    considered: int | None
    """Members who were looked at; None: everyone."""
    entered: int
    left: int


@contextmanager
def work_tables(session: Session) -> Iterator[None]:
    """The temporary tables, as long as the block runs; an error takes them away with its transaction."""
    connection = session.connection()
    _METADATA.create_all(connection, checkfirst=False)
    yield
    _METADATA.drop_all(connection, checkfirst=False)


def scope_for_all(session: Session, now: datetime, catalog: Catalog) -> SegmentScope:
    """The scope in which saved segments are evaluated: everyone's members, in nobody's name."""
    return open_scope(session, catalog, now, row_owner_id=None, me_id=None)


def evaluate(
    session: Session,
    segment: Segment,
    scope: SegmentScope,
    now: datetime,
    *,
    touched_only: bool = False,
    is_first: bool = False,
    seconds: float = EVALUATION_SECONDS,
) -> Evaluation:
    """Find the members of a segment anew or, `touched_only`, look again at those in `TOUCHED`, within `seconds`.

    Raises InvalidRequest when the definition makes no sense any more, TimedOut; then the transaction is to be
    rolled back.
    """
    started = time.monotonic()
    definition = parse_definition(segment.definition, scope.catalog)
    require_known_names(session, definition)
    with limited(session, seconds=seconds):
        _find(session, definition, scope, touched_only=touched_only)
        left, entered = _pass(session, segment, touched_only=touched_only)
        _write(session, segment, now, with_events=not is_first)
    considered = session.scalar(select(func.count()).select_from(TOUCHED)) if touched_only else None
    segment.count = _count(session, segment) if considered is None else segment.count + entered - left
    segment.duration_ms = round((time.monotonic() - started) * 1000)
    confirm(session, segment, scope, now, entered=0 if is_first else entered, left=left)
    return Evaluation(segment.id, segment.name, considered, entered, left)


def confirm(
    session: Session, segment: Segment, scope: SegmentScope, now: datetime, *, entered: int = 0, left: int = 0
) -> None:
    """Note that the stored members are those of this moment."""
    segment.evaluated_at, segment.evaluated_on, segment.failure = now, scope.today, None
    segment.seen_change_id = newest_change(session)
    day = session.get(SegmentDay, (segment.id, scope.today))
    if day is None:
        day = SegmentDay(segment_id=segment.id, on=scope.today, entered=0, left=0)
        session.add(day)
    day.at, day.count, day.duration_ms = now, segment.count, segment.duration_ms
    day.entered, day.left = day.entered + entered, day.left + left
    session.flush()


def newest_change(session: Session) -> int:
    """The id of the newest change that is seen and not followed up; 0 without any.

    On PostgreSQL a change with a smaller id may still be under way: it is followed up all the same, only
    that the segment is not called stale until then.
    """
    return session.scalar(select(func.max(MemberChange.id))) or 0


def _find(session: Session, definition: Definition, scope: SegmentScope, *, touched_only: bool) -> None:
    if not looks_at_everyone(definition):
        definition = replace(definition, order_by=None)
    ids = select_member_ids(definition, scope, Shape.PER_MEMBER if touched_only else None)
    if touched_only:
        (member_id,) = ids.selected_columns
        ids = ids.where(member_id.in_(select(TOUCHED.c.member_id)))
    session.execute(delete(FOUND))
    session.execute(insert(FOUND).from_select(["member_id"], ids))


def _pass(session: Session, segment: Segment, *, touched_only: bool) -> tuple[int, int]:
    """Write into `PASSED` who leaves and who enters; how many each."""
    session.execute(delete(PASSED).where(PASSED.c.segment_id == segment.id))
    looked_at: ColumnElement[bool] = MEMBERS.c.member_id.in_(select(TOUCHED.c.member_id)) if touched_only else true()
    leaving = select(MEMBERS.c.segment_id, MEMBERS.c.member_id, _kind(Passage.LEFT)).where(
        MEMBERS.c.segment_id == segment.id, looked_at, ~exists().where(FOUND.c.member_id == MEMBERS.c.member_id)
    )
    is_in = exists().where(MEMBERS.c.segment_id == segment.id, MEMBERS.c.member_id == FOUND.c.member_id)
    entering = select(literal(segment.id), FOUND.c.member_id, _kind(Passage.ENTERED)).where(~is_in)
    return _insert(session, PASSED, leaving), _insert(session, PASSED, entering)


def _write(session: Session, segment: Segment, now: datetime, *, with_events: bool) -> None:
    """Bring the stored members up to `PASSED`."""
    mine = PASSED.c.segment_id == segment.id
    moment = literal(now, UtcDateTime)
    gone = select(PASSED.c.member_id).where(mine, PASSED.c.kind == Passage.LEFT)
    session.execute(delete(MEMBERS).where(MEMBERS.c.segment_id == segment.id, MEMBERS.c.member_id.in_(gone)))
    new = select(PASSED.c.segment_id, PASSED.c.member_id, moment).where(mine, PASSED.c.kind == Passage.ENTERED)
    session.execute(insert(MEMBERS).from_select(["segment_id", "member_id", "since"], new))
    if with_events:
        passages = select(PASSED.c.segment_id, PASSED.c.member_id, PASSED.c.kind, literal(segment.version), moment)
        columns = ["segment_id", "member_id", "kind", "version", "at"]
        session.execute(insert(EVENT).from_select(columns, passages.where(mine).order_by(PASSED.c.member_id)))


def _kind(kind: Passage) -> ColumnElement[Any]:
    return literal(kind, PASSED.c.kind.type)


def _insert(session: Session, table: Table, rows: Any) -> int:
    statement = insert(table).from_select([column.name for column in table.c], rows)
    # Kept on purpose: on PostgreSQL an insert forgets how many rows it made.
    done = session.execute(statement, execution_options={"preserve_rowcount": True})
    return cast(CursorResult[Any], done).rowcount


def _count(session: Session, segment: Segment) -> int:
    members = select(func.count()).select_from(MEMBERS).where(MEMBERS.c.segment_id == segment.id)
    return session.scalar(members) or 0
