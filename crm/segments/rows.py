"""SQL over tables that hold rows of members: is there one, and what do they come to."""

from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, func, literal_column, select

from crm.clock import day_end, day_start
from crm.fields import Aggregate, RowColumns, Rows, Sql, Viewpoint
from crm.segments.days import DayRange
from crm.segments.definition import Term
from crm.segments.plan import Plan, Shape


def rows_of(term: Term, viewpoint: Viewpoint) -> RowColumns:
    """The rows that a term looks at: its qualifiers and its window are among their conditions."""
    assert isinstance(term.field.source, Rows)  # noqa: S101 - only called for such fields
    rows = term.field.source.columns(dict(term.qualifiers))
    if rows.at is None:
        return rows
    days = DayRange(None, None) if term.window is None else term.window.days(viewpoint.today)
    last = min(days.last or viewpoint.today, viewpoint.today) if viewpoint.is_past else days.last
    conditions = list(rows.conditions)
    if days.first is not None:
        conditions.append(rows.at >= day_start(days.first, viewpoint.zone))
    if last is not None:
        conditions.append(rows.at < day_end(last, viewpoint.zone))
    return replace(rows, conditions=tuple(conditions))


def has_row(rows: RowColumns, plan: Plan, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether the member has a row that meets the conditions."""
    if plan.shape is Shape.BY_SETS:
        return plan.member_id.in_(_rows(rows, rows.member_id).where(*conditions))
    # Not the negation of `has_no_row`: PostgreSQL makes a join of a plain EXISTS, and of NOT NOT EXISTS a full scan.
    return _of_member(rows, plan, literal_column("1")).where(*conditions).exists()


def has_no_row(rows: RowColumns, plan: Plan, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether no row of the member meets the conditions: per member always, a set of the others is dearer."""
    return ~_of_member(rows, plan, literal_column("1")).where(*conditions).exists()


def per_member(rows: RowColumns, aggregate: Aggregate, plan: Plan) -> ColumnElement[Any]:
    """What the rows of each member come to, as a scalar in a statement over the plan's base."""
    return _of_member(rows, plan, aggregated(rows, aggregate)).scalar_subquery()


def grouped(rows: RowColumns, aggregate: Aggregate) -> Subquery:
    """What the rows of each member come to: columns `member_id` and `value`, one row a member that has rows."""
    value = aggregated(rows, aggregate).label("value")
    return _rows(rows, rows.member_id.label("member_id"), value).group_by(rows.member_id).subquery()


def members_whose(rows: RowColumns, plan: Plan, condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether the member is among those whose rows, taken together, meet the condition."""
    return plan.member_id.in_(_rows(rows, rows.member_id).group_by(rows.member_id).having(condition))


def words_of(rows: RowColumns) -> Subquery:
    """The distinct words of each member: columns `member_id` and `value`."""
    assert rows.value is not None  # noqa: S101 - every set has values
    return _rows(rows, rows.member_id.label("member_id"), rows.value.label("value")).distinct().subquery()


def _of_member(rows: RowColumns, plan: Plan, column: Sql) -> Select[Any]:
    return _rows(rows, column).where(rows.member_id == plan.member_id).correlate(plan.base)


def _rows(rows: RowColumns, *columns: Sql) -> Select[Any]:
    found = select(*columns).where(*rows.conditions)
    return found if rows.source is None else found.select_from(rows.source)


def aggregated(rows: RowColumns, aggregate: Aggregate) -> ColumnElement[Any]:
    """What rows come to, zero where that is what no rows mean."""
    match aggregate:
        case Aggregate.COUNT:
            return func.count() if rows.distinct_key is None else func.count(rows.distinct_key.distinct())
        case Aggregate.SUM:
            return func.coalesce(func.sum(rows.value), 0)
        case Aggregate.AVERAGE:
            return func.avg(rows.value)
        case Aggregate.FIRST:
            return func.min(rows.at)
        case Aggregate.LAST:
            return func.max(rows.at)
        case Aggregate.SET:
            raise AssertionError("a set of words is no single value")
