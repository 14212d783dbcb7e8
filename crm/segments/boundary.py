"""Members at the edge of a segment: those who just miss it by one condition, and those who are only just in."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, zip_longest
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, select
from sqlalchemy.orm import Session

from crm.clock import day_end, day_start
from crm.members.models import Member
from crm.segments.bands import DAYS, Band, band_of, place_band
from crm.segments.compile import member_predicate
from crm.segments.definition import AllOf, Definition, Node, Not, Ordering
from crm.segments.describe import describe_condition
from crm.segments.phrases import Language
from crm.segments.places import Placed, conjuncts
from crm.segments.plan import plan_for
from crm.segments.projection import Projection, project
from crm.segments.ranking import cut_off_of, edge_of_limit
from crm.segments.records import field_to_record
from crm.segments.scope import SegmentScope
from crm.segments.service import require_known_names
from crm.segments.values import to_stored

EXAMPLES_PER_CONDITION = 5
EXAMPLES = 10
MAX_CONDITIONS = 10
"""Of a longer conjunction the first conditions are looked at: each costs two or three statements."""


@dataclass(frozen=True)
class BoundaryMember:
    """A member with the one condition that decides over him."""

    id: int
    name: str
    name_local: str | None
    tier: str
    city: str | None
    path: str
    """Where the deciding condition stands; `limit` when it is his place in the order."""
    words: str
    measured: str | None = None
    """What `value` is, in words; None where the condition compares no number and no day."""
    value: Any = None
    """In the units of a record."""
    distance: float | int | None = None
    """How far the value is from changing the verdict, in `unit`."""
    unit: str | None = None


@dataclass(frozen=True)
class Boundary:
    """Examples, nearest first and those without a distance last; at most `EXAMPLES` each."""

    just_out: tuple[BoundaryMember, ...]
    just_in: tuple[BoundaryMember, ...]


@dataclass(frozen=True)
class _Found:
    member: BoundaryMember
    nearness: float | None
    """A distance without a unit; None where nothing is measured."""


def boundary_examples(
    session: Session, definition: Definition, scope: SegmentScope, *, language: Language = "en"
) -> Boundary:
    """Members who miss the segment by exactly one condition, and members who would be the first to leave it."""
    require_known_names(session, definition)
    finder = _Finder(session, definition, scope, language)
    placed = [part for part in conjuncts(definition.root) if part.node != AllOf()][:MAX_CONDITIONS]
    out, inside = ([finder.at(part, is_out=is_out) for part in placed] for is_out in (True, False))
    if definition.order_by is not None and (edge := edge_of_limit(session, definition, scope)) is not None:
        out.append(finder.at_limit(definition.order_by, edge.first_out, edge.cut_off))
        inside.append(finder.at_limit(definition.order_by, edge.last_in, edge.cut_off))
    return Boundary(_nearest(out), _nearest(inside))


def _nearest(groups: Sequence[list[_Found]]) -> tuple[BoundaryMember, ...]:
    """A fair share of each condition's examples, every member once, nearest first."""
    found_by_id: dict[int, _Found] = {}
    for found in chain.from_iterable(zip_longest(*groups)):
        if found is not None:
            found_by_id.setdefault(found.member.id, found)
    taken = list(found_by_id.values())[:EXAMPLES]
    taken.sort(key=lambda found: (found.nearness is None, found.nearness or 0))
    return tuple(found.member for found in taken)


