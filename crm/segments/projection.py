"""What a term is worth for each member, as a column: to order by, to average, to group by, to export."""

from dataclasses import dataclass

from sqlalchemy import Subquery, case, false, func, select, true

from crm.activity.models import MEMBER_FACTS
from crm.fields import ZERO_WITHOUT_ROWS, KeptRows, Presence, RowColumns, Sql, Value
from crm.segments.definition import Term
from crm.segments.fact_access import COPIES, fact_amount
from crm.segments.plan import Plan, Shape
from crm.segments.rows import grouped, has_row, per_member, rows_of, words_of


@dataclass(frozen=True, eq=False)
class Projection:
    """A column over members, and the subquery to join for it on its `member_id`."""

    expression: Sql
    join: Subquery | None = None


def project(term: Term, plan: Plan) -> Projection:
    """At most one value a member; NULL where it is missing."""
    source = term.field.source
    kept = fact_amount(term, plan.viewpoint)
    if kept is not None and not isinstance(kept, KeptRows):
        return _project_kept(kept, plan)
    if isinstance(source, Value):
        return _project_value(source, plan)
    if isinstance(source, Presence):
        return Projection(case((has_row(flag_rows(source), plan), true()), else_=false()))
    rows, aggregate = rows_of(term, plan.viewpoint), source.aggregate
    if kept is not None:
        rows, aggregate = kept.columns, kept.aggregate
    if plan.shape is Shape.PER_MEMBER:
        return Projection(per_member(rows, aggregate, plan))
    joined = grouped(rows, aggregate)
    has_zero = aggregate in ZERO_WITHOUT_ROWS
    return Projection(func.coalesce(joined.c.value, 0) if has_zero else joined.c.value, joined)


def project_words(term: Term, plan: Plan) -> Projection:
    """The words of a set: a member stands once for each of his words, once with NULL when he has none."""
    joined = words_of(rows_of(term, plan.viewpoint))
    return Projection(joined.c.value, joined)


def _project_kept(kept: Sql, plan: Plan) -> Projection:
    if plan.starts_at_facts:
        return Projection(kept)
    joined = select(MEMBER_FACTS.c.member_id, kept.label("value")).subquery()
    return Projection(joined.c.value, joined)


def _project_value(source: Value, plan: Plan) -> Projection:
    value = source.expression(plan.viewpoint)
    shown = value if source.reference is None else source.reference.name(value)
    if source.member_id is None:
        return Projection(COPIES.get(shown, shown) if plan.starts_at_facts else shown)
    joined = select(source.member_id.label("member_id"), shown.label("value")).subquery()
    return Projection(joined.c.value, joined)


def flag_rows(source: Presence) -> RowColumns:
    """The rows of which one makes the flag true."""
    return RowColumns(source.member_id, conditions=() if source.condition is None else (source.condition,))
