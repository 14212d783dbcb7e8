"""Bodies for calls that take a segment definition: valid ones, valid ones with something broken, and anything."""

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from hypothesis import strategies as st

from crm.catalog import CATALOG
from crm.fields import Op
from tests.crm.segments.strategies import definitions

Json = Any

KEYS = ["all", "any", "not", "field", "op", "value", "window", "window_days", "window_months", "from", "to", "dir"]
KEYS += ["order_by", "limit", "limit_percent", "channel", "category", "campaign", "days_ago", "fn", "definition"]
STRANGE: list[Json] = [
    None,
    True,
    "",
    "\x00",
    "\ud800",
    "x' OR 1=1; --",
    "%",
    "日" * 300,
    float("nan"),
    float("inf"),
    -0.0,
    1e308,
    10**13,
    2**63,
    10**400,
    [],
    {},
    [[]],
    "2026-13-01",
    "0000-00-00",
    "06-31",
    {"days_ago": 10**9},
    {"from": "2026-06-01", "to": "2026-01-01"},
]
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12) | st.sampled_from(STRANGE)
words = st.sampled_from([*KEYS, *CATALOG.names, *Op]) | st.text(max_size=8)
junk = st.recursive(
    scalars | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=8,
)
valid = definitions().map(lambda definition: definition.to_json())


@st.composite
def broken(draw: st.DrawFn, whole: st.SearchStrategy[Json]) -> Json:
    """Something valid with one to three changes."""
    data = deepcopy(draw(whole))
    for _ in range(draw(st.integers(1, 3))):
        _break(draw, data)
    return data


def _break(draw: st.DrawFn, data: Json) -> None:
    places = list(_places(data))
    if not places:
        return
    holder, key = draw(st.sampled_from(places))
    match draw(st.sampled_from(["replace", "strange", "delete", "rename", "add", "nest", "typo"])):
        case "replace":
            holder[key] = deepcopy(draw(junk))
        case "strange":
            holder[key] = deepcopy(draw(st.sampled_from(STRANGE)))
        case "delete":
            del holder[key]
        case "rename" if isinstance(holder, dict):
            holder[draw(words)] = holder.pop(key)
        case "add" if isinstance(holder, dict):
            holder[draw(words)] = deepcopy(draw(junk))
        case "nest":
            for _ in range(draw(st.sampled_from([1, 12, 60]))):
                holder[key] = draw(st.sampled_from([{"not": holder[key]}, [holder[key]], {"all": [holder[key]]}]))
        case _ if isinstance(holder[key], str):
            holder[key] = holder[key][:-1]


def _places(data: Json) -> Iterator[tuple[Json, Any]]:
    """Each place in a JSON value, as its holder and its key or index."""
    if isinstance(data, dict | list):
        for key, inner in data.items() if isinstance(data, dict) else enumerate(data):
            yield data, key
            yield from _places(inner)


def bodies(around: dict[str, Json], key: str) -> st.SearchStrategy[bytes]:
    """Bodies of a call whose definition stands under `key` beside what else it needs."""
    definition = st.one_of(valid, broken(valid), broken(valid), junk)
    whole = definition.map(lambda found: {**around, key: found})
    sent = st.one_of(whole, whole, whole, broken(whole), junk)
    return sent.map(lambda body: json.dumps(body).encode()) | st.binary(max_size=40)
