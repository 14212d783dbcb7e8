"""Where the parts of a definition stand, such as `all[0].any[1]`, and the definition without one of them."""

from collections.abc import Iterator
from dataclasses import dataclass

from crm.segments.definition import AllOf, AnyOf, Condition, Node, Not


@dataclass(frozen=True)
class Placed:
    """A part of a tree with its path as it stands in the JSON form; the root's path is empty."""

    path: str
    node: Node


def placed_nodes(node: Node, path: str = "") -> Iterator[Placed]:
    """Every part that can go on its own, in reading order: not the outermost list, nor what a `not` denies."""
    if path or not isinstance(node, AllOf):
        yield Placed(path, node)
    inside = _children(node, path)
    if isinstance(node, Not):
        inside = (found for inner_path, inner in inside for found in _children(inner, inner_path))
    for inner_path, inner in inside:
        yield from placed_nodes(inner, inner_path)


def placed_conditions(node: Node, path: str = "") -> Iterator[tuple[str, Condition]]:
    """Every comparison with its path, in reading order."""
    if isinstance(node, Condition):
        yield path, node
    for inner_path, inner in _children(node, path):
        yield from placed_conditions(inner, inner_path)


def conjuncts(node: Node, path: str = "") -> tuple[Placed, ...]:
    """What every member of the segment meets: the parts of the outermost `all`, or the one condition there is."""
    if not isinstance(node, AllOf):
        return (Placed(path, node),)
    return tuple(found for inner_path, inner in _children(node, path) for found in conjuncts(inner, inner_path))


def depth_of(node: Node) -> int:
    """How many levels deep a tree nests."""
    return 1 + max((depth_of(inner) for _path, inner in _children(node, "")), default=0)


def without(root: Node, path: str) -> Node:
    """The tree without the part at `path`; lists that it leaves empty go with it. Nothing left means everyone."""
    return _without(root, "", path) or AllOf()


def _without(node: Node, here: str, path: str) -> Node | None:
    if here == path:
        return None
    children = [(_without(inner, inner_path, path), inner) for inner_path, inner in _children(node, here)]
    if all(kept is inner for kept, inner in children):
        return node
    parts = tuple(kept for kept, _inner in children if kept is not None)
    if not parts:
        return None
    if isinstance(node, Not):
        return Not(parts[0])
    return AnyOf(parts) if isinstance(node, AnyOf) else AllOf(parts)


def _children(node: Node, path: str) -> Iterator[tuple[str, Node]]:
    prefix = f"{path}." if path else ""
    if isinstance(node, Not):
        yield f"{prefix}not", node.part
    elif isinstance(node, AllOf | AnyOf):
        key = "all" if isinstance(node, AllOf) else "any"
        for index, part in enumerate(node.parts):
            yield f"{prefix}{key}[{index}]", part
