"""A follow-up applied to the request before it: narrowed, corrected, regrouped, or with a condition taken away."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from crm.segments.language.conditions import negated
from crm.segments.language.kinds import Entity, FieldValue, Kind
from crm.segments.language.leaf_conditions import (
    ARGUMENTS,
    Json,
    copied,
    is_positive,
    leaves_of,
    slot,
    speaks_of_channel,
    without_leaves,
)
from crm.segments.language.windows import WINDOW_KEYS

Mode = Literal["narrow", "replace", "extend", "remove"]
_START = 3
"""A cue counts among the first words; further on, "only" and "change" belong to a condition."""
_EXCLUSIVE = frozenset({"tier", "city", "gender", "lifecycle_stage", "preferred_channel", "csm"})


@dataclass(frozen=True)
class Cue:
    """How a follow-up refers to the request before it."""

    mode: Mode
    is_added: bool = False
    """Begins with "and": says more of what it speaks of, and takes nothing back."""
    targets: tuple[str, ...] = ()
    """The fields whose conditions go; `channel` stands for whatever speaks of one."""


def find_cue(items: Sequence[Entity]) -> Cue | None:
    """How a sentence refers to the one before; None when it stands on its own."""
    words = [entity for entity in items if entity.kind not in (Kind.COMMA, Kind.STOP, Kind.VERB)]
    if not words:
        return None
    targets = _removed_fields(words)
    if targets:
        return Cue("remove", targets=targets)
    names = {str(entity.value) for entity in words[:_START] if entity.kind is Kind.REFINE}
    anywhere = {str(entity.value) for entity in words if entity.kind is Kind.REFINE}
    if "replace" in names or (words[-1].kind is Kind.REFINE and words[-1].value == "replace"):
        return Cue("replace")
    if "extend" in anywhere or words[0].kind is Kind.OR:
        return Cue("extend")
    if (
        "pronoun" in anywhere
        or names & {"narrow", "also"}
        or words[0].kind in (Kind.AND, Kind.BUT, Kind.EXCEPT)
        or words[0].text.startswith("and ")
    ):
        return Cue("narrow", is_added=words[0].text.split()[0] in ("and", "且", "并且"))
    return None if any(entity.kind is Kind.HEAD for entity in words) else Cue("narrow")


_TAKING_AWAY = frozenset({Kind.NEGATION, Kind.EXCEPT, Kind.ANY_OF})
_FIELDS_OF_ACTS = {
    "purchase": "orders",
    "spend_or_purchase": "orders.spend",
    "opt_out": "consent",
    "tagged": "tags",
    "anniversary": "joined_at",
}


def _removed_fields(words: Sequence[Entity]) -> tuple[str, ...]:
    """ "without the city filter", "ignore tier", "all cities", "drop the push condition": what is to go."""
    has_rule = any(entity.kind is Kind.RULE for entity in words)
    named = [index for index, entity in enumerate(words) if entity.kind is Kind.FIELD or (has_rule and _names(entity))]
    if not named:
        return ()
    before = words[: named[0]] if has_rule else words[max(0, named[0] - 1) : named[0]]
    takes_away = any(entity.kind in _TAKING_AWAY for entity in before)
    ignores = any(entity.kind is Kind.REFINE and entity.value == "remove" for entity in words)
    if not (takes_away or ignores):
        return ()
    return tuple(dict.fromkeys(_names(words[index]) for index in named))


def _names(entity: Entity) -> str:
    """The field that a word speaks of; empty for other words."""
    if entity.kind is Kind.FIELD:
        return str(entity.value)
    if isinstance(entity.value, FieldValue):
        return entity.value.field
    return _FIELDS_OF_ACTS.get(str(entity.value), str(entity.value)) if entity.kind is Kind.ANCHOR else ""


class Refiner:
    """Changes a copy of a definition's tree."""

    def __init__(self, tree: Json) -> None:
        self.tree: Json = copied(tree)
        if "all" not in self.tree:
            self.tree = {"all": [self.tree]}

    def remove_field(self, name: str) -> bool:
        """Take away every condition on the field, on the family whose name it begins, or on any `channel`."""
        leaves = leaves_of(self.tree)
        named = [leaf for leaf in leaves if _is_about(leaf, name)]
        # "Drop the order condition" leaves "top 5% by spend" alone where another one speaks of orders.
        plain = [leaf for leaf in named if leaf["op"] != "top_percent"] or named
        kept = without_leaves(self.tree, lambda leaf: any(leaf is other for other in plain))
        self.tree = kept or {"all": []}
        return bool(plain)

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


def _is_about(leaf: Json, name: str) -> bool:
    is_field = leaf["field"] == name or leaf["field"].startswith(f"{name}.")
    return is_field or (name == "channel" and speaks_of_channel(leaf))


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
