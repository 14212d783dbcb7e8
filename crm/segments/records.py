"""Members as records: what `nurture members export` prints and what `reference.py` evaluates.

A record holds each catalog field under its name (over the whole lifetime where it has windows) and
the rows behind them. Amounts are in whole units, times are local ISO times of the workspace.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from enum import Enum
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.fields import CENTS_PER_UNIT, Collection, Field, Kind, Presence, Value
from crm.members.models import Member
from crm.segments.compile import select_member_ids
from crm.segments.definition import EVERYONE, Term
from crm.segments.plan import Plan, Shape
from crm.segments.projection import project
from crm.segments.reference import value_of
from crm.segments.scope import SegmentScope

CHUNK_SIZE = 500
"""Members read at once: a handful of statements for each chunk, whatever the number of members."""


def member_records(session: Session, scope: SegmentScope, ids: Sequence[int] | None = None) -> Iterator[dict[str, Any]]:
    """One JSON-able record a member, in the order of `ids`, or of all that the scope may see, by id."""
    if ids is None:
        ids = session.scalars(select_member_ids(EVERYONE, scope)).all()
    for start in range(0, len(ids), CHUNK_SIZE):
        yield from _chunk(session, scope, ids[start : start + CHUNK_SIZE])


def _chunk(session: Session, scope: SegmentScope, ids: Sequence[int]) -> Iterator[dict[str, Any]]:
    records = _member_rows(session, scope, ids)
    for collection in scope.catalog.collections:
        _attach(session, collection, records, scope.zone)
    for member_id in ids:
        if (record := records.get(member_id)) is None:
            continue
        for field in scope.catalog.fields:
            if not _is_stored_once(field):
                record[field.name] = value_of(Term(field), record, scope.viewpoint)
        yield record


def _is_stored_once(field: Field) -> bool:
    """Whether the database says the value; the others are worked out from the record."""
    return isinstance(field.source, Presence) or (isinstance(field.source, Value) and field.source.read is None)


def _member_rows(session: Session, scope: SegmentScope, ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """The values that members have once, by member id; only of members within the caller's rights."""
    plan = Plan(scope.viewpoint, Shape.PER_MEMBER)
    fields = [field for field in scope.catalog.fields if _is_stored_once(field)]
    values = [project(Term(field), plan) for field in fields]
    statement = select(Member.id, *scope.catalog.profile.values(), *(value.expression for value in values))
    statement = statement.where(Member.id.in_(ids))
    if scope.row_owner_id is not None:
        statement = statement.where(Member.owner_id == scope.row_owner_id)
    for value in values:
        if value.join is not None:
            statement = statement.outerjoin(value.join, value.join.c.member_id == Member.id)
    readers = [partial(to_record, zone=scope.zone)] * len(scope.catalog.profile)
    readers += [partial(field_to_record, field, zone=scope.zone) for field in fields]
    names = [*scope.catalog.profile, *(field.name for field in fields)]
    return {
        member_id: {name: read(value) for name, read, value in zip(names, readers, row, strict=True)}
        for member_id, *row in session.execute(statement)
    }


def field_to_record(field: Field, value: Any, zone: ZoneInfo) -> Any:
    if field.kind is Kind.MONTH_DAY and value is not None:
        return f"{value // 100:02}-{value % 100:02}"
    return to_record(value, zone=zone, is_money=field.is_money)


def _attach(session: Session, collection: Collection, records: dict[int, dict[str, Any]], zone: ZoneInfo) -> None:
    """Put each member's rows of a collection into his record."""
    for record in records.values():
        record[collection.name] = []
    rows_by_id = {}
    for member_id, row in _rows(session, collection, list(records), zone):
        only_column = len(collection.columns) == 1
        records[member_id][collection.name].append(next(iter(row.values())) if only_column else row)
        if collection.children:
            rows_by_id[row["id"]] = row
    for child in collection.children:
        parent_key = next(iter(child.columns))
        for row in rows_by_id.values():
            row[child.name] = []
        for _member_id, row in _rows(session, child, list(records), zone):
            rows_by_id[row.pop(parent_key)][child.name].append(row)


def _rows(
    session: Session, collection: Collection, ids: Sequence[int], zone: ZoneInfo
) -> Iterator[tuple[int, dict[str, Any]]]:
    columns: list[Any] = [column.label(key) for key, column in collection.columns.items()]
    statement = select(collection.member_id, *columns).where(collection.member_id.in_(ids))
    if collection.source is not None:
        statement = statement.select_from(collection.source)
    for member_id, *values in session.execute(statement.order_by(collection.member_id, columns[0])):
        pairs = zip(collection.columns, values, strict=True)
        yield member_id, {key: to_record(value, zone=zone, is_money=key in collection.money) for key, value in pairs}


def to_record(value: Any, *, zone: ZoneInfo, is_money: bool = False) -> Any:
    """A stored value as it stands in a record: whole units, local ISO times, plain words."""
    if value is None:
        return None
    if is_money:
        return value / CENTS_PER_UNIT
    if isinstance(value, datetime):
        return value.astimezone(zone).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return value.value if isinstance(value, Enum) else value
