"""What a follow-up says without saying of what: "in the last 90", "over 2,000", "same for SMS", "and who didn't"."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from crm.segments.language.clauses import Clause
from crm.segments.language.conditions import Ground, negated
from crm.segments.language.coordination import ADULT_AGES
from crm.segments.language.kinds import Comparison, Duration, Period, Quantity
from crm.segments.language.leaf_conditions import (
    DAY_FIELDS,
    Json,
    compares,
    could_have_window,
    has_time,
    is_day_of_year,
    leaves_of,
    speaks_of_channel,
    window_of,
)
from crm.segments.language.refinement import Cue
from crm.segments.language.windows import (
    WINDOW_KEYS,
    coming,
    day_condition,
    month_days,
    rolling_start,
    window,
    window_of_length,
)


@dataclass
class Ellipses:
    periods: list[Period]
    lengths: list[Duration]
    comparisons: list[Comparison]
    channels: tuple[str, ...]
    is_negation: bool


def ellipses_of(clauses: Sequence[Clause]) -> Ellipses:
    found = Ellipses([], [], [], (), is_negation=False)
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


class EllipsisPlacement:
    """Puts orphans where the tree before has their like."""

    def __init__(self, tree: Json, terms: Sequence[Json], ground: Ground, cue: Cue) -> None:
        self._tree = tree
        self._terms = terms
        """Order and measure of the request before: they have windows, too."""
        self._today, self._leap_day = ground.today, ground.leap_day
        self._cue = cue

    def place(self, orphans: Ellipses) -> bool:
        """False when one of the orphans finds no place."""
        placed = [self._period(period) for period in orphans.periods]
        placed.extend(self._length(length) for length in orphans.lengths)
        placed.extend(self._comparison(comparison) for comparison in orphans.comparisons)
        if orphans.channels:
            placed.append(self._channels(orphans.channels, is_negated=orphans.is_negation))
        if orphans.is_negation and not any(placed):
            placed.append(self._turn_last())
        return all(placed)

    def _leaves(self) -> list[Json]:
        return leaves_of(self._tree)

    def _last(self, fits: Callable[[Json], bool]) -> Json | None:
        return next((leaf for leaf in reversed(self._leaves()) if fits(leaf)), None)

    def _last_timed(self) -> Json | None:
        return self._last(has_time) or self._last(could_have_window)

    def _period(self, period: Period) -> bool:
        leaf = self._last_timed()
        if leaf is None:
            return self._rewindow_terms(window(period, self._today))
        if is_day_of_year(leaf):
            leaf["value"] = month_days(period, self._today, self._leap_day) or leaf["value"]
        elif leaf["field"] in DAY_FIELDS:
            leaf.update(_moved(leaf, period, self._today))
        else:
            self._rewindow(leaf, window(period, self._today))
        return True

    def _length(self, length: Duration) -> bool:
        leaf = self._last(lambda leaf: has_time(leaf) or leaf["field"] == "activity_trend") or self._last_timed()
        if leaf is None:
            return self._rewindow_terms(window_of_length(length))
        if leaf["field"] == "activity_trend":
            leaf["value"] = length.in_weeks or max(1, length.count // 7)
        elif is_day_of_year(leaf):
            period = coming(length, self._today)
            leaf["value"] = month_days(period, self._today, self._leap_day) or leaf["value"]
        elif leaf["field"] in DAY_FIELDS:
            leaf["value"] = {f"{length.unit}s_ago": length.count}
        else:
            self._rewindow(leaf, window_of_length(length))
        return True

    def _rewindow(self, leaf: Json, new: Json) -> None:
        """Give the leaf, and every leaf that shared its window, the new one."""
        old = window_of(leaf)
        for other in self._leaves():
            if other is leaf or (old and window_of(other) == old):
                _set_window(other, new)

    def _rewindow_terms(self, new: Json) -> bool:
        terms = [term for term in self._terms if could_have_window(term)]
        for term in terms:
            _set_window(term, new)
        return bool(terms)

    def _comparison(self, comparison: Comparison) -> bool:
        amount = comparison.amount
        if not isinstance(amount, Quantity):
            return False
        if amount.unit == "window":
            return self._window_number(int(amount.amount))
        is_bare = not comparison.op and amount.unit == ""
        leaf = self._last(lambda leaf: compares(leaf, amount.unit) and not (is_bare and _is_yes_or_no(leaf)))
        if leaf is None and amount.unit == "times":
            leaf = self._counted_category()
        if leaf is None:
            return self._window_number(int(amount.amount)) if is_bare else self._age(comparison, amount)
        if self._cue.is_added and _is_other_side(leaf["op"], comparison.op):
            leaf = dict(leaf)
            self._tree["all"].append(leaf)
        scale = 0.01 if leaf["field"] == "churn_risk" and amount.amount > 1 else 1
        number = amount.amount if scale == 1 else round(amount.amount * scale, 6)
        if comparison.op == "between" and isinstance(comparison.upper, Quantity):
            leaf.update(op="between", value=[number, comparison.upper.amount * scale])
        else:
            leaf.update(op=comparison.op or (leaf["op"] if leaf["op"] != "between" else ">="), value=number)
        return True

    def _counted_category(self) -> Json | None:
        """ "bought coffee", then "at least twice": the orders of that category are counted."""
        leaf = self._last(lambda leaf: leaf["field"] == "orders.category" and leaf["op"] == "contains_any")
        if leaf is not None:
            values = leaf["value"]
            leaf.update(field="orders.count", category=values[0] if len(values) == 1 else values, op=">=", value=1)
        return leaf

    def _age(self, comparison: Comparison, amount: Quantity) -> bool:
        """ "and under 35": with no number to change, one that can be an age is an age."""
        if not comparison.op or amount.unit not in ("", "age") or amount.amount not in ADULT_AGES:
            return False
        value: Any = amount.amount
        if isinstance(comparison.upper, Quantity):
            value = [amount.amount, comparison.upper.amount]
        self._tree["all"].append({"field": "age", "op": comparison.op, "value": value})
        return True

    def _window_number(self, number: int) -> bool:
        """ "and in the last 90?": the same kind of window with another number."""
        leaf = self._last(has_time)
        if leaf is None:
            return False
        key = next((key for key in ("window_days", "window_months") if key in leaf), None)
        if key is not None:
            self._rewindow(leaf, {key: number})
        elif isinstance(leaf["value"], dict):
            leaf["value"] = dict.fromkeys(leaf["value"], number)
        else:
            return self._length(Duration(number, "day"))
        return True

    def _channels(self, channels: tuple[str, ...], *, is_negated: bool) -> bool:
        leaf = self._last(speaks_of_channel)
        if leaf is None:
            return False
        if is_negated:
            self._tree["all"].append(negated(_on_channels(leaf, channels)))
        elif self._cue.mode != "extend":
            self._change_channels(leaf, channels)
        elif leaf["field"] == "preferred_channel":
            leaf["value"] = list(dict.fromkeys([*leaf["value"], *channels]))
        else:
            before = dict(leaf)
            leaf.clear()
            leaf["any"] = [before, _on_channels(before, channels)]
        return True

    def _change_channels(self, leaf: Json, channels: tuple[str, ...]) -> None:
        """The new channels instead of the old ones, on every leaf that spoke of these."""
        old = leaf.get("channel")
        said = [old, *(leaf["value"] if leaf["field"] == "preferred_channel" else [])]
        channels = tuple(channel for channel in channels if channel not in said) or channels
        alike = [
            other for other in self._leaves() if other["field"].startswith("messages.") and "messages." in leaf["field"]
        ]
        for other in [leaf, *(other for other in alike if other.get("channel") == old)]:
            new = _on_channels(other, channels)
            other.clear()
            other.update(new)

    def _turn_last(self) -> bool:
        leaves = self._leaves()
        if not leaves:
            return False
        turned = negated(dict(leaves[-1]))
        leaves[-1].clear()
        leaves[-1].update(turned)
        return True


def _on_channels(leaf: Json, channels: tuple[str, ...]) -> Json:
    """The same condition on other channels."""
    if str(leaf["field"]).startswith("consent."):
        return leaf | {"field": f"consent.{channels[-1]}"}
    if leaf["field"] == "preferred_channel":
        return leaf | {"value": list(channels)}
    return leaf | {"channel": channels[0] if len(channels) == 1 else list(channels)}


def _is_yes_or_no(leaf: Json) -> bool:
    """None at all, or any: "no order in 90 days" holds one number that people speak of, and it is not the 0."""
    return (leaf["op"], leaf["value"]) in (("=", 0), (">=", 1)) and has_time(leaf)


def _is_other_side(before: str, now: str) -> bool:
    """ "over 2,000", then "and less than 5,000": a second bound."""
    return {before[:1], now[:1]} == {"<", ">"}


def _set_window(term: Json, new: Json) -> None:
    for key in WINDOW_KEYS:
        term.pop(key, None)
    term.update(new)


def _moved(leaf: Json, period: Period, today: date) -> Json:
    new = day_condition(leaf["field"], period, today)
    is_relative = period.days is not None or period.months is not None
    if is_relative and isinstance(leaf["value"], dict):
        return {"value": rolling_start(period)}
    return {"op": new["op"], "value": new["value"]}
