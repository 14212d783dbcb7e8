"""What a segment is: a frozen tree of conditions that makes sense by construction."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from crm.errors import InvalidRequest
from crm.fields import Catalog, Field, Op
from crm.segments.days import FixedPeriod, LastPeriod, Window, check_whole
from crm.segments.values import Number, OpValue, near, read_date, read_percent, read_value, read_words, value_to_json

MAX_DEPTH = 12
MAX_CONDITIONS = 100
"""Beyond these sizes a tree is a mistake or an attack; databases limit depth and parameters, too."""
MAX_LIMIT = 10_000_000

ARRANGEMENT = ("order_by", "limit", "limit_percent")
"""What stands beside the tree: in which order members are listed, and how many of them."""
WHOLE = "definition"
"""The path of an error that lies in no part of a definition."""
WINDOW_KEYS = ("window_days", "window_months", "window")
Words = tuple[str, ...]


@dataclass(frozen=True)
class Term:
    """A field over a window and some of its rows: what is compared, ordered by or averaged."""

    field: Field
    window: Window | None = None
    """None: the whole lifetime."""
    qualifiers: tuple[tuple[str, Words], ...] = ()
    """e.g. (("channel", ("email",)),)."""

    def __post_init__(self) -> None:
        if self.window is not None and not self.field.has_windows:
            name: str = self.window.unit if isinstance(self.window, LastPeriod) else "window"
            raise InvalidRequest(f"{self.field.name} has no windows; leave {name} out", path=name)
        known = {qualifier.name: qualifier for qualifier in self.field.qualifiers}
        read = []
        for name, words in sorted(self.qualifiers):
            if name not in known:
                takes = f"takes {' or '.join(known)}, not {name}" if known else f"takes no {name}"
                raise InvalidRequest(f"{self.field.name} {takes}; leave {name} out", path=name)
            with _inside(name, replaces="value"):
                read.append((name, read_words(words, known[name].values, what=name)))
        object.__setattr__(self, "qualifiers", tuple(read))

    def to_json(self) -> dict[str, Any]:
        found: dict[str, Any] = {"field": self.field.name}
        if isinstance(self.window, LastPeriod):
            found[self.window.unit] = self.window.amount
        elif self.window is not None:
            found["window"] = {"from": value_to_json(self.window.first), "to": value_to_json(self.window.last)}
        for name, words in self.qualifiers:
            found[name] = words[0] if len(words) == 1 else list(words)
        return found


@dataclass(frozen=True)
class Condition:
    """One comparison: true, false or, for a missing value, unknown."""

    term: Term
    op: Op
    value: OpValue = None

    def __post_init__(self) -> None:
        if self.op not in self.field.ops:
            allowed = ", ".join(self.field.ops)
            raise InvalidRequest(f"{self.field.name} can be compared by {allowed}; not by {self.op}", path="op")
        with _inside("value", replaces="value"):
            object.__setattr__(self, "value", read_value(self.field, self.op, self.value))

    @property
    def field(self) -> Field:
        return self.term.field

    def to_json(self) -> dict[str, Any]:
        found = self.term.to_json()
        compared: dict[str, Any] = {"op": self.op.value}
        if self.value is not None:
            # `=` and `!=` take one word; a lone word in a list says the same.
            is_word = self.op in (Op.EQ, Op.NE) and isinstance(self.value, tuple) and len(self.value) == 1
            compared["value"] = value_to_json(self.value)[0] if is_word else value_to_json(self.value)
        return {"field": found.pop("field"), **compared, **found}


@dataclass(frozen=True)
class AllOf:
    """True when every part is; without parts, true of everyone."""

    parts: tuple["Node", ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {"all": [part.to_json() for part in self.parts]}


@dataclass(frozen=True)
class AnyOf:
    """True when at least one part is."""

    parts: tuple["Node", ...]

    def __post_init__(self) -> None:
        if not self.parts:
            raise InvalidRequest("any needs at least one condition; without one it would mean nobody", path="any")

    def to_json(self) -> dict[str, Any]:
        return {"any": [part.to_json() for part in self.parts]}


@dataclass(frozen=True)
class Not:
    """True when the part is false; unknown stays unknown."""

    part: "Node"

    def to_json(self) -> dict[str, Any]:
        return {"not": self.part.to_json()}


Node = AllOf | AnyOf | Not | Condition


@dataclass(frozen=True)
class Ordering:
    """By what members are listed; those without a value come last, equal ones by id."""

    term: Term
    direction: Literal["asc", "desc"] = "desc"

    def __post_init__(self) -> None:
        if not self.term.field.can_order:
            raise InvalidRequest(f"members cannot be ordered by {self.term.field.name}; use a number or a day")
        if self.direction not in ("asc", "desc"):
            raise InvalidRequest(f"dir is asc or desc, not {self.direction!r:.80}", path="dir")

    def to_json(self) -> dict[str, Any]:
        return {**self.term.to_json(), "dir": self.direction}


@dataclass(frozen=True)
class Definition:
    """Who is in a segment, and for lists in which order and how many of them."""

    root: Node
    order_by: Ordering | None = None
    limit: int | None = None
    limit_percent: Number | None = None
    """The first so many percent of those who meet the conditions, rounded up to a whole member."""

    def __post_init__(self) -> None:
        if self.limit is not None:
            check_whole(self.limit, what="limit", low=1, high=MAX_LIMIT)
        if self.limit_percent is not None:
            self._check_limit_percent()
        if _depth(self.root) > MAX_DEPTH:
            raise InvalidRequest(f"a definition nests at most {MAX_DEPTH} levels deep")
        if sum(1 for _ in self.conditions()) > MAX_CONDITIONS:
            raise InvalidRequest(f"a definition has at most {MAX_CONDITIONS} conditions")

    def _check_limit_percent(self) -> None:
        if self.limit is not None:
            raise InvalidRequest("a definition has limit or limit_percent, not both", path="limit_percent")
        if self.order_by is None:
            raise InvalidRequest("limit_percent needs order_by: the first percent of what order?", path="limit_percent")
        with _inside("limit_percent", replaces="value"):
            object.__setattr__(self, "limit_percent", read_percent(self.limit_percent, what="limit_percent"))

    @property
    def is_limited(self) -> bool:
        """Whether only the first of those who meet the conditions are in."""
        return self.limit is not None or self.limit_percent is not None

    def conditions(self) -> Iterator[Condition]:
        """Every condition of the tree, in reading order."""
        return conditions_of(self.root)

    def to_json(self) -> dict[str, Any]:
        found = self.root.to_json()
        if self.order_by is not None:
            found["order_by"] = self.order_by.to_json()
        if self.limit is not None:
            found["limit"] = self.limit
        if self.limit_percent is not None:
            found["limit_percent"] = self.limit_percent
        return found


def _depth(node: Node) -> int:
    if isinstance(node, Condition):
        return 1
    parts = (node.part,) if isinstance(node, Not) else node.parts
    return 1 + max(map(_depth, parts), default=0)


def conditions_of(node: Node) -> Iterator[Condition]:
    """Every condition of a part of a tree, in reading order."""
    if isinstance(node, Condition):
        yield node
        return
    for part in (node.part,) if isinstance(node, Not) else node.parts:
        yield from conditions_of(part)


EVERYONE = Definition(AllOf())


def parse_definition(data: Mapping[str, Any] | str, catalog: Catalog) -> Definition:
    """Read the JSON form of a definition.

    Raises InvalidRequest: its message says what would be right and where, `path` is the place
    (`all[0].window_days`, or `definition` for the whole), `candidates` the near field names where a field is unknown.
    """
    try:
        return _definition(_loaded(data), catalog)
    except RecursionError:
        raise InvalidRequest(f"a definition nests at most {MAX_DEPTH} levels deep", path=WHOLE) from None
    except InvalidRequest as error:
        place = f" (at {error.path})" if error.path else ""
        raise InvalidRequest(error.message + place, path=error.path or WHOLE, candidates=error.candidates) from None


def _loaded(data: Mapping[str, Any] | str) -> Mapping[str, Any]:
    if isinstance(data, str):
        try:
            data = json.loads(data)
        except ValueError as error:
            raise InvalidRequest(f"the definition is not JSON: {error}") from None
    return _mapping(data, "a definition")


def _definition(data: Mapping[str, Any], catalog: Catalog) -> Definition:
    tree = {key: value for key, value in data.items() if key not in ARRANGEMENT}
    is_list_of_everyone = not tree and bool(data)
    root = AllOf() if is_list_of_everyone else _node(tree, catalog, depth=1)
    order_by = None
    if data.get("order_by") is not None:
        with _inside("order_by"):
            order_by = _ordering(data["order_by"], catalog)
    return Definition(root, order_by, data.get("limit"), data.get("limit_percent"))


def parse_term(data: Mapping[str, Any], catalog: Catalog) -> Term:
    """Read a field with its window and qualifiers: `{"field": "orders.spend", "window_days": 90}`."""
    data = _mapping(data, "a field with its window")
    qualifiers = {key: value for key, value in data.items() if key not in ("field", *WINDOW_KEYS)}
    return Term(_field(data.get("field"), catalog), _window(data), tuple(qualifiers.items()))


def _ordering(data: Any, catalog: Catalog) -> Ordering:
    data = _mapping(data, "order_by")
    term = parse_term({key: value for key, value in data.items() if key != "dir"}, catalog)
    return Ordering(term, data.get("dir", "desc"))


def _node(data: Any, catalog: Catalog, depth: int) -> Node:
    if depth > MAX_DEPTH:
        raise InvalidRequest(f"a definition nests at most {MAX_DEPTH} levels deep")
    data = _mapping(data, "a condition")
    if "field" in data:
        return _condition(data, catalog)
    if len(data) != 1 or next(iter(data)) not in ("all", "any", "not"):
        raise InvalidRequest(
            f"a condition has a field, or is exactly one of all, any and not; it has {list(data)!s:.80}"
        )
    key, inner = next(iter(data.items()))
    if key == "not":
        with _inside("not"):
            return Not(_node(inner, catalog, depth + 1))
    if not isinstance(inner, list | tuple):
        raise InvalidRequest(f"{key} needs a list of conditions", path=key)
    parts = []
    for index, part in enumerate(inner):
        with _inside(f"{key}[{index}]"):
            parts.append(_node(part, catalog, depth + 1))
    return AllOf(tuple(parts)) if key == "all" else AnyOf(tuple(parts))


def _condition(data: Mapping[str, Any], catalog: Catalog) -> Condition:
    term = parse_term({key: value for key, value in data.items() if key not in ("op", "value")}, catalog)
    try:
        op = Op(data.get("op", ""))
    except ValueError:
        allowed = ", ".join(term.field.ops)
        raise InvalidRequest(
            f"{term.field.name} can be compared by {allowed}; not by {data.get('op')!r:.80}", path="op"
        ) from None
    if "value" not in data and op not in (Op.ANY, Op.NONE):
        raise InvalidRequest(f"{term.field.name} {op} needs a value", path="value")
    return Condition(term, op, data.get("value"))


def _field(name: Any, catalog: Catalog) -> Field:
    field = catalog.get(name) if isinstance(name, str) else None
    if field is None:
        candidates = near(str(name), catalog.names)
        raise InvalidRequest(
            f"there is no field {name!r:.80}; the nearest are {', '.join(candidates)}",
            path="field",
            candidates=candidates,
        )
    return field


def _window(data: Mapping[str, Any]) -> Window | None:
    given = [key for key in WINDOW_KEYS if data.get(key) is not None]
    if len(given) > 1:
        raise InvalidRequest(f"a condition has one window, not {' and '.join(given)}", path=given[1])
    if not given:
        return None
    if given[0] != "window":
        return LastPeriod(data[given[0]], given[0])  # type: ignore[arg-type]
    with _inside("window"):
        return _fixed_period(_mapping(data["window"], "a window"))


def _fixed_period(data: Mapping[str, Any]) -> FixedPeriod:
    if unknown := sorted(set(data) - {"from", "to"}):
        raise InvalidRequest(f"a window has from and to, not {', '.join(unknown)}")
    ends: dict[str, date | None] = {}
    for name in ("from", "to"):
        with _inside(name, replaces="value"):
            ends[name] = None if data.get(name) is None else read_date(data[name], what=name)
    return FixedPeriod(ends["from"], ends["to"])


def _mapping(data: Any, what: str) -> Mapping[str, Any]:
    if not isinstance(data, Mapping) or not data or not all(isinstance(key, str) for key in data):
        raise InvalidRequest(f"{what} is a JSON object that is not empty, not {data!r:.80}")
    return data


@contextmanager
def _inside(place: str, *, replaces: str | None = None) -> Iterator[None]:
    """Put `place` before the path of an error from within."""
    try:
        yield
    except InvalidRequest as error:
        inner = "" if error.path in (None, replaces) else error.path
        separator = "." if inner and not inner.startswith("[") else ""
        raise InvalidRequest(error.message, path=f"{place}{separator}{inner}", candidates=error.candidates) from None
