"""Values for what the OpenAPI document says a route takes: such as fit, near misses, and anything."""

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from tests.api.segment_bodies import STRANGE, broken, junk, valid

Schema = Mapping[str, Any]
NAMES = ["Spring Refresh", "Weekend Flash", "gold", "Zhang Min", "M000012", "mia", "grace", "email", "sms", "welcome"]
NAMES += ["1", "2", "7", "A", "main", "Shanghai", "how many gold members?", "yes", "no", "是"]
STRANGE_TEXTS = [value for value in STRANGE if isinstance(value, str)]
STRANGE_TEXTS += [
    "9" * 5_000,
    "一" * 3_000,
    "\u202e",
    "🎁" * 50,
    "{{ 'x' * 10**9 }}",
    "{% if name %}" * 80,
    "a@b",
    "=1+1",
]
MOMENTS = ["2026-06-04T10:00", "2026-06-04T10:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00", "now"]
DAYS = ["2026-06-04", "2026-02-29", "9999-12-31", "0001-01-01", "2026-13-01"]
NUMBERS = [0, 1, -1, 10, 100, 2**31 - 1, 2**31, 2**63 - 1, 2**63, 10**40, 0.1, 1e308, True]

texts = st.sampled_from(NAMES) | st.sampled_from(NAMES) | st.sampled_from(STRANGE_TEXTS) | st.text(max_size=20)
numbers = st.integers(1, 12) | st.integers(1, 12) | st.sampled_from(NUMBERS)
MOST_DEPTH = 6


def fitting(schema: Schema, parts: Mapping[str, Schema], depth: int = 0) -> st.SearchStrategy[Any]:
    """Values of the shape that a schema gives; limits of length and size are kept more often than not."""
    if depth > MOST_DEPTH:
        return st.none()
    if "$ref" in schema:
        return fitting(parts[schema["$ref"].rpartition("/")[2]], parts, depth + 1)
    for key in ("anyOf", "oneOf", "allOf"):
        if key in schema:
            return st.one_of([fitting(one, parts, depth + 1) for one in schema[key]])
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    return _of_type(schema, parts, depth)


def _of_type(schema: Schema, parts: Mapping[str, Schema], depth: int) -> st.SearchStrategy[Any]:
    match schema.get("type"):
        case "string":
            days = {"date-time": MOMENTS, "date": DAYS}.get(str(schema.get("format")))
            return st.sampled_from(days) if days else texts
        case "integer" | "number":
            return numbers
        case "boolean":
            return st.booleans()
        case "null":
            return st.none()
        case "array":
            items = fitting(schema.get("items", {}), parts, depth + 1)
            return st.lists(items, min_size=min(schema.get("minItems", 0), 3), max_size=3)
        case "object" if "properties" in schema:
            return _object(schema, parts, depth)
        case _:
            return valid | junk


def _object(schema: Schema, parts: Mapping[str, Schema], depth: int) -> st.SearchStrategy[Any]:
    required = schema.get("required", [])
    values = {name: fitting(one, parts, depth + 1) for name, one in schema["properties"].items()}
    needed = {name: value for name, value in values.items() if name in required}
    return st.fixed_dictionaries(needed, optional={name: value for name, value in values.items() if name not in needed})


def bodies_of(schema: Schema, parts: Mapping[str, Schema]) -> st.SearchStrategy[Any]:
    fits = fitting(schema, parts)
    return st.one_of(fits, fits, broken(fits), broken(fits), junk)
