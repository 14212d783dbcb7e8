"""What decides who is in a definition: which saved segments, which data, and whether anything beside the member."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Column, select
from sqlalchemy.sql import visitors

from crm.fields import Op, Presence, Rows, Value, Viewpoint
from crm.members.changes import Change
from crm.segments.definition import Definition, Term
from crm.segments.fields import SEGMENT

CHANGES_OF_TABLES: Mapping[str, Change] = {
    "members": Change.PROFILE,
    "accounts": Change.PROFILE,
    "contact_points": Change.CONTACTS,
    "address_suppressions": Change.CONTACTS,
    "consents": Change.CONSENTS,
    "suppressions": Change.SUPPRESSION,
    "member_tags": Change.TAGS,
    "orders": Change.ORDERS,
    "order_lines": Change.ORDERS,
    "products": Change.ORDERS,
    "activity_events": Change.EVENTS,
    "member_activity": Change.ACTIVITY,
    "points_accounts": Change.POINTS,
    "member_scores": Change.SCORES,
    "coupon_redemptions": Change.REDEMPTIONS,
    "enrolments": Change.CAMPAIGNS,
    "journeys": Change.CAMPAIGNS,
    "messages": Change.MESSAGES,
    "message_events": Change.REACTIONS,
    "segments": Change.SEGMENTS,
    "segment_members": Change.SEGMENTS,
}
"""What is noted when a row of a table is written. Every table that a field reads stands here; a test says so."""

_ANY_VIEWPOINT = Viewpoint(today=date(2000, 1, 1), zone=ZoneInfo("UTC"))


def changes_that_concern(definition: Definition) -> frozenset[Change]:
    """After which changes a member's place in the definition has to be looked at again."""
    tables = frozenset(table for term in terms_of(definition) for table in tables_of(term))
    return frozenset(CHANGES_OF_TABLES[table] for table in tables) | {Change.MEMBER}


def looks_at_everyone(definition: Definition) -> bool:
    """Whether one member's place depends on the others: a limit, a top share."""
    return definition.is_limited or any(condition.op is Op.TOP_PERCENT for condition in definition.conditions())


def terms_of(definition: Definition) -> Iterator[Term]:
    """Everything that is compared or, where it decides who is in, ordered by."""
    yield from (condition.term for condition in definition.conditions())
    if definition.order_by is not None and looks_at_everyone(definition):
        yield definition.order_by.term


def tables_of(term: Term) -> frozenset[str]:
    """The tables that hold the data of a term, found in its SQL: a new field cannot forget one."""
    source = term.field.source
    parts: list[Any] = []
    if isinstance(source, Value):
        parts = [source.expression(_ANY_VIEWPOINT), source.member_id]
        if source.reference is not None:
            parts.append(source.reference.keys(("",), _ANY_VIEWPOINT).scalar_subquery())
    elif isinstance(source, Presence):
        parts = [source.member_id, source.condition]
    elif isinstance(source, Rows):
        rows = source.columns(dict(term.qualifiers))
        parts = [rows.member_id, rows.at, rows.value, *rows.conditions]
        parts += [] if rows.source is None else list(rows.source.c)
    read = select(*(part for part in parts if part is not None))
    return frozenset(part.table.name for part in visitors.iterate(read) if isinstance(part, Column))


def segments_named(data: Any) -> frozenset[str]:
    """The saved segments that a definition, in its JSON form, builds on."""
    if isinstance(data, Mapping):
        if data.get("field") == SEGMENT:
            value = data.get("value")
            return frozenset([value] if isinstance(value, str) else value or ())
        return frozenset(name for part in data.values() for name in segments_named(part))
    if isinstance(data, list | tuple):
        return frozenset(name for part in data for name in segments_named(part))
    return frozenset()


def asks_about_every_segment(data: Any) -> bool:
    """Whether a definition, in its JSON form, asks for members of any saved segment, or of none."""
    if isinstance(data, Mapping):
        if data.get("field") == SEGMENT:
            return data.get("op") in (Op.ANY, Op.NONE)
        return any(map(asks_about_every_segment, data.values()))
    return isinstance(data, list | tuple) and any(map(asks_about_every_segment, data))


def in_order_of_building(named: Mapping[str, frozenset[str]]) -> list[str]:
    """The names so that each comes after those that it builds on. `named`: what each of them names."""
    ordered: dict[str, None] = {}

    def place(name: str) -> None:
        for base in sorted(named.get(name, ())):
            if base not in ordered:
                place(base)
        ordered[name] = None

    for name in sorted(named):
        if name not in ordered:
            place(name)
    return [name for name in ordered if name in named]


def find_circle(name: str, bases: Iterable[str], named: Mapping[str, frozenset[str]]) -> tuple[str, ...]:
    """The way from `name`, were it built on `bases`, back to itself; empty when there is none."""
    seen: set[str] = set()

    def way_from(base: str) -> tuple[str, ...]:
        if base == name:
            return (base,)
        if base in seen:
            return ()
        seen.add(base)
        return next(((base, *way) for inner in sorted(named.get(base, ())) if (way := way_from(inner))), ())

    return next(((name, *way) for base in sorted(bases) if (way := way_from(base))), ())
