"""Clauses to one tree: what holds together, what stands side by side, what is taken away."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from crm.segments.language.clauses import Clause
from crm.segments.language.conditions import Ground, conditions, negated

Json = dict[str, Any]
EVERYONE: Json = {"all": []}


def build_tree(clauses: Sequence[Clause], ground: Ground) -> tuple[Json, list[Clause]]:
    """The tree, and the clauses that say nothing a segment can ask."""
    groups: list[list[tuple[Clause, Json]]] = [[]]
    empty: list[Clause] = []
    for clause in clauses:
        nodes = conditions(clause, ground)
        if nodes is None:
            empty.append(clause)
            continue
        if clause.link == "split_or" and groups[-1] and clause.exception is None:
            groups.append([])
        node = nodes[0] if len(nodes) == 1 else {"all": nodes}
        groups[-1].append((clause, node))
    trees = [_one_group(group) for group in groups if group]
    if not trees:
        return {"all": []}, empty
    return (trees[0] if len(trees) == 1 else {"any": [_unwrapped(tree) for tree in trees]}), empty


def _one_group(group: list[tuple[Clause, Json]]) -> Json:
    kept = [(clause, node) for clause, node in group if clause.exception is None]
    nodes = _alternatives(kept)
    taken_away = [(clause, node) for clause, node in group if clause.exception is not None]
    for _, members in groupby(taken_away, key=lambda pair: pair[0].exception):
        nodes.extend(_taken_away([node for _, node in members]))
    return {"all": _flat(nodes)}


def _taken_away(nodes: list[Json]) -> list[Json]:
    node = nodes[0] if len(nodes) == 1 else {"all": nodes}
    if "any" in node:
        return [negated(part) for part in node["any"]]
    return [negated(node)]


def _alternatives(pairs: list[tuple[Clause, Json]]) -> list[Json]:
    """Neighbours joined by `or` become one node."""
    nodes: list[Json] = []
    for clause, node in pairs:
        if clause.link == "or" and nodes:
            before = nodes[-1]
            parts = before.get("any", [before])
            nodes[-1] = {"any": [*parts, node]}
        else:
            nodes.append(node)
    return nodes


def _flat(nodes: list[Json]) -> list[Json]:
    found: list[Json] = []
    for node in nodes:
        found.extend(_flat(node["all"]) if "all" in node else [node])
    return [node for index, node in enumerate(found) if node not in found[:index]]


def _unwrapped(tree: Json) -> Json:
    parts = tree.get("all")
    return parts[0] if parts is not None and len(parts) == 1 else tree
