"""One comparison as SQL: true, false, or NULL exactly when the compared value is missing."""

from collections.abc import Callable
from datetime import date
from operator import eq, ge, gt, le, lt, ne
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Float, and_, literal, or_

from crm.clock import day_end, day_start
from crm.fields import Field, Kind, Op, Sql, Viewpoint
from crm.segments.days import Day, MonthDay, day_in_year, resolve_day
from crm.segments.values import FIRST_YEAR, Number, to_stored

OPERATORS: dict[Op, Callable[[Any, Any], Any]] = {
    Op.EQ: eq,
    Op.NE: ne,
    Op.GT: gt,
    Op.GE: ge,
    Op.LT: lt,
    Op.LE: le,
}


def compare(field: Field, op: Op, expression: Sql, value: Any, viewpoint: Viewpoint) -> ColumnElement[bool]:
    """`expression op value`. Choices are not compared here: for them a missing value is an answer."""
    if op is Op.MONTH_DAY_BETWEEN:
        return _month_day_between(expression, value)
    if op is Op.ANNIVERSARY_BETWEEN:
        return _anniversary_between(expression, value, viewpoint)
    if field.kind is Kind.NUMBER:
        return _compare_number(field, op, expression, value)
    return _compare_day(op, expression, value, viewpoint)


def _compare_number(field: Field, op: Op, expression: Sql, value: Any) -> ColumnElement[bool]:
    if op is Op.BETWEEN:
        low, high = value
        return expression.between(_number(field, low), _number(field, high))
    comparison: ColumnElement[bool] = OPERATORS[op](expression, _number(field, value))
    return comparison


def number_holds(op: Op, number: Number, value: Any) -> bool:
    """The same comparison for a known number, in the definition's units."""
    if op is Op.BETWEEN:
        low, high = value
        return bool(low <= number <= high)
    return bool(OPERATORS[op](number, value))


def _number(field: Field, value: Number) -> ColumnElement[Any]:
    # Typed, because a number that does not fit the column must compare, not overflow.
    stored = to_stored(field, value)
    return literal(stored, BigInteger() if isinstance(stored, int) else Float())


def _compare_day(op: Op, expression: Sql, value: Any, viewpoint: Viewpoint) -> ColumnElement[bool]:
    """Compares the local day of a moment, without a conversion of the stored moments."""
    if op is Op.BETWEEN:
        first, last = (resolve_day(day, viewpoint.today) for day in value)
        return in_days(expression, first, last, viewpoint)
    return _compare_one_day(op, expression, value, viewpoint)


def _compare_one_day(op: Op, expression: Sql, value: Day, viewpoint: Viewpoint) -> ColumnElement[bool]:
    day = resolve_day(value, viewpoint.today)
    start, end = day_start(day, viewpoint.zone), day_end(day, viewpoint.zone)
    match op:
        case Op.LT:
            return expression < start
        case Op.LE:
            return expression < end
        case Op.GT:
            return expression >= end
        case Op.GE:
            return expression >= start
        case Op.EQ:
            return and_(expression >= start, expression < end)
        case _:
            return or_(expression < start, expression >= end)


def in_days(moment: Sql, first: date, last: date, viewpoint: Viewpoint) -> ColumnElement[bool]:
    """Whether a moment falls on the local days from `first` to `last`, both included."""
    return and_(moment >= day_start(first, viewpoint.zone), moment < day_end(last, viewpoint.zone))


def _month_day_between(expression: Sql, ends: tuple[MonthDay, MonthDay]) -> ColumnElement[bool]:
    first, last = ends
    if first <= last:
        return expression.between(first.number, last.number)
    return or_(expression >= first.number, expression <= last.number)


def _anniversary_between(moment: Sql, ends: tuple[MonthDay, MonthDay], viewpoint: Viewpoint) -> ColumnElement[bool]:
    """Month and day within, in any year before this one: one range a year, which an index can serve."""
    first, last = ends
    year_end, year_begin = MonthDay(12, 31), MonthDay(1, 1)
    parts = [(first, last)] if first <= last else [(year_begin, last), (first, year_end)]
    ranges = []
    for year in range(FIRST_YEAR, viewpoint.today.year):
        for begin, end in parts:
            first_day, last_day = day_in_year(begin, year, round_down=False), day_in_year(end, year, round_down=True)
            if first_day <= last_day:
                ranges.append(in_days(moment, first_day, last_day, viewpoint))
    return or_(*ranges)