@dataclass(frozen=True)
class _Finder:
    session: Session
    definition: Definition
    scope: SegmentScope
    language: Language

    def at(self, part: Placed, *, is_out: bool) -> list[_Found]:
        """The members nearest to one condition, on the side that is asked for."""
        band = band_of(part.node, self.scope, cut_off_of(self.session, part.node, self.scope))
        if band is None and not is_out:
            return []
        wanted = self._missing_only(part) if is_out else self.definition
        if band is None:
            return [self._found(row, part) for row in self._rows(self._select(wanted).order_by(Member.id))]
        is_inside = band.holds_inside is not is_out
        rows = chain.from_iterable(
            self._rows(statement) for statement in self._towards(band, wanted, is_inside=is_inside)
        )
        found = {row.id: self._found(row, part, band) for row in rows}
        return sorted(found.values(), key=lambda each: each.nearness or 0)[:EXAMPLES_PER_CONDITION]

    def at_limit(self, order: Ordering, ids: Sequence[int], cut_off: Any) -> list[_Found]:
        """The members on one side of the last place, the nearest to it first."""
        value = project(order.term, plan_for(self.definition, self.scope))
        statement = self._joined(self._columns(value), value).where(Member.id.in_(ids))
        rows = sorted(self.session.execute(statement), key=lambda row: ids.index(row.id))
        band = place_band(order, cut_off)
        return [self._found(row, Placed("limit", AllOf()), band) for row in rows]

    def _missing_only(self, part: Placed) -> Definition:
        """Everybody who meets the other conditions and fails this one."""
        others = tuple(other.node for other in conjuncts(self.definition.root) if other.path != part.path)
        failing: Node = part.node.part if isinstance(part.node, Not) else Not(part.node)
        return Definition(AllOf((*others, failing)))

    def _towards(self, band: Band, wanted: Definition, *, is_inside: bool) -> Iterator[Select[Any]]:
        """One statement for each end of the band that members on this side can cross."""
        value = project(band.term, plan_for(wanted, self.scope))
        statement = self._select(wanted, value).where(value.expression.is_not(None))
        rising, falling = value.expression.asc(), value.expression.desc()
        if band.low is not None:
            low = statement if is_inside else statement.where(self._is_below(band, value))
            yield low.order_by(rising if is_inside else falling, Member.id)
        if band.high is not None:
            high = statement if is_inside else statement.where(self._is_above(band, value))
            yield high.order_by(falling if is_inside else rising, Member.id)

    def _is_below(self, band: Band, value: Projection) -> ColumnElement[bool]:
        low: Any = band.low
        edge = day_start(low, self.scope.zone) if band.unit == DAYS else to_stored(band.term.field, low)
        return value.expression < edge

    def _is_above(self, band: Band, value: Projection) -> ColumnElement[bool]:
        high: Any = band.high
        if band.unit == DAYS:
            return value.expression >= day_end(high, self.scope.zone)
        return value.expression > to_stored(band.term.field, high)

    def _select(self, wanted: Definition, value: Projection | None = None) -> Select[Any]:
        return self._joined(self._columns(value), value).where(member_predicate(wanted, self.scope))

    def _columns(self, value: Projection | None) -> list[Any]:
        shown = [Member.id, Member.name, Member.name_local, Member.tier, Member.city]
        return shown if value is None else [*shown, value.expression.label("measured")]

    def _joined(self, columns: list[Any], value: Projection | None) -> Select[Any]:
        statement = select(*columns).select_from(Member)
        if value is None or value.join is None:
            return statement
        return statement.outerjoin(value.join, value.join.c.member_id == Member.id)

    def _rows(self, statement: Select[Any]) -> Sequence[Row[Any]]:
        return self.session.execute(statement.limit(EXAMPLES_PER_CONDITION)).all()

    def _found(self, row: Row[Any], part: Placed, band: Band | None = None) -> _Found:
        words = "" if part.path == "limit" else describe_condition(part.node, self.scope, language=self.language)
        member = BoundaryMember(row.id, row.name, row.name_local, row.tier, row.city, part.path, words)
        if band is None:
            return _Found(member, None)
        field = band.term.field
        value = field_to_record(field, row.measured, zone=self.scope.zone)
        distance = None if value is None else band.distance(value)
        label = field.label.in_language(self.language)
        member = replace(member, measured=label, value=value, distance=distance, unit=band.unit)
        return _Found(member, None if distance is None else band.relative(distance))
