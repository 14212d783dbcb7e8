"""The conditions at the ends of a definition's tree, and what can be said of one."""

from collections.abc import Callable
from typing import Any

from crm.segments.language.windows import WINDOW_KEYS

Json = dict[str, Any]
ARGUMENTS = ("category", "channel", "campaign")
DAY_FIELDS = frozenset({"joined_at", "last_order_at", "first_order_at"})
_MONEY_FIELDS = frozenset({"orders.spend", "clv", "orders.average"})
_COUNTED = ("orders.count", "messages.", "coupon.", "visit.", "service.")
_OVER_ROWS = ("orders.", "messages.", "coupon.", "campaign", "visit.", "service.")


def copied(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: copied(value) for key, value in node.items()}
    return [copied(part) for part in node] if isinstance(node, list | tuple) else node


def leaves_of(node: Json) -> list[Json]:
    """Every condition of the tree, in reading order; changing one changes the tree."""
    if "field" in node:
        return [node]
    parts: list[Json] = [node["not"]] if "not" in node else node["all" if "all" in node else "any"]
    return [leaf for part in parts for leaf in leaves_of(part)]


def without_leaves(node: Json, goes: Callable[[Json], bool]) -> Json | None:
    """The tree without some conditions; None when nothing is left."""
    if "field" in node:
        return None if goes(node) else node
    if "not" in node:
        inner = without_leaves(node["not"], goes)
        return {"not": inner} if inner is not None else None
    key = "all" if "all" in node else "any"
    kept = (without_leaves(part, goes) for part in node[key])
    parts = [part for part in kept if part is not None]
    return {key: parts} if parts else None


def slot(leaf: Json) -> tuple[Any, ...]:
    """What makes two conditions speak of the same thing."""
    return (leaf["field"], leaf["op"]) if is_day_of_year(leaf) else (leaf["field"],)


def is_positive(leaf: Json) -> bool:
    return leaf["op"] in ("in", "=") and leaf["value"] is not False


def is_day_of_year(leaf: Json) -> bool:
    return leaf["op"] in ("month_day_between", "anniversary_between")


def has_time(leaf: Json) -> bool:
    return any(key in leaf for key in WINDOW_KEYS) or leaf["field"] in DAY_FIELDS or is_day_of_year(leaf)


def could_have_window(leaf: Json) -> bool:
    return str(leaf["field"]).startswith(_OVER_ROWS)


def window_of(leaf: Json) -> Json:
    return {key: leaf[key] for key in WINDOW_KEYS if key in leaf}


def speaks_of_channel(leaf: Json) -> bool:
    field = str(leaf["field"])
    return "channel" in leaf or field == "preferred_channel" or field.startswith(("consent.", "messages."))


def compares(leaf: Json, unit: str) -> bool:
    """Whether the leaf compares a number of that unit; the unit "" fits every number."""
    value = leaf["value"]
    pair = isinstance(value, list) and bool(value) and isinstance(value[0], int | float)
    if isinstance(value, bool) or not (isinstance(value, int | float) or pair):
        return False
    field = str(leaf["field"])
    fits = {
        "money": field in _MONEY_FIELDS,
        "percent": field == "churn_risk" or leaf["op"] == "top_percent",
        "points": field == "points_balance",
        "times": field.startswith(_COUNTED),
        "age": field == "age",
    }
    return fits.get(unit, True)
