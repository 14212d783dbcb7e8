"""Random definitions over the whole catalog, for property tests of anything that takes a definition.

Strategies are cached: making one takes longer than drawing from it.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from functools import cache
from typing import Any

from hypothesis import strategies as st

from crm.catalog import CATALOG
from crm.fields import Field, Kind, Op, Presence, Unit
from crm.segments.days import FixedPeriod, LastPeriod, MonthDay, RelativeDay, Window
from crm.segments.definition import AllOf, AnyOf, Condition, Definition, Node, Not, Ordering, Term
from tests.crm.segments.drawing import CAMPAIGNS, CATEGORIES, CITIES, CSM_NAMES, NAMES, SEGMENTS, TAGS, TIERS, TODAY

WORDS: dict[str, list[str]] = {
    "name": NAMES,
    "tier": TIERS,
    "city": [city for city in CITIES if city],
    "tags": TAGS,
    "orders.category": CATEGORIES,
    "category": CATEGORIES,
    "campaign": CAMPAIGNS,
    "segment": SEGMENTS,
    "csm": ["@me", *CSM_NAMES],
}
"""Words that occur in the worlds, by field or qualifier; each gets one that does not."""
NOWHERE = "nowhere · 无"

EDGE_DAYS = [0, 1, 2, 7, 29, 30, 31, 38, 59, 60, 89, 90, 213, 214, 365, 366]
PERCENTS = [0.01, 1, 5, 12.5, 20, 33.33, 50, 99.99, 100]

days = st.one_of(
    st.sampled_from(EDGE_DAYS).map(lambda back: TODAY - timedelta(days=back)),
    st.builds(RelativeDay, st.sampled_from(EDGE_DAYS), st.just("days_ago")),
    st.builds(RelativeDay, st.integers(0, 13), st.just("months_ago")),
    st.builds(RelativeDay, st.integers(0, 3), st.just("years_ago")),
)
dates = st.sampled_from([-1, *EDGE_DAYS]).map(lambda back: TODAY - timedelta(days=back))
month_days = st.dates(date(2000, 1, 1), date(2000, 12, 31)).map(lambda day: MonthDay(day.month, day.day))


@cache
@st.composite
def windows(draw: st.DrawFn) -> Window | None:
    kind = draw(st.sampled_from(["none", "days", "months", "fixed", "since", "until"]))
    if kind == "days":
        return LastPeriod(draw(st.sampled_from([1, 2, 29, 30, 31, 60, 90, 365])), "window_days")
    if kind == "months":
        return LastPeriod(draw(st.integers(1, 13)), "window_months")
    first, last = sorted([draw(dates), draw(dates)])
    ends = {"fixed": (first, last), "since": (first, None), "until": (None, last)}
    return FixedPeriod(*ends[kind]) if kind in ends else None


@cache
@st.composite
def terms(draw: st.DrawFn, field: Field) -> Term:
    window = draw(windows()) if field.has_windows else None
    qualifiers = []
    for qualifier in field.qualifiers:
        if draw(st.integers(0, 2)) == 0:
            known = list(qualifier.values) if isinstance(qualifier.values, tuple) else WORDS[qualifier.name]
            words = draw(st.lists(st.sampled_from(known), min_size=1, max_size=2, unique=True))
            qualifiers.append((qualifier.name, tuple(words)))
    return Term(field, window, tuple(qualifiers))


@cache
def numbers(field: Field) -> st.SearchStrategy[Any]:
    match field.unit:
        case Unit.MONEY:
            return st.sampled_from([0, 1, 99.99, 100, 100.01, 199.98, 200, 300, 5000, -1])
        case Unit.PROBABILITY:
            return st.sampled_from([0, 0.25, 0.7, 1])
        case Unit.YEARS:
            return st.integers(0, 60)
        case Unit.POINTS:
            return st.sampled_from([0, 100, 2000, 10**12])
        case Unit.RATIO:
            return st.sampled_from([0, 0.5, 1, 2, 4])
        case Unit.SCORE:
            return st.sampled_from([0, 12.5, 50, 100])
        case _:
            return st.integers(0, 4)


@cache
def values(field: Field, op: Op) -> st.SearchStrategy[Any]:
    if op in (Op.ANY, Op.NONE):
        return st.none()
    if op is Op.KNOWN or isinstance(field.source, Presence):
        return st.booleans()
    if op is Op.TOP_PERCENT:
        return st.sampled_from(PERCENTS)
    if op in (Op.MONTH_DAY_BETWEEN, Op.ANNIVERSARY_BETWEEN):
        return st.tuples(month_days, month_days)
    if field.kind is Kind.NUMBER:
        number = numbers(field)
        return st.tuples(number, number).map(lambda pair: tuple(sorted(pair))) if op is Op.BETWEEN else number
    if field.kind is Kind.DAY:
        pair = st.tuples(dates, dates).map(lambda ends: tuple(sorted(ends)))
        return st.one_of(pair, st.tuples(days, st.just(TODAY))) if op is Op.BETWEEN else days
    known = list(field.values) if isinstance(field.values, tuple) else [*WORDS[field.name], NOWHERE]
    most = 1 if op in (Op.EQ, Op.NE) else 3
    return st.lists(st.sampled_from(known), min_size=1, max_size=most, unique=True).map(tuple)


@cache
@st.composite
def conditions_on(draw: st.DrawFn, field: Field) -> Condition:
    op = draw(st.sampled_from(field.ops))
    return Condition(draw(terms(field)), op, draw(values(field, op)))


@cache
def nodes(fields: Sequence[Field] = CATALOG.fields) -> st.SearchStrategy[Node]:
    return st.recursive(
        st.sampled_from(fields).flatmap(conditions_on),
        lambda inner: st.one_of(
            st.builds(Not, inner),
            st.lists(inner, max_size=3).map(lambda parts: AllOf(tuple(parts))),
            st.lists(inner, min_size=1, max_size=3).map(lambda parts: AnyOf(tuple(parts))),
        ),
        max_leaves=5,
    )


@cache
@st.composite
def orderings(draw: st.DrawFn, fields: Sequence[Field] = CATALOG.fields) -> Ordering:
    field = draw(st.sampled_from([field for field in fields if field.can_order]))
    return Ordering(draw(terms(field)), draw(st.sampled_from(["asc", "desc"])))


@cache
@st.composite
def definitions(draw: st.DrawFn, fields: Sequence[Field] = CATALOG.fields) -> Definition:
    """A tree over the fields; every second one is ordered, and many of those are cut."""
    root, order_by = draw(nodes(fields)), draw(st.none() | orderings(fields))
    limits = ["none", "count"] if order_by is None else ["none", "count", "percent"]
    match draw(st.sampled_from(limits)):
        case "count":
            return Definition(root, order_by, limit=draw(st.integers(1, 4)))
        case "percent":
            return Definition(root, order_by, limit_percent=draw(st.sampled_from(PERCENTS)))
        case _:
            return Definition(root, order_by)
