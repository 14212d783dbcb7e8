"""One clause to its conditions: which field, which operator, which value, over which window."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from crm.channels import SENDABLE_CHANNELS
from crm.fields import Field, Unit
from crm.fields import Kind as FieldKind
from crm.key_dates import LeapDay
from crm.segments.language.clauses import Clause
from crm.segments.language.kinds import Comparison, Duration, Kind, Period, Quantity, WholeCondition
from crm.segments.language.saved_names import SEGMENT
from crm.segments.language.windows import (
    coming,
    day_condition,
    elapsed_condition,
    month_days,
    opposite,
    window,
    window_of_length,
)

Json = dict[str, Any]
CHANNELS = tuple(channel.value for channel in SENDABLE_CHANNELS)
HIGH_RISK, MEDIUM_RISK = 0.7, 0.4
"""The glossary of language/spec.md."""
LEAST_SPEND = 50
"""消费 with a bare number means money from here on, and times below."""
_FIELD_OF_ACT = {"purchase": "orders.count", "silent": "orders.count", "spend_or_purchase": "orders.spend"}


@dataclass(frozen=True)
class Ground:
    """What the conditions stand on."""

    today: date
    fields: Mapping[str, Field]
    leap_day: LeapDay


def conditions(clause: Clause, ground: Ground) -> list[Json] | None:
    """What the clause says; None when it says nothing that a segment can ask."""
    if clause.anchor is None or _lacks_a_start(clause):
        return None
    reader = _READERS.get(clause.anchor)
    if reader is not None:
        return reader(clause, ground)
    entry = ground.fields.get(clause.anchor)
    return _of_field(clause, ground, entry) if entry is not None else None


def _lacks_a_start(clause: Clause) -> bool:
    """ "... and bought nothing since": since when?"""
    if not clause.has(Kind.SINCE) or clause.periods:
        return False
    return not any(isinstance(entity.value, Period) for entity in clause.items(Kind.FILLER))


def negated(node: Json) -> Json:
    """The node that holds for everybody else."""
    if "not" in node:
        inner: Json = node["not"]
        return inner
    if "field" not in node:
        return {"not": node}
    if isinstance(node["value"], bool):
        return node | {"value": not node["value"]}
    if node["op"] == ">=" and node["value"] == 1 and _is_count(node):
        return node | {"op": "=", "value": 0}
    if node["op"] == "=" and node["value"] == 0 and _is_count(node):
        return node | {"op": ">=", "value": 1}
    turned = opposite(node["op"])
    if turned is None or (turned == "!=" and node["field"] != "csm"):
        return {"not": node}
    return node | {"op": turned}


def _is_count(node: Json) -> bool:
    return str(node["field"]).startswith(("orders.count", "messages.", "coupon."))


def _signed(clause: Clause, nodes: list[Json]) -> list[Json]:
    if not clause.is_negated:
        return nodes
    return [negated(nodes[0])] if len(nodes) == 1 else [{"not": {"all": nodes}}]


def _time(clause: Clause, ground: Ground) -> Json:
    if Kind.SINCE in {entity.kind for entity in clause.entities}:
        earlier = [e.value for e in clause.entities if e.kind is Kind.FILLER and isinstance(e.value, Period)]
        if earlier and earlier[0].end is not None:
            return window(Period(date.fromordinal(earlier[0].end.toordinal() + 1), ground.today), ground.today)
    if clause.periods:
        return window(clause.periods[-1], ground.today)
    lengths = [c.amount for c in clause.comparisons if isinstance(c.amount, Duration)]
    return window_of_length(lengths[-1]) if lengths else {}


def _narrowed(clause: Clause, names: Sequence[str]) -> Json:
    found = {}
    for name in names:
        value = clause.values(name)
        if value is not None:
            found[name] = value.values[0] if len(value.values) == 1 else list(value.values)
    return found


def _amounts(clause: Clause, units: Sequence[str] | None = None) -> list[Comparison]:
    """Comparisons with numbers, of the units given."""
    return [
        c for c in clause.comparisons if isinstance(c.amount, Quantity) and (units is None or c.amount.unit in units)
    ]


def _compared(base: Json, comparisons: Sequence[Comparison], bare: str, scale: float = 1) -> list[Json]:
    """One condition for each comparison; `bare` is the operator of a number alone."""
    nodes = []
    for comparison in comparisons:
        amount = _scaled(comparison.amount, scale)
        if comparison.op == "between":
            low, high = sorted((amount, _scaled(comparison.upper, scale)))
            nodes.append(base | {"op": "between", "value": [low, high]})
        else:
            nodes.append(base | {"op": comparison.op or bare, "value": amount})
    return nodes


def _scaled(amount: Quantity | Duration | None, scale: float) -> float:
    if not isinstance(amount, Quantity):
        return 0
    if scale == 1:
        return amount.amount
    return round(amount.amount * scale, 6)


def _purchase(clause: Clause, ground: Ground) -> list[Json] | None:
    if clause.has(Kind.AGO) and not clause.periods:
        return _last_order(clause, ground)
    if _amounts(clause, ["money"]):
        return _spend(clause, ground)
    counts = _amounts(clause, ["", "times"])
    base = {"field": "orders.count", **_time(clause, ground), **_narrowed(clause, ["category"])}
    if counts:
        return _signed(clause, _compared(base, counts, "="))
    categories = clause.values("category")
    if categories is None:
        return [base | {"op": "=", "value": 0} if clause.is_negated else base | {"op": ">=", "value": 1}]
    op = "contains_none" if clause.is_negated else "contains_all" if categories.means_all else "contains_any"
    return [{"field": "orders.category", "op": op, "value": list(categories.values)} | _time(clause, ground)]


def _silent(clause: Clause, ground: Ground) -> list[Json] | None:
    time = _time(clause, ground)
    if not time:
        return None
    node = {"field": "orders.count", **time, "op": "=", "value": 0}
    return _signed(clause, [node])


def _spend(clause: Clause, ground: Ground) -> list[Json] | None:
    amounts = _amounts(clause, ["", "money"])
    base = {"field": "orders.spend", **_time(clause, ground), **_narrowed(clause, ["category"])}
    if amounts:
        return _signed(clause, _compared(base, amounts, ">="))
    if clause.is_negated:
        return [base | {"op": "=", "value": 0}]
    return _purchase(clause, ground) if clause.values("category") is not None else None


def _spend_or_purchase(clause: Clause, ground: Ground) -> list[Json] | None:
    amounts = _amounts(clause, ["", "money"])
    is_money = any(
        a.amount.unit == "money" or a.amount.amount >= LEAST_SPEND for a in amounts if isinstance(a.amount, Quantity)
    )
    return _spend(clause, ground) if is_money else _purchase(clause, ground)


def _last_order(clause: Clause, ground: Ground) -> list[Json] | None:
    return _day("last_order_at", clause, ground)


def _first_order(clause: Clause, ground: Ground) -> list[Json] | None:
    if clause.is_negated and not clause.periods:
        return [{"field": "orders.count", "op": "=", "value": 0}]
    return _day("first_order_at", clause, ground)


def _joined(clause: Clause, ground: Ground) -> list[Json] | None:
    return _day("joined_at", clause, ground)


def _day(name: str, clause: Clause, ground: Ground) -> list[Json] | None:
    nodes = [day_condition(name, period, ground.today) for period in clause.periods]
    is_ago = clause.has(Kind.AGO) or _counts_from_the_past(name, clause)
    nodes.extend(
        elapsed_condition(name, comparison, ground.today, is_ago=is_ago)
        for comparison in clause.comparisons
        if isinstance(comparison.amount, Duration)
    )
    return _signed(clause, nodes) if nodes else None


def _counts_from_the_past(name: str, clause: Clause) -> bool:
    """ "a member for 2 years": as long as that or longer."""
    return name == "joined_at" and " for" in f" {clause.text}"


def _anniversary(clause: Clause, ground: Ground) -> list[Json] | None:
    days = _days_of_year(clause, ground)
    if days is None:
        return None
    return _signed(clause, [{"field": "joined_at", "op": "anniversary_between", "value": days}])


def _birthday(clause: Clause, ground: Ground) -> list[Json] | None:
    days = _days_of_year(clause, ground)
    if days is None:
        return None
    return _signed(clause, [{"field": "birthday", "op": "month_day_between", "value": days}])


def _days_of_year(clause: Clause, ground: Ground) -> list[str] | None:
    if clause.periods:
        return month_days(clause.periods[-1], ground.today, ground.leap_day)
    lengths = [c.amount for c in clause.comparisons if isinstance(c.amount, Duration)]
    return month_days(coming(lengths[-1], ground.today), ground.today, ground.leap_day) if lengths else None


def _churn_risk(clause: Clause, _ground: Ground) -> list[Json] | None:
    base = {"field": "churn_risk"}
    amounts = _amounts(clause, ["", "percent"])
    if amounts:
        largest = max(c.amount.amount for c in amounts if isinstance(c.amount, Quantity))
        return _signed(clause, _compared(base, amounts, ">=", 0.01 if largest > 1 else 1))
    levels = {name for entity in clause.items(Kind.LEVEL) for name in str(entity.value).split("|")} or {"high"}
    if levels == {"high"}:
        nodes = [base | {"op": ">=", "value": HIGH_RISK}]
    elif levels == {"low"}:
        nodes = [base | {"op": "<", "value": MEDIUM_RISK}]
    elif levels == {"medium"}:
        nodes = [base | {"op": ">=", "value": MEDIUM_RISK}, base | {"op": "<", "value": HIGH_RISK}]
    elif levels == {"high", "medium"}:
        nodes = [base | {"op": ">=", "value": MEDIUM_RISK}]
    elif levels == {"low", "medium"}:
        nodes = [base | {"op": "<", "value": HIGH_RISK}]
    else:
        return None
    return _signed(clause, nodes)


def _trend(clause: Clause, _ground: Ground) -> list[Json] | None:
    base = {"field": "activity_trend"}
    for comparison in clause.comparisons:
        amount = comparison.amount
        weeks = _weeks(amount) if isinstance(amount, Duration) else amount.amount
        upper = comparison.upper
        if comparison.op == "between" and isinstance(upper, Duration):
            return _signed(clause, [base | {"op": "between", "value": [weeks, _weeks(upper)]}])
        return _signed(clause, [base | {"op": comparison.op or ">=", "value": weeks}])
    for period in clause.periods:
        if period.days is not None or period.months is not None:
            weeks = (period.days or (period.months or 0) * 28) // 7
            return _signed(clause, [base | {"op": ">=", "value": max(1, weeks)}])
    return [base | {"op": "=", "value": 0} if clause.is_negated else base | {"op": ">=", "value": 1}]


def _weeks(length: Duration) -> int:
    days = {"day": 1, "month": 28, "year": 364}[length.unit] * length.count
    return length.in_weeks or max(1, days // 7)


def _consent(clause: Clause, _ground: Ground) -> list[Json] | None:
    return _consents(clause, given=not clause.is_negated)


def _opt_out(clause: Clause, _ground: Ground) -> list[Json] | None:
    return _consents(clause, given=clause.is_negated)


def _consents(clause: Clause, *, given: bool) -> list[Json] | None:
    channels = clause.values("channel")
    names: Sequence[str] = channels.values if channels is not None else ()
    any_of = channels is not None and not channels.means_all
    if channels is None:
        words = clause.text.split()
        if not (clause.has(Kind.ANY_OF) or clause.has(Kind.ALL_OF) or "any" in words):
            return None
        names, any_of = CHANNELS, "all" not in clause.text.split() and not clause.has(Kind.ALL_OF)
    nodes = [{"field": f"consent.{name}", "op": "=", "value": given} for name in names]
    # "no email or sms consent" lacks both; "unsubscribed from email or sms" lacks one.
    if any_of and len(nodes) > 1 and not clause.is_negated:
        return [{"any": nodes}]
    return nodes


def _blacklisted(clause: Clause, _ground: Ground) -> list[Json] | None:
    return [{"field": "blacklisted", "op": "=", "value": not clause.is_negated}]


def _preferred_channel(clause: Clause, _ground: Ground) -> list[Json] | None:
    channels = clause.values("channel")
    if channels is None:
        return None
    op = "not_in" if clause.is_negated else "in"
    return [{"field": "preferred_channel", "op": op, "value": list(channels.values)}]


def _campaign(clause: Clause, ground: Ground) -> list[Json] | None:
    time = _time(clause, ground)
    named = clause.values("campaign")
    if named is not None:
        op = "not_in" if clause.is_negated else "in"
        return [{"field": "campaign", "op": op, "value": list(named.values)} | time]
    if not (clause.has(Kind.ANY_OF) or clause.is_negated or time):
        return None
    return [{"field": "campaign", "op": "none" if clause.is_negated else "any", "value": None} | time]


def _value(clause: Clause, _ground: Ground) -> list[Json] | None:
    if clause.has(Kind.ME):
        return _signed(clause, [{"field": "csm", "op": "=", "value": "@me"}])
    whole = [entity.value.node for entity in clause.entities if isinstance(entity.value, WholeCondition)]
    if whole:
        return _signed(clause, whole)
    value = clause.standing_value
    if value is None or value.field == "member":
        return None
    if value.field == "csm":
        op, names = ("=", value.values[0]) if len(value.values) == 1 else ("in", list(value.values))
        return _signed(clause, [{"field": "csm", "op": op, "value": names}])
    if value.field == "tags":
        op = "contains_none" if clause.is_negated else "contains_all" if value.means_all else "contains_any"
        return [{"field": "tags", "op": op, "value": list(value.values)}]
    if value.field == SEGMENT and value.means_all:
        return _signed(clause, [{"field": SEGMENT, "op": "in", "value": [name]} for name in value.values])
    return [{"field": value.field, "op": "not_in" if clause.is_negated else "in", "value": list(value.values)}]


def _of_field(clause: Clause, ground: Ground, entry: Field) -> list[Json] | None:
    """A field that needs no grammar of its own: a number compared, a flag, a day, or how often."""
    if entry.kind is FieldKind.FLAG:
        return [{"field": entry.name, "op": "=", "value": not clause.is_negated}]
    if entry.kind is FieldKind.DAY:
        return _day(entry.name, clause, ground)
    if entry.kind is not FieldKind.NUMBER:
        return None
    base: Json = {"field": entry.name}
    if entry.has_windows:
        base |= _time(clause, ground) | _narrowed(clause, [qualifier.name for qualifier in entry.qualifiers])
    amounts = _amounts(clause)
    if amounts:
        bare = "=" if entry.unit in (Unit.COUNT, Unit.YEARS) else ">="
        return _signed(clause, _compared(base, amounts, bare))
    if entry.unit is Unit.COUNT or (clause.is_negated and entry.unit is Unit.POINTS):
        return [base | {"op": "=", "value": 0} if clause.is_negated else base | {"op": ">=", "value": 1}]
    return None


Reader = Callable[[Clause, Ground], list[Json] | None]
_READERS: dict[str, Reader] = {
    "value": _value,
    "purchase": _purchase,
    "orders.count": _purchase,
    "orders.category": _purchase,
    "silent": _silent,
    "orders.spend": _spend,
    "spend_or_purchase": _spend_or_purchase,
    "last_order_at": _last_order,
    "first_order_at": _first_order,
    "joined_at": _joined,
    "anniversary": _anniversary,
    "birthday": _birthday,
    "churn_risk": _churn_risk,
    "activity_trend": _trend,
    "consent": _consent,
    "opt_out": _opt_out,
    "blacklisted": _blacklisted,
    "preferred_channel": _preferred_channel,
    "campaign": _campaign,
}
