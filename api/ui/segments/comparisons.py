"""What a condition can say: its operators in words, the shape of its value, and how edits keep what still fits."""

from enum import StrEnum
from typing import Any

from crm.catalog import CATALOG
from crm.fields import Field, Kind, Op

Json = dict[str, Any]
WINDOW_KEYS = ("window_days", "window_months", "window")


class Shape(StrEnum):
    """Which inputs the value of a condition needs."""

    NOTHING = "nothing"
    WORDS = "words"
    WORD = "word"
    NUMBER = "number"
    NUMBERS = "numbers"
    PERCENT = "percent"
    FLAG = "flag"
    DAY = "day"
    DAYS = "days"
    MONTH_DAYS = "month_days"


_WORDS: dict[Kind, dict[Op, str]] = {
    Kind.CHOICE: {Op.IN: "is any of", Op.NOT_IN: "is none of", Op.EQ: "is", Op.NE: "is not"},
    Kind.SET: {Op.CONTAINS_ANY: "has any of", Op.CONTAINS_ALL: "has all of", Op.CONTAINS_NONE: "has none of"},
    Kind.MEMBERSHIP: {Op.IN: "in any of", Op.NOT_IN: "in none of", Op.ANY: "in any at all", Op.NONE: "in none at all"},
    Kind.FLAG: {Op.EQ: "is", Op.NE: "is not"},
    Kind.DAY: {
        Op.EQ: "on",
        Op.NE: "not on",
        Op.GT: "after",
        Op.GE: "on or after",
        Op.LT: "before",
        Op.LE: "on or before",
        Op.BETWEEN: "between",
    },
}
_SAME_EVERYWHERE: dict[Op, str] = {
    Op.EQ: "=",
    Op.NE: "≠",
    Op.GT: ">",
    Op.GE: "≥",
    Op.LT: "<",
    Op.LE: "≤",
    Op.BETWEEN: "between",
    Op.MONTH_DAY_BETWEEN: "falls between",
    Op.ANNIVERSARY_BETWEEN: "has its anniversary between",
    Op.KNOWN: "is known",
    Op.TOP_PERCENT: "is in the top",
}
_FIRST_OP: dict[Kind, Op] = {Kind.NUMBER: Op.GE, Kind.DAY: Op.GE}


def op_words(field: Field) -> dict[str, str]:
    """The operators of a field in words, by code."""
    words = _SAME_EVERYWHERE | _WORDS.get(field.kind, {})
    return {op.value: words.get(op, op.value) for op in field.ops}


def shape_of(field: Field, op: Op) -> Shape:
    special = {
        Op.KNOWN: Shape.FLAG,
        Op.ANY: Shape.NOTHING,
        Op.NONE: Shape.NOTHING,
        Op.TOP_PERCENT: Shape.PERCENT,
        Op.MONTH_DAY_BETWEEN: Shape.MONTH_DAYS,
        Op.ANNIVERSARY_BETWEEN: Shape.MONTH_DAYS,
    }
    if op in special:
        return special[op]
    if field.kind is Kind.FLAG:
        return Shape.FLAG
    if field.kind is Kind.NUMBER:
        return Shape.NUMBERS if op is Op.BETWEEN else Shape.NUMBER
    if field.kind is Kind.DAY:
        return Shape.DAYS if op is Op.BETWEEN else Shape.DAY
    return Shape.WORD if op in (Op.EQ, Op.NE) else Shape.WORDS


def new_leaf(field: Field) -> Json:
    """A condition over `field` that still lacks its value, unless there is one that is meant most often."""
    op = _FIRST_OP.get(field.kind, field.ops[0])
    return {"field": field.name, "op": op.value} | _first_value(shape_of(field, op))


def with_field(leaf: Json, field: Field) -> Json:
    """The same condition over another field; what has no meaning there is left out."""
    changed = new_leaf(field)
    if field.has_windows:
        changed |= {key: leaf[key] for key in WINDOW_KEYS if key in leaf}
    return changed | {each.name: leaf[each.name] for each in field.qualifiers if each.name in leaf}


def with_op(leaf: Json, op: Op) -> Json:
    """The same condition by another operator; the value stays where it fits."""
    field = CATALOG.field(leaf["field"])
    old, new = shape_of(field, Op(leaf["op"])), shape_of(field, op)
    changed = {key: value for key, value in leaf.items() if key != "value"} | {"op": op.value}
    if "value" not in leaf or new is Shape.NOTHING:
        return changed | _first_value(new)
    if old is new:
        return changed | {"value": leaf["value"]}
    if new is Shape.WORDS and isinstance(leaf["value"], str):
        return changed | {"value": [leaf["value"]]}
    if new is Shape.WORD and isinstance(leaf["value"], list) and len(leaf["value"]) == 1:
        return changed | {"value": leaf["value"][0]}
    return changed | _first_value(new)


def _first_value(shape: Shape) -> Json:
    if shape is Shape.FLAG:
        return {"value": True}
    return {"value": {"days_ago": 30}} if shape is Shape.DAY else {}
