"""The meaning of a definition, told slowly over one member record in memory: true, false or unknown.

This is the specification: the SQL must give the same members (tests/crm/segments), and
`explain_member` shows these verdicts. Unknown (None) comes from missing values only.
"""

import math
from collections.abc import Iterable, Mapping
from datetime import date
from fractions import Fraction
from typing import Any

from crm.fields import (
    CENTS_PER_UNIT,
    ZERO_WITHOUT_ROWS,
    Aggregate,
    Fact,
    Field,
    Kind,
    Op,
    Presence,
    Record,
    Rows,
    Value,
    Viewpoint,
)
from crm.segments.comparisons import OPERATORS, number_holds
from crm.segments.days import Day, MonthDay, resolve_day
from crm.segments.definition import AllOf, AnyOf, Condition, Definition, Node, Term
from crm.segments.scope import SegmentScope

Verdict = bool | None
CutOffs = Mapping[Condition, Any]
"""For each condition on a top share, the value at the last place that leads in; None when nobody has a value."""


def evaluate(definition: Definition, record: Record, scope: SegmentScope, cut_offs: CutOffs | None = None) -> Verdict:
    """Whether the member meets the definition, before its limit; None when a missing value decides.

    `cut_offs` (see `cut_offs_of`) are needed where the definition asks for a top share.
    """
    if not is_visible(record, scope):
        return False
    return verdict(definition.root, record, scope.viewpoint, cut_offs)


def is_visible(record: Record, scope: SegmentScope) -> bool:
    """Whether the member is within the rights of who asks, and was a member on the day."""
    if scope.row_owner_id is not None and record["csm_id"] != scope.row_owner_id:
        return False
    return not scope.as_of or local_day_of(record["joined_at"]) <= scope.today


def cut_offs_of(definition: Definition, records: Iterable[Record], scope: SegmentScope) -> CutOffs:
    """Where the top shares of a definition end, over the records of every member."""
    seen = [record for record in records if is_visible(record, scope)]
    found: dict[Condition, Any] = {}
    for condition in definition.conditions():
        if condition.op is Op.TOP_PERCENT:
            values = [value_of(condition.term, record, scope.viewpoint) for record in seen]
            known = sorted((value for value in values if value is not None), reverse=True)
            share: Any = condition.value
            found[condition] = known[math.ceil(Fraction(str(share)) * len(known) / 100) - 1] if known else None
    return found


def verdict(node: Node, record: Record, viewpoint: Viewpoint, cut_offs: CutOffs | None = None) -> Verdict:
    """Three-valued logic: false beats unknown in `all`, true beats unknown in `any`, `not` keeps it."""
    if isinstance(node, Condition):
        return _condition(node, record, viewpoint, cut_offs or {})
    if isinstance(node, AllOf | AnyOf):
        verdicts = {verdict(part, record, viewpoint, cut_offs) for part in node.parts}
        decisive = isinstance(node, AnyOf)
        if decisive in verdicts:
            return decisive
        return None if None in verdicts else not decisive
    inner = verdict(node.part, record, viewpoint, cut_offs)
    return None if inner is None else not inner


def value_of(term: Term, record: Record, viewpoint: Viewpoint) -> Any:
    """What the term is worth for the member, in the units of the record; None when missing."""
    source = term.field.source
    if isinstance(source, Value):
        return record[term.field.name] if source.read is None else source.read(record, viewpoint)
    if isinstance(source, Presence):
        return record[term.field.name]
    facts = _facts(term, source, record, viewpoint)
    match source.aggregate:
        case Aggregate.SET:
            return sorted({fact.value for fact in facts})
        case Aggregate.COUNT:
            return len({fact.key for fact in facts})
        case Aggregate.SUM:
            return sum(fact.value for fact in facts) / CENTS_PER_UNIT
        case Aggregate.AVERAGE:
            values = [fact.value for fact in facts]
            return sum(values) / len(values) / CENTS_PER_UNIT if values else None
        case Aggregate.FIRST:
            return min((fact.at for fact in facts if fact.at), default=None)
        case Aggregate.LAST:
            return max((fact.at for fact in facts if fact.at), default=None)


def _facts(term: Term, source: Rows, record: Record, viewpoint: Viewpoint) -> list[Fact]:
    facts: Iterable[Fact] = source.facts(record, dict(term.qualifiers))
    if viewpoint.is_past:
        facts = [fact for fact in facts if fact.at is not None and local_day_of(fact.at) <= viewpoint.today]
    if term.window is None:
        return list(facts)
    days = term.window.days(viewpoint.today)
    return [fact for fact in facts if fact.at is not None and local_day_of(fact.at) in days]


def local_day_of(moment: str) -> date:
    """The local day of a record's time, which is written in local time."""
    return date.fromisoformat(moment[:10])


def _condition(condition: Condition, record: Record, viewpoint: Viewpoint, cut_offs: CutOffs) -> Verdict:
    field, op = condition.field, condition.op
    value = value_of(condition.term, record, viewpoint)
    if op is Op.KNOWN:
        return (value is not None) == condition.value
    if op is Op.TOP_PERCENT:
        return None if value is None else _leads_in(field, value, cut_offs[condition])
    if field.kind is Kind.CHOICE:
        return _is_called(field, record, value, condition.value, viewpoint) == (op in (Op.IN, Op.EQ))
    if field.kind in (Kind.SET, Kind.MEMBERSHIP):
        return _words(op, set(value), condition.value)
    if field.kind is Kind.FLAG:
        return bool(OPERATORS[op](value, condition.value))
    if value is None:
        return None
    if field.kind is Kind.NUMBER:
        return number_holds(op, value, condition.value)
    if op in (Op.MONTH_DAY_BETWEEN, Op.ANNIVERSARY_BETWEEN):
        return _in_year(op, value, condition.value, viewpoint)
    return _day(op, local_day_of(value), condition.value, viewpoint)


def _leads_in(field: Field, value: Any, cut_off: Any) -> bool:
    has_zero = isinstance(field.source, Rows) and field.source.aggregate in ZERO_WITHOUT_ROWS
    return bool(value >= cut_off and (value > 0 or not has_zero))


def _is_called(field: Field, record: Record, value: Any, words: Any, viewpoint: Viewpoint) -> bool:
    reference = field.source.reference if isinstance(field.source, Value) else None
    return value in words if reference is None else reference.is_called(record, words, viewpoint)


def _words(op: Op, found: set[str], words: Any) -> bool:
    match op:
        case Op.ANY:
            return bool(found)
        case Op.NONE:
            return not found
        case Op.CONTAINS_ALL:
            return found.issuperset(words)
        case Op.CONTAINS_ANY | Op.IN:
            return not found.isdisjoint(words)
        case _:
            return found.isdisjoint(words)


def _in_year(op: Op, value: str, ends: Any, viewpoint: Viewpoint) -> bool:
    """Birthdays stand in a record as month-day, other days with their year."""
    month, day = (int(part) for part in value[:10].split("-")[-2:])
    if op is Op.ANNIVERSARY_BETWEEN and local_day_of(value).year >= viewpoint.today.year:
        return False
    first, last = ends
    found = MonthDay(month, day)
    return bool(first <= found <= last if first <= last else found >= first or found <= last)


def _day(op: Op, day: date, value: Any, viewpoint: Viewpoint) -> bool:
    if op is Op.BETWEEN:
        first, last = (resolve_day(end, viewpoint.today) for end in value)
        return first <= day <= last
    threshold: Day = value
    return bool(OPERATORS[op](day, resolve_day(threshold, viewpoint.today)))
