"""What can be done with a definition: count, list, sample, split. Nothing here writes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.arrays import int_list
from crm.errors import InvalidRequest
from crm.members.fields import ME
from crm.members.models import Member
from crm.segments.breakdown import Breakdown, Group, Metric, MetricFn, compute_breakdown, parse_metric
from crm.segments.compile import select_count, select_member_ids
from crm.segments.definition import Condition, Definition, Term
from crm.segments.fields import SEGMENT
from crm.segments.frozen import FrozenSegments
from crm.segments.paths import placed_conditions
from crm.segments.plan import Plan, Shape
from crm.segments.projection import project
from crm.segments.records import field_to_record
from crm.segments.scope import SegmentScope
from crm.segments.values import near

__all__ = [
    "Breakdown",
    "Group",
    "MemberRow",
    "Metric",
    "MetricFn",
    "break_down",
    "count",
    "member_ids",
    "parse_metric",
    "require_known_names",
    "sample",
]


@dataclass(frozen=True)
class MemberRow:
    """A member as lists show him: no contact details."""

    id: int
    name: str
    name_local: str | None
    tier: str
    city: str | None
    order_value: float | int | str | None = None
    """What the definition orders by, in the units of a record; None without an order."""


def count(session: Session, definition: Definition, scope: SegmentScope) -> int:
    """How many members the segment has; at most the definition's limit."""
    require_known_names(session, definition, scope.frozen)
    return session.scalar(select_count(definition, scope)) or 0


def member_ids(session: Session, definition: Definition, scope: SegmentScope) -> list[int]:
    """The ids in the definition's order; by id where it has none."""
    require_known_names(session, definition, scope.frozen)
    statement = select_member_ids(definition, scope)
    if definition.order_by is not None or definition.is_limited:
        return list(session.scalars(statement))
    # Sorting here takes a third of the time that the database takes over it.
    return sorted(int_list(session, statement.order_by(None)))


def sample(session: Session, definition: Definition, scope: SegmentScope, limit: int = 5) -> list[MemberRow]:
    """The first members of the segment in its order."""
    require_known_names(session, definition, scope.frozen)
    ids = list(session.scalars(select_member_ids(definition, scope).limit(min(limit, definition.limit or limit))))
    order = definition.order_by
    statement = select(Member.id, Member.name, Member.name_local, Member.tier, Member.city)
    if order is not None:
        value = project(order.term, Plan(scope.viewpoint, Shape.PER_MEMBER))
        statement = statement.add_columns(value.expression)
        if value.join is not None:
            statement = statement.outerjoin(value.join, value.join.c.member_id == Member.id)
    rows = {}
    for row in session.execute(statement.where(Member.id.in_(ids))):
        order_value = None if order is None else field_to_record(order.term.field, row[-1], zone=scope.zone)
        rows[row.id] = MemberRow(row.id, row.name, row.name_local, row.tier, row.city, order_value)
    return [rows[member_id] for member_id in ids]


def break_down(
    session: Session,
    definition: Definition,
    scope: SegmentScope,
    group_by: tuple[str, ...],
    metric: Metric | None = None,
    limit: int | None = None,
) -> Breakdown:
    """The segment in groups by one or two fields, the largest value first, at most `limit` groups."""
    require_known_names(session, definition, scope.frozen)
    return compute_breakdown(session, definition, scope, group_by, metric or Metric(), limit)


def require_known_names(session: Session, definition: Definition, frozen: FrozenSegments | None = None) -> None:
    """Refuse a name of a thing that does not exist, such as a campaign or a CSM. Saved segments are looked for in
    `frozen` where that is given.

    Raises InvalidRequest with the near names: an empty segment would hide the mistake.
    """
    terms: list[tuple[str, Term]] = []
    for place, condition in _all_conditions(definition, frozen):
        terms.append((place, condition.term))
        if condition.field.names is not None and isinstance(condition.value, tuple):
            asked = _Asked(condition.field.name, condition.value, _inside(place, "value"))
            _require_names(session, asked, condition.field.names)
    orders = [each.order_by for each in (definition, *_bases(frozen))]
    terms += [("order_by", order.term) for order in orders if order is not None]
    for place, term in terms:
        words = dict(term.qualifiers)
        for qualifier in term.field.qualifiers:
            if qualifier.names is not None and qualifier.name in words:
                asked = _Asked(qualifier.name, words[qualifier.name], _inside(place, qualifier.name))
                _require_names(session, asked, qualifier.names)


def _all_conditions(definition: Definition, frozen: FrozenSegments | None) -> Iterator[tuple[str, Condition]]:
    """Every comparison with its place; those of saved segments that were written down stand for the names of these."""
    for each in (definition, *_bases(frozen)):
        for place, condition in placed_conditions(each.root):
            if frozen is None or condition.field.name != SEGMENT:
                yield place, condition
            else:
                frozen.named_by(condition)


def _bases(frozen: FrozenSegments | None) -> Iterator[Definition]:
    return (base.definition for base in (() if frozen is None else frozen.by_name.values()))


@dataclass(frozen=True)
class _Asked:
    """Names that a definition uses for one kind of thing, and where they stand in it."""

    what: str
    words: Sequence[Any]
    path: str


def _inside(place: str, key: str) -> str:
    return f"{place}.{key}" if place else key


def _require_names(session: Session, asked: _Asked, names: Any) -> None:
    known = session.scalars(names).all()
    for word in asked.words:
        if word != ME and word not in known:
            candidates = near(word, known)
            listed = f"; the nearest are {', '.join(candidates)}" if candidates else ""
            raise InvalidRequest(
                f"there is no {asked.what} called {word!r:.80}{listed}",
                path=asked.path,
                candidates=candidates,
            )
