"""A follow-up applied to the request before it: narrowed, corrected, regrouped, or with a condition taken away."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from crm.segments.language.clauses import Clause
from crm.segments.language.conditions import negated
from crm.segments.language.kinds import Comparison, Duration, Entity, Kind, Period, Quantity
from crm.segments.language.sharing import ADULT_AGES
from crm.segments.language.windows import coming, day_condition, month_days, rolling_start, window, window_of_length

Json = dict[str, Any]
Mode = Literal["narrow", "replace", "extend", "remove"]
_START = 3
"""A cue counts among the first words; further on, "only" and "change" belong to a condition."""
_WINDOW_KEYS = ("window", "window_days", "window_months")
_ARGUMENTS = ("category", "channel", "campaign")
_EXCLUSIVE = frozenset({"tier", "city", "gender", "lifecycle_stage", "preferred_channel", "csm"})
_DAY_FIELDS = frozenset({"joined_at", "last_order_at", "first_order_at"})
_MONEY_FIELDS = frozenset({"orders.spend", "clv", "orders.average"})
_TIMES_FIELDS = ("orders.count", "messages.", "coupon.", "visit.", "service.")


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


@dataclass
class Orphans:
    """What a follow-up says without saying of what: "in the last 90", "over 2,000", "and who didn't"."""

    periods: list[Period]
    lengths: list[Duration]
    comparisons: list[Comparison]
    channels: tuple[str, ...]
    is_negation: bool

    @property
    def is_empty(self) -> bool:
        return not (self.periods or self.lengths or self.comparisons or self.channels or self.is_negation)


def orphans_of(clauses: Sequence[Clause]) -> Orphans:
    found = Orphans([], [], [], (), is_negation=False)
    for clause in clauses:
        found.periods.extend(clause.periods)
        for comparison in clause.comparisons:
            if isinstance(comparison.amount, Duration):
                found.lengths.append(comparison.amount)
            else:
                found.comparisons.append(comparison)
        channels = clause.values("channel")
        found.channels += channels.values if channels is not None else ()
        found.is_negation = found.is_negation or clause.is_negated
    return found


class Refiner:
    """Changes a copy of a definition's tree."""

    def __init__(self, tree: Json, today: date) -> None:
        self._today = today
        self.tree = _copied(tree)
        if "all" not in self.tree:
            self.tree = {"all": [self.tree]}

    def leaves(self) -> list[Json]:
        return list(_leaves(self.tree))

    def apply_orphans(self, orphans: Orphans) -> bool:
        """Put each orphan where the definition before has its like; false when one finds no place."""
        placed = [self._new_period(period) for period in orphans.periods]
        placed.extend(self._new_length(length) for length in orphans.lengths)
        placed.extend(self._new_amount(comparison) for comparison in orphans.comparisons)
        if orphans.channels:
            placed.append(self._new_channel(orphans.channels))
        if orphans.is_negation and not any(placed):
            placed.append(self._turn_last())
        return all(placed)

    def _last(self, fits: Callable[[Json], bool]) -> Json | None:
        return next((leaf for leaf in reversed(self.leaves()) if fits(leaf)), None)

    def _new_period(self, period: Period) -> bool:
        leaf = self._last(_has_time)
        if leaf is None:
            leaf = self._last(_could_have_window)
        if leaf is None:
            return False
        if leaf["op"] in ("month_day_between", "anniversary_between"):
            leaf["value"] = month_days(period, self._today) or leaf["value"]
        elif leaf["field"] in _DAY_FIELDS:
            leaf.update(_moved(leaf, period, self._today))
        else:
            self._rewindow(leaf, window(period, self._today))
        return True

    def _new_length(self, length: Duration) -> bool:
        leaf = self._last(lambda leaf: _has_time(leaf) or leaf["field"] == "activity_trend")
        if leaf is None:
            leaf = self._last(_could_have_window)
        if leaf is None:
            return False
        if leaf["field"] == "activity_trend":
            leaf["value"] = length.in_weeks or max(1, length.count // 7)
        elif leaf["op"] in ("month_day_between", "anniversary_between"):
            leaf["value"] = month_days(coming(length, self._today), self._today) or leaf["value"]
        elif leaf["field"] in _DAY_FIELDS:
            leaf["value"] = {f"{length.unit}s_ago": length.count}
        else:
            self._rewindow(leaf, window_of_length(length))
        return True

    def _rewindow(self, leaf: Json, new: Json) -> None:
        """Give the leaf, and every leaf that shared its window, the new one."""
        old = _window_of(leaf)
        for other in self.leaves():
            if other is leaf or (old and _window_of(other) == old):
                for key in _WINDOW_KEYS:
                    other.pop(key, None)
                other.update(new)

    def _new_amount(self, comparison: Comparison) -> bool:
        amount = comparison.amount
        if not isinstance(amount, Quantity):
            return False
        if amount.unit == "window":
            return self._new_window_number(int(amount.amount))
        leaf = self._last(lambda leaf: _takes(leaf, amount))
        if leaf is None and not comparison.op and amount.unit == "":
            return self._new_window_number(int(amount.amount))
        if leaf is None:
            return self._add_age(comparison, amount)
        scale = 0.01 if leaf["field"] == "churn_risk" and amount.amount > 1 else 1
        number = amount.amount if scale == 1 else round(amount.amount * scale, 6)
        if comparison.op == "between" and isinstance(comparison.upper, Quantity):
            leaf.update(op="between", value=[number, comparison.upper.amount * scale])
        else:
            leaf.update(op=comparison.op or (leaf["op"] if leaf["op"] != "between" else ">="), value=number)
        return True

    def _add_age(self, comparison: Comparison, amount: Quantity) -> bool:
        """ "and under 35": with no number to change, one that can be an age is an age."""
        if not comparison.op or amount.unit not in ("", "age") or amount.amount not in ADULT_AGES:
            return False
        value: Any = amount.amount
        if isinstance(comparison.upper, Quantity):
            value = [amount.amount, comparison.upper.amount]
        self.tree["all"].append({"field": "age", "op": comparison.op, "value": value})
        return True

    def _new_window_number(self, number: int) -> bool:
        """ "and in the last 90?": the same kind of window with another number."""
        leaf = self._last(_has_time)
        if leaf is None:
            return False
        key = next((key for key in ("window_days", "window_months") if key in leaf), None)
        if key is not None:
            self._rewindow(leaf, {key: number})
        elif isinstance(leaf["value"], dict):
            leaf["value"] = dict.fromkeys(leaf["value"], number)
        else:
            return self._new_length(Duration(number, "day"))
        return True

    def _new_channel(self, channels: tuple[str, ...]) -> bool:
        leaf = self._last(
            lambda leaf: (
                "channel" in leaf
                or leaf["field"].startswith(("consent.", "messages."))
                or leaf["field"] == "preferred_channel"
            )
        )
        if leaf is None:
            return False
        if leaf["field"].startswith("consent."):
            leaf["field"] = f"consent.{channels[-1]}"
        elif leaf["field"] == "preferred_channel":
            leaf["value"] = list(channels)
        else:
            for other in self.leaves():
                if other.get("channel") == leaf.get("channel") and other["field"].startswith("messages."):
                    other["channel"] = channels[0] if len(channels) == 1 else list(channels)
        return True

    def _turn_last(self) -> bool:
        leaves = self.leaves()
        if not leaves:
            return False
        turned = negated(dict(leaves[-1]))
        leaves[-1].clear()
        leaves[-1].update(turned)
        return True

    def remove_field(self, name: str) -> bool:
        """Take away every condition on the field, or on the family whose name it begins."""
        before = len(self.leaves())
        self.tree = _pruned(self.tree, lambda leaf: leaf["field"] == name or leaf["field"].startswith(f"{name}.")) or {
            "all": []
        }
        return len(self.leaves()) < before

    def add(self, node: Json, mode: Mode) -> None:
        """Bring in one condition of the follow-up."""
        like = self._alike(node, mode) if "field" in node else None
        if like is None and str(node.get("field")).startswith("messages."):
            node = self._as_before(node)
        if mode == "extend":
            self._extend(node, like)
        elif like is None:
            self.tree["all"].append(node)
        else:
            self._replace(like, node)

    def _as_before(self, node: Json) -> Json:
        """ "and clicked?": the same messages over the same window as before."""
        kin = self._last(lambda leaf: str(leaf["field"]).startswith("messages."))
        if kin is None or any(key in node for key in (*_WINDOW_KEYS, *_ARGUMENTS)):
            return node
        return {key: kin[key] for key in (*_WINDOW_KEYS, *_ARGUMENTS) if key in kin} | node

    def correct(self, nodes: list[Json]) -> list[Json]:
        """ "tea, not coffee": what was understood is replaced; gives the conditions still to be brought in."""
        left = list(nodes)
        for denied in nodes:
            right = [node for node in nodes if node is not denied and node.get("field") == denied.get("field")]
            wrong = [leaf for leaf in self.leaves() if _denies(denied, leaf)]
            if right and wrong:
                self._replace(wrong[-1], right[0])
                left = [node for node in left if node is not denied and node is not right[0]]
        return left

    def _extend(self, node: Json, like: Json | None) -> None:
        if (
            like is not None
            and isinstance(like["value"], list)
            and isinstance(node["value"], list)
            and like["op"] == node["op"]
        ):
            like["value"] = list(dict.fromkeys([*like["value"], *node["value"]]))
        elif self.tree["all"]:
            before = self.tree["all"][0] if len(self.tree["all"]) == 1 else {"all": self.tree["all"]}
            self.tree = {"all": [{"any": [before, node]}]}
        else:
            self.tree["all"].append(node)

    def _alike(self, node: Json, mode: Mode) -> Json | None:
        """The condition before that the new one stands for."""
        same = [leaf for leaf in self.leaves() if _slot(leaf) == _slot(node)]
        if mode in ("replace", "extend"):
            return same[-1] if same else self._alike_argument(node)
        if node["field"] in _EXCLUSIVE or isinstance(node["value"], bool):
            kept = [leaf for leaf in same if _is_positive(leaf) and _is_positive(node)]
            if isinstance(node["value"], bool):
                kept = same
            return kept[-1] if kept else None
        return None

    def _alike_argument(self, node: Json) -> Json | None:
        """ "what about tea?": the category of an order count counts as its like."""
        if node["field"] == "orders.category":
            found = [leaf for leaf in self.leaves() if "category" in leaf]
            return found[-1] if found else None
        return None

    def _replace(self, like: Json, node: Json) -> None:
        if node["field"] == "orders.category" and like["field"] != "orders.category":
            values = node["value"]
            like["category"] = values[0] if len(values) == 1 else values
            return
        kept = {key: like[key] for key in (*_WINDOW_KEYS, *_ARGUMENTS) if key in like}
        if any(key in node for key in _WINDOW_KEYS):
            kept = {key: value for key, value in kept.items() if key not in _WINDOW_KEYS}
        new = kept | node
        like.clear()
        like.update(new)


def _copied(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _copied(value) for key, value in node.items()}
    return [_copied(part) for part in node] if isinstance(node, list | tuple) else node


def _leaves(node: Json) -> list[Json]:
    if "field" in node:
        return [node]
    parts: list[Json] = [node["not"]] if "not" in node else node["all" if "all" in node else "any"]
    return [leaf for part in parts for leaf in _leaves(part)]


def _pruned(node: Json, goes: Callable[[Json], bool]) -> Json | None:
    if "field" in node:
        return None if goes(node) else node
    if "not" in node:
        inner = _pruned(node["not"], goes)
        return {"not": inner} if inner is not None else None
    key = "all" if "all" in node else "any"
    kept = (_pruned(part, goes) for part in node[key])
    parts = [part for part in kept if part is not None]
    return {key: parts} if parts else None


def _slot(leaf: Json) -> tuple[Any, ...]:
    """What makes two conditions speak of the same thing."""
    if leaf["op"] in ("month_day_between", "anniversary_between"):
        return leaf["field"], leaf["op"]
    return (leaf["field"],)


def _is_positive(leaf: Json) -> bool:
    return leaf["op"] in ("in", "=") and leaf["value"] is not False


def _has_time(leaf: Json) -> bool:
    if any(key in leaf for key in _WINDOW_KEYS) or leaf["field"] in _DAY_FIELDS:
        return True
    return leaf["op"] in ("month_day_between", "anniversary_between")


def _could_have_window(leaf: Json) -> bool:
    return str(leaf["field"]).startswith(("orders.", "messages.", "coupon.", "campaign", "visit.", "service."))


def _denies(node: Json, leaf: Json) -> bool:
    return (
        "field" in node
        and leaf["field"] == node["field"]
        and negated(node).get("op") == leaf["op"]
        and (node["value"] == leaf["value"])
    )


def _window_of(leaf: Json) -> Json:
    return {key: leaf[key] for key in _WINDOW_KEYS if key in leaf}


def _moved(leaf: Json, period: Period, today: date) -> Json:
    new = day_condition(leaf["field"], period, today)
    is_relative = period.days is not None or period.months is not None
    if is_relative and isinstance(leaf["value"], dict):
        return {"value": rolling_start(period)}
    return {"op": new["op"], "value": new["value"]}


def _takes(leaf: Json, amount: Quantity) -> bool:
    """Whether the leaf compares the kind of number that the words name."""
    value = leaf["value"]
    pair = isinstance(value, list) and bool(value) and isinstance(value[0], int | float)
    if isinstance(value, bool) or not (isinstance(value, int | float) or pair):
        return False
    field = str(leaf["field"])
    if amount.unit == "money":
        return field in _MONEY_FIELDS
    if amount.unit == "percent":
        return field == "churn_risk"
    if amount.unit == "points":
        return field == "points_balance"
    if amount.unit == "times":
        return field.startswith(_TIMES_FIELDS)
    return field == "age" if amount.unit == "age" else True
