"""A definition as rows on a page: groups and conditions, some of which may still lack a value."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from crm.segments.definition import ARRANGEMENT

Json = dict[str, Any]
Joins = Literal["all", "any"]


@dataclass(eq=False)
class ConditionRow:
    """One condition, as its JSON form without `not`."""

    leaf: Json
    is_denied: bool = False

    def to_json(self) -> Json:
        return {"not": dict(self.leaf)} if self.is_denied else dict(self.leaf)


@dataclass(eq=False)
class GroupRow:
    """Conditions and groups of which all, or at least one, must be met."""

    joins: Joins = "all"
    parts: list["Row"] = field(default_factory=list)
    is_denied: bool = False

    def to_json(self) -> Json:
        inner: Json = {self.joins: [part.to_json() for part in self.parts]}
        return {"not": inner} if self.is_denied else inner


Row = ConditionRow | GroupRow


@dataclass(eq=False)
class Rows:
    """The whole definition. The outermost rows are always a group that is not denied."""

    root: GroupRow = field(default_factory=GroupRow)
    listing: Json = field(default_factory=dict)

    def to_json(self) -> Json:
        return self.root.to_json() | self.listing

    def at(self, path: str | None) -> Row | None:
        """The innermost row that a path of an error leads into, such as `all[0].value`; None outside the rows."""
        found = None
        for place, row in _placed(self.root, ""):
            if path is not None and _leads_into(path, place):
                found = row
        return None if found is self.root else found

    def without(self, row: Row) -> None:
        """Take a row away; a nested group that is left empty goes with it."""
        for _, group in _placed(self.root, ""):
            if isinstance(group, GroupRow) and row in group.parts:
                group.parts.remove(row)
                if not group.parts and group is not self.root:
                    self.without(group)
                return


def rows_of(definition: Mapping[str, Any]) -> Rows:
    """The rows of a valid definition. A lone condition, or a denied list, becomes the one part of an `all`."""
    listing = {key: definition[key] for key in ARRANGEMENT if definition.get(key) is not None}
    tree = {key: value for key, value in definition.items() if key not in ARRANGEMENT}
    if not tree:
        return Rows(GroupRow(), listing)
    row = _row(tree)
    is_plain_group = isinstance(row, GroupRow) and not row.is_denied
    return Rows(row if isinstance(row, GroupRow) and is_plain_group else GroupRow(parts=[row]), listing)


def _row(node: Mapping[str, Any]) -> Row:
    if "field" in node:
        return ConditionRow(dict(node))
    if "not" in node:
        inner = _row(node["not"])
        if inner.is_denied:
            return GroupRow(parts=[inner], is_denied=True)
        inner.is_denied = True
        return inner
    joins: Joins = "any" if "any" in node else "all"
    return GroupRow(joins, [_row(part) for part in node[joins]])


def _placed(row: Row, path: str) -> Iterator[tuple[str, Row]]:
    """Every row with the path of its JSON form, outer ones first."""
    yield path, row
    if isinstance(row, GroupRow):
        prefix = ".".join(part for part in (path, "not" if row.is_denied else "", row.joins) if part)
        for index, part in enumerate(row.parts):
            yield from _placed(part, f"{prefix}[{index}]")


def _leads_into(path: str, place: str) -> bool:
    return path == place or not place or path.startswith((f"{place}.", f"{place}["))
