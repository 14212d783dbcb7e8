"""Members at the edge of a segment: those who just miss it by one condition, and those who are only just in."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain, zip_longest
from typing import Any

from sqlalchemy import null, select
from sqlalchemy.orm import Session

from crm.fields import Op
from crm.members.models import Member
from crm.segments.compile import select_member_ids
from crm.segments.definition import (
    MAX_CONDITIONS,
    MAX_DEPTH,
    AllOf,
    Condition,
    Definition,
    Node,
    Not,
    Ordering,
    conditions_of,
)
from crm.segments.describe import describe_condition
from crm.segments.paths import Placed, conjuncts, depth_of
from crm.segments.phrases import Language
from crm.segments.plan import Plan, Shape
from crm.segments.projection import project
from crm.segments.ranking import LimitEdge, cut_off_of, edge_of_limit
from crm.segments.records import field_to_record
from crm.segments.scope import SegmentScope
from crm.segments.service import require_known_names
from crm.segments.value_ranges import ValueRange, place_range, value_range_of

LIMIT = "limit"
"""Stands for a path where the place in the order decides."""
EXAMPLES_PER_CONDITION = 5
EXAMPLES = 10
MAX_PARTS = 10
"""Of a longer conjunction the first conditions are looked at: each costs a handful of statements."""


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
    placed = [part for part in conjuncts(definition.root) if part.node != AllOf()][:MAX_PARTS]
    sides = [finder.around(part) for part in placed]
    if definition.order_by is not None and (edge := edge_of_limit(session, definition, scope)) is not None:
        sides.append(finder.around_limit(definition.order_by, edge))
    return Boundary(_nearest([out for out, _ in sides]), _nearest([inside for _, inside in sides]))


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

    def around(self, part: Placed) -> tuple[list[_Found], list[_Found]]:
        """The members nearest to one condition: those who fail it alone, and those of the segment."""
        band = value_range_of(part.node, self.scope, cut_off_of(self.session, part.node, self.scope))
        missing = self._missing_only(part)
        if band is None:
            return [] if missing is None else self._found(self._ids(missing), part), []
        out = [] if missing is None else self._near(band, missing, part, is_inside=not band.holds_inside)
        # Of a limited list, the last places are the ones that are only just in.
        inside = (
            []
            if self.definition.is_limited
            else self._near(band, self.definition.root, part, is_inside=band.holds_inside)
        )
        return out, inside

    def around_limit(self, order: Ordering, edge: LimitEdge) -> tuple[list[_Found], list[_Found]]:
        """The members on both sides of the last place, the nearest to it first."""
        band, place = place_range(order, edge.cut_off), Placed(LIMIT, AllOf())
        return self._found(edge.first_out, place, band), self._found(edge.last_in, place, band)

    def _missing_only(self, part: Placed) -> Node | None:
        """Met by everybody who meets the other conditions and fails this one; None where a tree has no room for it."""
        others = tuple(other.node for other in conjuncts(self.definition.root) if other.path != part.path)
        return _fitting((*others, part.node.part if isinstance(part.node, Not) else Not(part.node)))

    def _near(self, band: ValueRange, root: Node, part: Placed, *, is_inside: bool) -> list[_Found]:
        """Those who meet a tree and are nearest to an end of the band, from inside or from outside."""
        found: dict[int, _Found] = {}
        has_both = band.low is not None and band.high is not None
        for edge, op, inwards in ((band.low, Op.LT, "asc"), (band.high, Op.GT, "desc")):
            if edge is None:
                continue
            limited = root if is_inside or not has_both else _and(root, Condition(band.term, op, edge))
            if limited is None:
                continue
            outwards = "desc" if inwards == "asc" else "asc"
            order = Ordering(band.term, inwards if is_inside else outwards)  # type: ignore[arg-type]
            for each in self._found(self._ids(limited, order), part, band):
                if each.nearness is not None:
                    found[each.member.id] = each
        return sorted(found.values(), key=lambda each: each.nearness or 0)[:EXAMPLES_PER_CONDITION]

    def _ids(self, root: Node, order: Ordering | None = None) -> Sequence[int]:
        statement = select_member_ids(Definition(root, order), self.scope)
        return self.session.scalars(statement.limit(EXAMPLES_PER_CONDITION)).all()

    def _found(self, ids: Sequence[int], part: Placed, band: ValueRange | None = None) -> list[_Found]:
        """The members of some ids, in their order, with what the band measures."""
        value = None if band is None else project(band.term, Plan(self.scope.viewpoint, Shape.PER_MEMBER))
        columns: list[Any] = [Member.id, Member.name, Member.name_local, Member.tier, Member.city]
        statement = select(*columns, null() if value is None else value.expression).select_from(Member)
        if value is not None and value.join is not None:
            statement = statement.outerjoin(value.join, value.join.c.member_id == Member.id)
        rows = {row.id: row for row in self.session.execute(statement.where(Member.id.in_(ids)))}
        words = "" if part.path == LIMIT else describe_condition(part.node, self.scope, language=self.language)
        members = [
            BoundaryMember(row.id, row.name, row.name_local, row.tier, row.city, part.path, words)
            for row in (rows[member_id] for member_id in ids)
        ]
        if band is None:
            return [_Found(member, None) for member in members]
        return [self._measured(member, rows[member.id][-1], band) for member in members]

    def _measured(self, member: BoundaryMember, stored: Any, band: ValueRange) -> _Found:
        field = band.term.field
        value = field_to_record(field, stored, zone=self.scope.zone)
        distance = None if value is None else band.distance(value)
        label = field.label.in_language(self.language)
        member = replace(member, measured=label, value=value, distance=distance, unit=band.unit)
        return _Found(member, None if distance is None else band.relative(distance))


def _and(root: Node, condition: Condition) -> Node | None:
    return _fitting((*root.parts, condition) if isinstance(root, AllOf) else (root, condition))


def _fitting(parts: tuple[Node, ...]) -> Node | None:
    """All of the parts; None where a definition has no room for one more level or condition."""
    root = AllOf(parts)
    return root if depth_of(root) <= MAX_DEPTH and len(list(conditions_of(root))) <= MAX_CONDITIONS else None
