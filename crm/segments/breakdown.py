"""Splits the members of a segment into groups and gives each group one number."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, func, select
from sqlalchemy.orm import Session

from crm.errors import InvalidRequest
from crm.fields import CENTS_PER_UNIT, Catalog, Field, Kind
from crm.members.models import Member
from crm.segments.compile import member_predicate
from crm.segments.definition import Definition, Term, parse_term
from crm.segments.plan import plan_for
from crm.segments.projection import Projection, project, project_words
from crm.segments.scope import SegmentScope

MAX_GROUP_FIELDS = 2


class MetricFn(StrEnum):
    COUNT = "count"
    SUM = "sum"
    AVG = "avg"
    MEDIAN = "median"
    SHARE = "share"
    """Of the members, or of the sum of a field: 0 to 1."""


@dataclass(frozen=True)
class Metric:
    """The number of a group: how many members, or something over a number field of theirs."""

    fn: MetricFn = MetricFn.COUNT
    term: Term | None = None

    def __post_init__(self) -> None:
        if self.fn in (MetricFn.SUM, MetricFn.AVG, MetricFn.MEDIAN) and self.term is None:
            raise InvalidRequest(f"{self.fn} needs a field, such as orders.spend", path="metric.field")
        if self.fn is MetricFn.COUNT and self.term is not None:
            raise InvalidRequest("count counts members and takes no field; use sum for a field", path="metric.field")
        if self.term is not None and self.term.field.kind is not Kind.NUMBER:
            raise InvalidRequest(
                f"{self.term.field.name} is no number; use a field such as orders.spend", path="metric"
            )

    def to_json(self) -> dict[str, Any]:
        return {"fn": self.fn.value, **({} if self.term is None else self.term.to_json())}


@dataclass(frozen=True)
class Group:
    """One group; a key of None holds the members without a value."""

    key: tuple[str | bool | int | None, ...]
    value: float | int | None
    """In the metric's unit, money in whole units; None when no member of the group has a value."""
    count: int
    """Members in the group."""


@dataclass(frozen=True)
class Breakdown:
    """Groups by value, the largest first. Groups by a set (tags) overlap: a member stands in each of his."""

    groups: tuple[Group, ...]
    group_by: tuple[str, ...]
    metric: Metric
    total: int
    """Members of the segment, each counted once."""
    as_of: date


def parse_metric(data: Mapping[str, Any] | None, catalog: Catalog) -> Metric:
    """Read `{"fn": "avg", "field": "orders.spend", "window_days": 90}`; None counts members."""
    if data is None:
        return Metric()
    try:
        fn = MetricFn(data.get("fn", "count"))
    except ValueError:
        raise InvalidRequest(
            f"a metric is one of {', '.join(MetricFn)}; not {data['fn']!r:.80}", path="metric.fn"
        ) from None
    rest = {key: value for key, value in data.items() if key != "fn" and value is not None}
    return Metric(fn, parse_term(rest, catalog) if rest else None)


def compute_breakdown(
    session: Session,
    definition: Definition,
    scope: SegmentScope,
    group_by: tuple[str, ...],
    metric: Metric,
    limit: int | None = None,
) -> Breakdown:
    """The groups of a segment, the largest `limit` of them when given. Raises InvalidRequest.

    Without fields to group by, a metric over a field has one group: everybody in the segment.
    """
    fields = _group_fields(group_by, metric, scope.catalog)
    members = _grouped_members(definition, scope, fields, metric)
    rows = session.execute(_statement(members, len(fields), metric)).all()
    total, whole = _whole(session, definition, scope, metric)
    groups = sorted((_group(row, metric, whole) for row in rows), key=_by_value)
    return Breakdown(tuple(groups[:limit]), group_by, metric, total, scope.today)


def _group_fields(names: tuple[str, ...], metric: Metric, catalog: Catalog) -> list[Field]:
    fewest = 1 if metric.term is None else 0
    if not fewest <= len(names) <= MAX_GROUP_FIELDS or len(set(names)) != len(names):
        raise InvalidRequest(f"a breakdown has 1 to {MAX_GROUP_FIELDS} different fields", path="group_by")
    fields = [parse_term({"field": name}, catalog).field for name in names]
    for field in fields:
        if not field.can_group:
            allowed = ", ".join(other.name for other in catalog.fields if other.can_group)
            raise InvalidRequest(f"{field.name} makes no groups; group by {allowed}", path="group_by")
    return fields


