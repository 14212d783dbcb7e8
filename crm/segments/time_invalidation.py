"""Whose place in a definition may change because days pass, and nothing else happens.

A window that moves loses its oldest days and wins the newest; a threshold such as "14 days ago" passes over
some days. Only members with something on those days have to be looked at again: the others stand as before.
"""

from collections.abc import Iterator
from datetime import date, timedelta

from sqlalchemy import Select, select

from crm.clock import day_end, day_start
from crm.fields import Op, Rows, Value, Viewpoint
from crm.members.models import Member
from crm.segments.comparisons import in_days
from crm.segments.days import RelativeDay
from crm.segments.definition import Condition, Definition, Term
from crm.segments.dependencies import looks_at_everyone, tables_of

Members = Select[int]
"""A query with one column of member ids."""
DaySpan = tuple[date, date]
"""Two days and those between them."""


def crossings(definition: Definition, before: Viewpoint, after: Viewpoint) -> tuple[Members, ...] | None:
    """Queries for all members whose place may differ between two days; None when it can be anybody's.

    Without any query nobody's does: the definition does not move with time.
    """
    found: list[Members] = []
    for condition in definition.conditions():
        if _varies_by_day(condition.term, before, after):
            if tables_of(condition.term) != {"members"}:
                return None
            found.append(_with_another_value(condition.term, before, after))
        found += [_on_days(condition.term, span, after) for span in _thresholds(condition, before, after)]
        found += [_on_days(condition.term, span, after) for span in _moved_days(condition.term, before, after)]
    if definition.order_by is not None and looks_at_everyone(definition):
        order = definition.order_by.term
        if _varies_by_day(order, before, after):
            return None
        found += [_on_days(order, span, after) for span in _moved_days(order, before, after)]
    return tuple(found)


def _varies_by_day(term: Term, before: Viewpoint, after: Viewpoint) -> bool:
    """Whether the value itself is another on another day, as an age is."""
    source = term.field.source
    if not isinstance(source, Value):
        return False
    return not select(source.expression(before)).compare(select(source.expression(after)))


def _with_another_value(term: Term, before: Viewpoint, after: Viewpoint) -> Members:
    assert isinstance(term.field.source, Value)  # noqa: S101 - only such fields vary by day
    value = term.field.source.expression
    return select(Member.id).where(value(before).is_distinct_from(value(after)))


def _thresholds(condition: Condition, before: Viewpoint, after: Viewpoint) -> Iterator[DaySpan]:
    """The days that a relative day of the condition passed over."""
    if condition.op is Op.ANNIVERSARY_BETWEEN and before.today.year != after.today.year:
        # Only earlier years count, and the year that has ended is one now.
        years = sorted((before.today.year, after.today.year))
        yield date(years[0], 1, 1), date(years[1] - 1, 12, 31)
    values = condition.value if isinstance(condition.value, tuple) else (condition.value,)
    for value in values:
        if isinstance(value, RelativeDay):
            first, last = sorted((value.on(before.today), value.on(after.today)))
            yield first, last


def _moved_days(term: Term, before: Viewpoint, after: Viewpoint) -> Iterator[DaySpan]:
    """The days that lie in the window of one of the two days alone."""
    if term.window is None:
        return
    old, new = term.window.days(before.today), term.window.days(after.today)
    if old.first is not None and new.first is not None and old.first != new.first:
        first, last = sorted((old.first, new.first))
        yield first, last - timedelta(days=1)
    if old.last is not None and new.last is not None and old.last != new.last:
        first, last = sorted((old.last, new.last))
        yield first + timedelta(days=1), last


def _on_days(term: Term, span: DaySpan, viewpoint: Viewpoint) -> Members:
    """Members of whom the term has something on these days."""
    source, (first, last) = term.field.source, span
    if isinstance(source, Rows):
        rows = source.columns(dict(term.qualifiers))
        assert rows.at is not None  # noqa: S101 - what has windows or is a day has moments
        moments = rows.at >= day_start(first, viewpoint.zone), rows.at < day_end(last, viewpoint.zone)
        members = select(rows.member_id).where(*rows.conditions, *moments)
        return members if rows.source is None else members.select_from(rows.source)
    assert isinstance(source, Value)  # noqa: S101 - a flag has no days
    member_id = Member.id if source.member_id is None else source.member_id
    return select(member_id).where(in_days(source.expression(viewpoint), first, last, viewpoint))
