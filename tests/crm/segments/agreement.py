"""Does SQL give the members that the reference gives? One comparison, for the right compiler and for wrong ones."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from sqlalchemy import Select
from sqlalchemy.orm import Session

from crm.fields import Record
from crm.segments.compile import select_member_ids
from crm.segments.definition import Definition
from crm.segments.plan import Shape
from crm.segments.reference import cut_offs_of, evaluate, value_of
from crm.segments.scope import SegmentScope

Compile = Callable[[Definition, SegmentScope], Iterable[Select[int]]]


def every_statement(definition: Definition, scope: SegmentScope) -> Iterator[Select[int]]:
    """Over the rows in both shapes, and the same from the facts of members where they stand."""
    for has_facts in sorted({False, scope.has_facts}):
        for shape in Shape:
            yield select_member_ids(definition, replace(scope, has_facts=has_facts), shape)


def expected_ids(definition: Definition, records: Sequence[Record], scope: SegmentScope) -> list[int]:
    """What the reference says: who, in which order, how many."""
    cut_offs = cut_offs_of(definition, records, scope)
    found = [record for record in records if evaluate(definition, record, scope, cut_offs)]
    order = definition.order_by
    if order is not None:
        values = {record["id"]: value_of(order.term, record, scope.viewpoint) for record in found}
        known = [record for record in found if values[record["id"]] is not None]
        # Stable in both directions: members that tie stay in the order of their ids.
        known.sort(key=lambda record: values[record["id"]], reverse=order.direction == "desc")
        found = known + [record for record in found if values[record["id"]] is None]
    limit = definition.limit
    if definition.limit_percent is not None:
        limit = math.ceil(Fraction(str(definition.limit_percent)) * len(found) / 100)
    return [record["id"] for record in found][:limit]


def without_order(value: Any) -> Any:
    """A record whose lists stand in one order: databases sort words, and equal times, each in its own way."""
    if isinstance(value, list):
        return sorted((without_order(item) for item in value), key=str)
    return {key: without_order(item) for key, item in value.items()} if isinstance(value, dict) else value


def disagreement(
    session: Session,
    definition: Definition,
    records: Sequence[Record],
    scope: SegmentScope,
    compiled: Compile = every_statement,
) -> str | None:
    """What differs between the reference and the SQL, None when nothing does."""
    expected = expected_ids(definition, records, scope)
    for statement in compiled(definition, scope):
        found = list(session.scalars(statement))
        if found != expected:
            return f"{definition.to_json()}: the reference gives {expected}, SQL {found}\n{statement}"
    return None
