"""A follow-up applied to the request before it: narrowed, corrected, regrouped, or with a condition taken away."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from crm.segments.language.conditions import negated
from crm.segments.language.kinds import Entity, Kind
from crm.segments.language.leaves import (
    ARGUMENTS,
    Json,
    copied,
    is_positive,
    leaves_of,
    slot,
    without_leaves,
)
from crm.segments.language.windows import WINDOW_KEYS

Mode = Literal["narrow", "replace", "extend", "remove"]
_START = 3
"""A cue counts among the first words; further on, "only" and "change" belong to a condition."""
_EXCLUSIVE = frozenset({"tier", "city", "gender", "lifecycle_stage", "preferred_channel", "csm"})


@dataclass(frozen=True)
class Cue:
    mode: Mode
    is_pronoun: bool = False
    """Spoken of the members found before: of those, them."""


def find_cue(items: Sequence[Entity]) -> Cue | None:
    """How a sentence refers to the one before; None when it stands on its own."""
    words = [entity for entity in items if entity.kind not in (Kind.COMMA, Kind.STOP, Kind.VERB)]
    names = [(index, str(entity.value)) for index, entity in enumerate(words) if entity.kind is Kind.REFINE]
    is_pronoun = any(name == "pronoun" for _, name in names)
    if _removes(words, names):
        return Cue("remove", is_pronoun)
    for mode in ("replace", "extend"):
        at_end = mode == "extend" or words[-1:] == [words[index] for index, name in names if name == mode][-1:]
        if any(name == mode and (index < _START or at_end) for index, name in names):
            return Cue("replace" if mode == "replace" else "extend", is_pronoun)
    if is_pronoun or any(name in ("narrow", "also") and index < _START for index, name in names):
        return Cue("narrow", is_pronoun)
    if words and words[0].kind is Kind.OR:
        return Cue("extend")
    if words and words[0].kind in (Kind.AND, Kind.BUT, Kind.EXCEPT):
        return Cue("narrow")
    has_noun = any(entity.kind is Kind.HEAD for entity in words)
    return None if has_noun or not words else Cue("narrow")


def _removes(words: Sequence[Entity], names: list[tuple[int, str]]) -> bool:
    """ "without the city filter", "ignore tier", "all cities": a field is named and no value of it."""
    fields = [index for index, entity in enumerate(words) if entity.kind is Kind.FIELD]
    takes_away = any(name == "remove" for _, name in names)
    if not fields:
        return takes_away
    before = words[fields[0] - 1] if fields[0] else None
    if before is not None and before.kind in (Kind.NEGATION, Kind.EXCEPT, Kind.ANY_OF):
        return True
    return takes_away


class Refiner:
    """Changes a copy of a definition's tree."""

    def __init__(self, tree: Json) -> None:
        self.tree: Json = copied(tree)
        if "all" not in self.tree:
            self.tree = {"all": [self.tree]}

    def remove_field(self, name: str) -> bool:
        """Take away every condition on the field, or on the family whose name it begins."""
        before = len(leaves_of(self.tree))
        kept = without_leaves(self.tree, lambda leaf: leaf["field"] == name or leaf["field"].startswith(f"{name}."))
        self.tree = kept or {"all": []}
        return len(leaves_of(self.tree)) < before

    def correct(self, nodes: list[Json]) -> list[Json]:
        """ "tea, not coffee": what was understood is replaced; gives the conditions still to be brought in."""
        left = list(nodes)
        for denied in nodes:
            right = [node for node in nodes if node is not denied and node.get("field") == denied.get("field")]
            wrong = [leaf for leaf in leaves_of(self.tree) if _denies(denied, leaf)]
            if right and wrong:
                _replace(wrong[-1], right[0])
                left = [node for node in left if node is not denied and node is not right[0]]
        return left

    def add(self, node: Json, mode: Mode) -> None:
        """Bring in one condition of the follow-up."""
        like = self._alike(node, mode) if "field" in node else None
        if mode == "extend":
            self._extend(node, like)
        elif like is not None:
            _replace(like, node)
        else:
            self.tree["all"].append(self._as_before(node))

    def _alike(self, node: Json, mode: Mode) -> Json | None:
        """The condition before that the new one stands for."""
        same = [leaf for leaf in leaves_of(self.tree) if slot(leaf) == slot(node)]
        if mode in ("replace", "extend"):
            return same[-1] if same else self._alike_argument(node)
        if isinstance(node["value"], bool):
            return same[-1] if same else None
        kept = [leaf for leaf in same if node["field"] in _EXCLUSIVE and is_positive(leaf) and is_positive(node)]
        return kept[-1] if kept else None

    def _alike_argument(self, node: Json) -> Json | None:
        """ "what about tea?": the category of an order count counts as its like."""
        found = [leaf for leaf in leaves_of(self.tree) if "category" in leaf]
        return found[-1] if found and node["field"] == "orders.category" else None

    def _as_before(self, node: Json) -> Json:
        """ "and clicked?": the same messages over the same window as before."""
        kin = [leaf for leaf in leaves_of(self.tree) if leaf["field"].startswith("messages.")]
        is_new = not any(key in node for key in (*WINDOW_KEYS, *ARGUMENTS))
        if not (kin and is_new and str(node.get("field")).startswith("messages.")):
            return node
        return {key: kin[-1][key] for key in (*WINDOW_KEYS, *ARGUMENTS) if key in kin[-1]} | node

    def _extend(self, node: Json, like: Json | None) -> None:
        both_lists = like is not None and isinstance(like["value"], list) and isinstance(node["value"], list)
        if like is not None and both_lists and like["op"] == node["op"]:
            like["value"] = list(dict.fromkeys([*like["value"], *node["value"]]))
        elif self.tree["all"]:
            before = self.tree["all"][0] if len(self.tree["all"]) == 1 else {"all": self.tree["all"]}
            self.tree = {"all": [{"any": [before, node]}]}
        else:
            self.tree["all"].append(node)


def _replace(like: Json, node: Json) -> None:
    if node["field"] == "orders.category" and like["field"] != "orders.category":
        values = node["value"]
        like["category"] = values[0] if len(values) == 1 else values
        return
    kept = {key: like[key] for key in (*WINDOW_KEYS, *ARGUMENTS) if key in like}
    if any(key in node for key in WINDOW_KEYS):
        kept = {key: value for key, value in kept.items() if key not in WINDOW_KEYS}
    new = kept | node
    like.clear()
    like.update(new)


def _denies(node: Json, leaf: Json) -> bool:
    if node.get("field") != leaf["field"] or node["value"] != leaf["value"]:
        return False
    return bool(negated(node).get("op") == leaf["op"])
