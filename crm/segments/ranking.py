"""Places in an order: where a limit or a top share ends, and where one member stands."""

import math
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from sqlalchemy import Select, Subquery, func, null, or_, select
from sqlalchemy.orm import Session

from crm.fields import Op
from crm.members.models import Member
from crm.segments.compile import member_predicate
from crm.segments.definition import Condition, Definition, Node, Not, Ordering, Term
from crm.segments.plan import Reads, plan_for, reads_of_term, visible
from crm.segments.projection import Projection, project
from crm.segments.records import field_to_record
from crm.segments.scope import SegmentScope
from crm.segments.top_share import last_place

NEIGHBOURS = 5
"""Members named on either side of the last place."""
WHOLE = 100
"""Percent."""


@dataclass(frozen=True)
class Rank:
    """One member's place among those who are ranked; the first place is 1."""

    place: int | None
    """None without a value to be ranked by."""
    ranked: int
    """Members who are ranked."""
    places: int
    """How many places lead in."""
    cut_off: Any
    """The value of the last one in, in the units of a record; None when everybody is in."""


@dataclass(frozen=True)
class LimitEdge:
    """Members on both sides of a definition's last place, the nearest to it first."""

    last_in: tuple[int, ...]
    first_out: tuple[int, ...]
    cut_off: Any


def rank_in_order(session: Session, definition: Definition, scope: SegmentScope, member_id: int) -> Rank | None:
    """The place of a member who meets the conditions; None for a definition without a limit."""
    if not definition.is_limited:
        return None
    ranked = _in_order(definition, scope)
    total = session.scalar(select(func.count()).select_from(ranked)) or 0
    places = _places(definition, total)
    wanted = or_(ranked.c.member_id == member_id, ranked.c.place == places)
    rows = {row.place: row for row in session.execute(select(ranked).where(wanted))}
    place = next((row.place for row in rows.values() if row.member_id == member_id), None)
    last = rows.get(places)
    return Rank(place, total, places, None if last is None else _shown(definition.order_by, last.value, scope))


def edge_of_limit(session: Session, definition: Definition, scope: SegmentScope) -> LimitEdge | None:
    """Who stands around the last place; None for a definition without a limit, or one that everybody fits."""
    if not definition.is_limited:
        return None
    ranked = _in_order(definition, scope)
    places = _places(definition, session.scalar(select(func.count()).select_from(ranked)) or 0)
    near = ranked.c.place.between(places - NEIGHBOURS + 1, places + NEIGHBOURS)
    rows = session.execute(select(ranked).where(near).order_by(ranked.c.place)).all()
    last = next((row for row in rows if row.place == places), None)
    first_out = tuple(row.member_id for row in rows if row.place > places)
    if last is None or not first_out:
        return None
    last_in = tuple(row.member_id for row in reversed(rows) if row.place <= places)
    return LimitEdge(last_in, first_out, _shown(definition.order_by, last.value, scope))


def cut_off_of(session: Session, node: Node, scope: SegmentScope) -> Any:
    """The least value that is in a top share, in the units of a record; None for other conditions."""
    if isinstance(node, Not):
        return cut_off_of(session, node.part, scope)
    if not isinstance(node, Condition) or node.op is not Op.TOP_PERCENT:
        return None
    return _top_share(session, node, scope, member_id=None).cut_off


def rank_by_value(session: Session, condition: Condition, scope: SegmentScope, member_id: int) -> Rank:
    """The place of a member by the value of a top share; equal values share a place."""
    return _top_share(session, condition, scope, member_id=member_id)


def _top_share(session: Session, condition: Condition, scope: SegmentScope, *, member_id: int | None) -> Rank:
    valued = _ranked_values(condition, scope).subquery()
    is_known = valued.c.value.is_not(None)
    ranked = session.scalar(select(func.count()).where(is_known)) or 0
    share: Any = condition.value
    cut_off = session.scalar(select(last_place(condition, select(valued.c.value))))
    place = None if member_id is None else session.scalar(_place(valued, member_id))
    return Rank(place, ranked, _part_of(share, ranked), _in_unit(condition.term, cut_off, scope))


def _ranked_values(condition: Condition, scope: SegmentScope) -> Select[Any]:
    """Columns `member_id` and `value` of everybody who is ranked, from facts where they hold the value."""
    plan = plan_for(Definition(condition), scope)
    plan = replace(plan, starts_at_facts=reads_of_term(condition.term, plan.viewpoint) is Reads.FACTS)
    value = project(condition.term, plan)
    source = plan.base
    if plan.starts_at_facts and visible(plan):
        source = source.join(Member, Member.id == plan.member_id)
    if value.join is not None:
        source = source.outerjoin(value.join, value.join.c.member_id == plan.member_id)
    columns: list[Any] = [plan.member_id.label("member_id"), value.expression.label("value")]
    return select(*columns).select_from(source).where(*visible(plan))


def _place(valued: Subquery, member_id: int) -> Select[Any]:
    """How many have more than a member, and one; no row when he has no value."""
    others = valued.alias()
    more = select(func.count()).select_from(others).where(others.c.value > valued.c.value).scalar_subquery()
    return select(more + 1).where(valued.c.member_id == member_id, valued.c.value.is_not(None))


def _part_of(percent: float, total: int) -> int:
    """So many percent of a number, rounded up to a whole one."""
    return math.ceil(Fraction(str(percent)) * total / WHOLE)


def _places(definition: Definition, total: int) -> int:
    if definition.limit_percent is not None:
        return _part_of(definition.limit_percent, total)
    return definition.limit or total


def _in_order(definition: Definition, scope: SegmentScope) -> Subquery:
    """Everybody who meets the conditions with his value and place, one row a member."""
    order = definition.order_by
    members = _valued(None if order is None else order.term, definition, scope).where(
        member_predicate(Definition(definition.root), scope)
    )
    valued = members.subquery()
    by = (
        [] if order is None else [(valued.c.value.desc() if order.direction == "desc" else valued.c.value).nulls_last()]
    )
    place = func.row_number().over(order_by=[*by, valued.c.member_id]).label("place")
    return select(valued, place).subquery()


def _valued(term: Term | None, definition: Definition, scope: SegmentScope) -> Select[Any]:
    """Columns `member_id` and `value` over members."""
    value = Projection(null()) if term is None else project(term, plan_for(definition, scope))
    columns: list[Any] = [Member.id.label("member_id"), value.expression.label("value")]
    statement = select(*columns).select_from(Member)
    if value.join is None:
        return statement
    return statement.outerjoin(value.join, value.join.c.member_id == Member.id)


def _shown(order: Ordering | None, value: Any, scope: SegmentScope) -> Any:
    return None if order is None else _in_unit(order.term, value, scope)


def _in_unit(term: Term, value: Any, scope: SegmentScope) -> Any:
    return field_to_record(term.field, value, zone=scope.zone)
