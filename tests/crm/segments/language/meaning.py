"""One form for requests that mean the same, so that a reading can be compared with what was meant."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from crm.clock import months_before
from crm.segments.days import RelativeDay

Json = Mapping[str, Any]
TODAY = date(2026, 6, 1)


def normal(node: Json) -> tuple[Any, ...]:
    """The tree with nested `all` and `any` flattened, parts sorted, and every day written as a date."""
    if "not" in node:
        return ("not", normal(node["not"]))
    if "field" not in node:
        return _normal_group("all" if "all" in node else "any", node)
    field, op, value = node["field"], node["op"], node.get("value")
    if isinstance(value, list):
        value = tuple(map(_day, value))
        if "between" not in op:
            value = tuple(sorted(value))
    else:
        value = _day(value)
    if op == ">=" and value == 1:
        op, value = ">", 0
    if op == "between" and value[1] == TODAY.isoformat():
        op, value = ">=", value[0]
    return ("leaf", field, op, value, _narrowed(node))


def _normal_group(key: str, node: Json) -> tuple[Any, ...]:
    parts: set[tuple[Any, ...]] = set()
    for part in map(normal, node[key]):
        parts.update(part[1] if part[0] == key else [part])
    return parts.pop() if len(parts) == 1 else (key, tuple(sorted(parts, key=repr)))


def _day(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    unit, amount = next(iter(value.items()))
    return RelativeDay(amount, unit).on(TODAY).isoformat()


def _narrowed(term: Json) -> tuple[Any, ...]:
    found: list[Any] = []
    if "window_days" in term:
        found.append((RelativeDay(term["window_days"], "days_ago").on(TODAY).isoformat(), TODAY.isoformat()))
    if "window_months" in term:
        found.append((months_before(TODAY, term["window_months"]).isoformat(), TODAY.isoformat()))
    if term.get("window") is not None:
        found.append((term["window"]["from"], term["window"]["to"] or TODAY.isoformat()))
    named = [(name, term[name]) for name in ("category", "channel", "campaign") if name in term]
    found.extend((name, tuple(words) if isinstance(words, list) else (words,)) for name, words in named)
    return tuple(found)


def selection(request: Json) -> tuple[Any, ...]:
    """Order, limit, groups, measure, what a share is taken of, and the day."""
    order_by, metric = request.get("order_by"), request.get("metric")
    return (
        (order_by["field"], order_by["dir"], _narrowed(order_by)) if order_by else None,
        request.get("limit"),
        tuple(request.get("group_by") or ()),
        (metric["fn"], metric.get("field"), _narrowed(metric)) if metric else None,
        request.get("limit_percent"),
        normal(request["share_of"]) if request.get("share_of") else None,
        str(request["as_of"]) if request.get("as_of") else None,
    )