def _grouped_members(definition: Definition, scope: SegmentScope, fields: list[Field], metric: Metric) -> Subquery:
    """One row a member and group: columns key0, key1 and value."""
    plan = plan_for(definition, scope)
    columns: dict[str, Projection] = {}
    for index, field in enumerate(fields):
        is_set = field.kind in (Kind.SET, Kind.MEMBERSHIP)
        columns[f"key{index}"] = (project_words if is_set else project)(Term(field), plan)
    if metric.term is not None:
        columns["value"] = project(metric.term, plan)
    shown: list[Any] = [column.expression.label(name) for name, column in columns.items()]
    statement = select(*shown).select_from(Member).where(member_predicate(definition, scope))
    for column in columns.values():
        if column.join is not None:
            statement = statement.outerjoin(column.join, column.join.c.member_id == Member.id)
    return statement.subquery()


def _statement(members: Subquery, key_count: int, metric: Metric) -> Select[Any]:
    """Columns: the keys, the number of members and, for a metric over a field, its value."""
    keys = [members.c[f"key{index}"] for index in range(key_count)]
    if metric.term is None:
        return select(*keys, func.count()).group_by(*keys)
    if metric.fn is not MetricFn.MEDIAN:
        total: ColumnElement[Any] = func.sum(members.c.value)
        value = func.avg(members.c.value) if metric.fn is MetricFn.AVG else total
        return select(*keys, func.count(), value).group_by(*keys)
    return _median(members, keys)


def _median(members: Subquery, keys: list[Any]) -> Select[Any]:
    """The middle of the known values, or the mean of the two middle ones; SQLite has no percentiles."""
    place = func.row_number().over(partition_by=keys, order_by=members.c.value.asc().nulls_last())
    known = func.count(members.c.value).over(partition_by=keys)
    ranked = select(*keys, members.c.value, place.label("place"), known.label("known")).subquery()
    in_middle = (2 * ranked.c.place).between(ranked.c.known, ranked.c.known + 2)
    middle = func.avg(ranked.c.value).filter(in_middle)
    ranked_keys = [ranked.c[key.name] for key in keys]
    return select(*ranked_keys, func.count(), middle).group_by(*ranked_keys)


def _whole(session: Session, definition: Definition, scope: SegmentScope, metric: Metric) -> tuple[int, float]:
    """The size of the segment, and what the groups' shares are parts of."""
    is_member = member_predicate(definition, scope)
    total = session.scalar(select(func.count()).select_from(Member).where(is_member)) or 0
    if metric.fn is not MetricFn.SHARE or metric.term is None:
        return total, total
    value = project(metric.term, plan_for(definition, scope))
    statement = select(func.sum(value.expression)).select_from(Member).where(is_member)
    if value.join is not None:
        statement = statement.outerjoin(value.join, value.join.c.member_id == Member.id)
    return total, float(session.scalar(statement) or 0)


def _group(row: Any, metric: Metric, whole: float) -> Group:
    if metric.term is None:
        *keys, count = row
        is_share = metric.fn is MetricFn.SHARE
        return Group(_key(keys), count / whole if is_share and whole else count, count)
    *keys, count, value = row
    if metric.fn is MetricFn.SHARE:
        return Group(_key(keys), float(value or 0) / whole if whole else None, count)
    return Group(_key(keys), _in_unit(value, metric), count)


def _key(keys: list[Any]) -> tuple[str | bool | int | None, ...]:
    return tuple(key.value if isinstance(key, StrEnum) else key for key in keys)


def _in_unit(value: Any, metric: Metric) -> float | int | None:
    """A result as whole units of money, or as a plain number; a sum of whole numbers stays whole."""
    if value is None:
        return 0 if metric.fn is MetricFn.SUM else None
    if metric.term is not None and metric.term.field.is_money:
        return float(value) / CENTS_PER_UNIT
    return int(value) if metric.fn is MetricFn.SUM and value == int(value) else float(value)


def _by_value(group: Group) -> tuple[bool, float, int, str]:
    return group.value is None, -(group.value or 0), -group.count, str(group.key)
