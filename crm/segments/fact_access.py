"""What of a definition the facts of members answer, so that no rows need to be read."""

from typing import Any

from sqlalchemy import ColumnElement, or_
from sqlalchemy.sql import visitors

from crm.activity.models import COPIED_FROM_MEMBER, MEMBER_FACTS
from crm.clock import day_start
from crm.fields import Aggregate, KeptRows, Op, RowColumns, Rows, Sql, Value, Viewpoint, Window
from crm.members.models import Member
from crm.segments.definition import Condition, Term

COPIES: dict[Sql, Sql] = {getattr(Member, name): MEMBER_FACTS.c[name] for name in COPIED_FROM_MEMBER}
"""Columns of a member that stand in his facts, too."""


SAME_FOR_ANY_ROWS = frozenset({(Op.EQ, 0), (Op.NE, 0), (Op.GT, 0), (Op.GE, 1), (Op.LE, 0), (Op.LT, 1)})
"""Counts of which only one thing matters: is there a row."""


def asks_only_for_any(condition: Condition) -> bool:
    """Whether the newest row decides: a count compared with nothing, or words of rows."""
    source = condition.field.source
    if not isinstance(source, Rows) or condition.op is Op.KNOWN:
        return False
    if source.aggregate is Aggregate.SET:
        return True
    return source.aggregate is Aggregate.COUNT and (condition.op, condition.value) in SAME_FOR_ANY_ROWS


def fact_amount(term: Term, viewpoint: Viewpoint) -> Sql | KeptRows | None:
    """What the term comes to, read from facts; None where they do not hold it or do not stand for the day."""
    source = term.field.source
    if not viewpoint.has_facts:
        return None
    if isinstance(source, Value):
        return source.kept
    if not isinstance(source, Rows) or source.keeper is None:
        return None
    return source.keeper.amount(dict(term.qualifiers), _window(term, viewpoint), viewpoint)


def newest_fact(term: Term, viewpoint: Viewpoint) -> Sql | RowColumns | None:
    """The moment of the newest row, where a window that runs until today (or none) makes it decide."""
    source = term.field.source
    if not viewpoint.has_facts or not isinstance(source, Rows) or source.keeper is None:
        return None
    window = _window(term, viewpoint)
    return None if window is not None and window[1] is not None else source.keeper.newest(dict(term.qualifiers))


def since_start(term: Term, moment: Sql, viewpoint: Viewpoint) -> ColumnElement[bool]:
    """Whether a newest moment lies within the term's window, which runs until today; NULL without a moment."""
    window = _window(term, viewpoint)
    first = None if window is None else window[0]
    return moment.is_not(None) if first is None else moment >= day_start(first, viewpoint.zone)


def before_start(term: Term, moment: Sql, viewpoint: Viewpoint) -> ColumnElement[bool]:
    """The opposite of `since_start`, true without a moment."""
    window = _window(term, viewpoint)
    first = None if window is None else window[0]
    return moment.is_(None) if first is None else or_(moment.is_(None), moment < day_start(first, viewpoint.zone))


def _window(term: Term, viewpoint: Viewpoint) -> Window | None:
    """The term's window; its end is open when it reaches today, because nothing lies after today."""
    if term.window is None:
        return None
    days = term.window.days(viewpoint.today)
    last = None if days.last is None or days.last >= viewpoint.today else days.last
    return None if days.first is None and last is None else (days.first, last)


def reads_member_row(*expressions: Any) -> bool:
    """Whether an expression names a column of the member's own row."""
    return any(
        getattr(element, "table", None) is Member.__table__
        for expression in expressions
        for element in visitors.iterate(expression)
    )
