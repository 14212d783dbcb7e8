"""The part of a request that is not a condition: order, limit, groups and the number asked for per group."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from crm.fields import Field
from crm.segments.language.kinds import Entity, FieldValue, Kind, Period, Quantity, WholeCondition
from crm.segments.language.selected import Selection
from crm.segments.language.top_share import ranks_some, share_condition
from crm.segments.language.windows import window

Json = dict[str, Any]
_MEASURES = {
    "purchase": "orders.count",
    "orders.spend": "orders.spend",
    "spend_or_purchase": "orders.spend",
    "joined_at": "joined_at",
    "last_order_at": "last_order_at",
    "message": "messages.received",
    "activity": "activity_score",
}
_TIME_ORDER = frozenset({"most recent", "most recently", "newest", "latest", "earliest", "longest standing"})
_BREAKS = frozenset({"break", "broken", "split"})
"""Verbs whose "down" says nothing of activity."""
_SHOWN_ALONE = frozenset({"orders.spend", "orders.average", "clv", "points_balance", "churn_risk", "activity_score"})
"""Measures that need no word for average or total."""
_MAX_GROUPS = 2


def _parted(entity: Entity) -> list[Entity]:
    """ "orders by city" has the sound of "order by" and counts orders."""
    if entity.kind is not Kind.SORT or not entity.text.startswith("orders "):
        return [entity]
    cut = entity.start + len("orders")
    return [
        replace(entity, kind=Kind.ANCHOR, value="purchase", end=cut, text="orders"),
        replace(entity, kind=Kind.EACH, value="", start=cut + 1, text="by"),
    ]


@dataclass
class _Measure:
    term: Json
    end: int
    """The index after its last item."""


class SelectionReader:
    """Takes the items that speak of order, limit and groups out of a sentence."""

    def __init__(self, items: Sequence[Entity], fields: Mapping[str, Field], today: date, working: str) -> None:
        self._items = [part for entity in items for part in _parted(entity)]
        self._fields = fields
        self._today = today
        self._working = working
        self._taken: set[int] = set()
        self._top: int | None = None
        """Where the "top" of a percentage stands."""
        self._order_start = 0
        self._conditions: dict[int, Entity] = {}
        """What became a condition, by the place of its first word."""
        self.selection = Selection()

    def read(self) -> tuple[Selection, list[Entity]]:
        """The selection, and the items that are left for conditions."""
        for step in (self._read_groups, self._read_top, self._read_superlatives, self._read_order, self._read_metric):
            for index in range(len(self._items)):
                if index not in self._taken:
                    step(index)
        self._finish()
        left = [
            self._conditions.get(index, entity)
            for index, entity in enumerate(self._items)
            if index not in self._taken or index in self._conditions
        ]
        return self.selection, left

    def _kind(self, index: int) -> Kind | None:
        return self._items[index].kind if 0 <= index < len(self._items) and index not in self._taken else None

    def _take(self, *indexes: int) -> None:
        self._taken.update(indexes)

    def _read_groups(self, index: int) -> None:
        """by city and gender, per tier, tier breakdown, split across stages, 各城市."""
        if self._kind(index) is not Kind.FIELD or len(self.selection.group_by) >= _MAX_GROUPS:
            return
        before, after = self._kind(index - 1), self._kind(index + 1)
        starts = before in (Kind.EACH, Kind.SPREAD) or (before is Kind.REFINE and self._kind(index - 2) is Kind.EACH)
        ends = after in (Kind.SPREAD, Kind.EACH) and not (after is Kind.EACH and self._kind(index + 2) is Kind.FIELD)
        goes_on = bool(self.selection.group_by) and self._follows_group(index)
        is_last = after is Kind.SPREAD
        if not (starts or is_last or goes_on or (ends and self._kind(index + 2) is None)):
            if after is Kind.EACH and self._kind(index + 2) is Kind.FIELD:
                self._add_group(index)
            return
        self._add_group(index)
        if starts:
            self._take(index - 1)
        if is_last:
            self._take(index + 1)

    def _follows_group(self, index: int) -> bool:
        link = index - 1
        while link in self._taken and self._items[link].kind in (Kind.EACH, Kind.AND):
            link -= 1
        if self._kind(link) in (Kind.AND, Kind.COMMA, Kind.EACH) and self._items[link - 1].kind is Kind.FIELD:
            if link - 1 in self._taken:
                self._take(link)
                return True
            return False
        return self._items[index - 1].kind is Kind.FIELD and index - 1 in self._taken

    def _add_group(self, index: int) -> None:
        name = str(self._items[index].value)
        if name not in self.selection.group_by:
            self.selection.group_by += (name,)
        self._take(index)

    def _read_top(self, index: int) -> None:
        """top 20, bottom 5%, top 10 cities, 前10名, "the 50 members with the highest ..."."""
        following = self._items[index + 1].value if self._kind(index + 1) is Kind.NUMBER else None
        is_limit = self._kind(index) is Kind.REFINE and self._items[index].text.startswith("limit")
        if (self._kind(index) is Kind.TOP or is_limit) and isinstance(following, Quantity):
            self._set_limit(following)
            self._take(index, index + 1)
            self._top = index
            if self._items[index].value == "asc" and self.selection.order_by is None:
                self.selection.order_by = {"dir": "asc"}
            if self._kind(index + 2) is Kind.FIELD:
                self._add_group(index + 2)
            else:
                self._order_beside(index)
        elif self._kind(index) is Kind.NUMBER and self._counts_members(index):
            number = self._items[index].value
            if isinstance(number, Quantity):
                self._set_limit(number)
                self._take(index)

    def _order_beside(self, index: int) -> None:
        """top 20 spenders, 消费总额前50: the measure stands right after or right before."""
        if self.selection.order_by not in (None, {"dir": "asc"}):
            return
        direction = (self.selection.order_by or {}).get("dir", "desc")
        start = index + 2
        while self._kind(start) is Kind.VALUE:
            start += 1
        after = self._measure_at(start) if self._kind(start) is Kind.ANCHOR else None
        if after is not None and after.term["field"] != "joined_at":
            for between in range(index + 2, start):
                if self._extend(after.term, self._fields[after.term["field"]], self._items[between]):
                    self._take(between)
            self._order(after.term, direction, start, after.end)
        elif self._kind(index - 1) is Kind.ANCHOR and not self._averages(index - 2):
            self._order_before(index, direction)

    def _averages(self, index: int) -> bool:
        """ "The average spend of the top 5% by points": the spend is what is asked for."""
        return self._kind(index) is Kind.AGGREGATE and self._items[index].value in ("avg", "median")

    def _order_before(self, index: int, direction: str) -> bool:
        """The measure that ends at `index`, with the period before it."""
        measure = self._measure_at(index - 1)
        if measure is None:
            return False
        start = index - 1
        if self._kind(start - 1) is Kind.PERIOD and self._extend(
            measure.term, self._fields[measure.term["field"]], self._items[start - 1]
        ):
            start -= 1
        end = index
        while self._kind(end) in (Kind.SUPERLATIVE, Kind.PERIOD):
            if self._kind(end) is Kind.PERIOD:
                self._extend(measure.term, self._fields[measure.term["field"]], self._items[end])
            end += 1
        self._order(measure.term, direction, start, end)
        return True

    def _counts_members(self, index: int) -> bool:
        """A bare number before a noun for members: "20 gold members", "5 biggest spenders"."""
        number = self._items[index].value
        if not isinstance(number, Quantity) or number.unit or self._kind(index - 1) in (Kind.COMPARE, Kind.BETWEEN):
            return False
        position = index + 1
        while self._kind(position) in (Kind.VALUE, Kind.SUPERLATIVE, Kind.VAGUE):
            if self._kind(position) is Kind.SUPERLATIVE:
                return True
            position += 1
        return self._kind(position) is Kind.HEAD

    def _set_limit(self, number: Quantity) -> None:
        if number.unit == "percent":
            self.selection.limit_percent = float(number.amount)
        elif number.unit == "" and float(number.amount).is_integer() and number.amount > 0:
            self.selection.limit = int(number.amount)

    def _measure_at(self, index: int) -> _Measure | None:
        """A number that every member has, with its category, channel and period."""
        while self._kind(index) in (Kind.AGGREGATE, Kind.REFINE, Kind.LEVEL) or index in self._taken:
            if index >= len(self._items) - 1:
                return None
            index += 1
        if self._kind(index) is not Kind.ANCHOR:
            return None
        name = _MEASURES.get(str(self._items[index].value), str(self._items[index].value))
        entry = self._fields.get(name)
        if entry is None or not entry.can_order:
            return None
        term: Json = {"field": name}
        end = index + 1
        while self._kind(end) in (Kind.PERIOD, Kind.VALUE, Kind.ANCHOR) and self._extend(term, entry, self._items[end]):
            end += 1
        return _Measure(term, end)

    def _extend(self, term: Json, entry: Field, item: Entity) -> bool:
        if isinstance(item.value, Period) and entry.has_windows:
            term |= window(item.value, self._today)
            return True
        if isinstance(item.value, FieldValue) and item.value.field in {q.name for q in entry.qualifiers}:
            term[item.value.field] = item.value.values[0] if len(item.value.values) == 1 else list(item.value.values)
            return True
        return item.kind is Kind.ANCHOR and _MEASURES.get(str(item.value), str(item.value)) == term["field"]

    def _read_superlatives(self, index: int) -> None:
        """highest clv, most orders, spent the most, 消费最高, newest members."""
        if self._kind(index) is not Kind.SUPERLATIVE:
            return
        direction = str(self._items[index].value)
        number = self._items[index + 1].value if self._kind(index + 1) is Kind.NUMBER else None
        if isinstance(number, Quantity):
            self._set_limit(number)
            self._take(index + 1)
        following = index + 2 if number is not None else index + 1
        is_of_time = self._items[index].text.replace("-", " ") in _TIME_ORDER
        if is_of_time and self._kind(following) in (Kind.HEAD, None, Kind.STOP):
            self._order({"field": "joined_at"}, direction, index, index + 1)
            return
        measure = self._measure_at(following)
        if measure is not None:
            is_said_twice = self._kind(index - 1) is Kind.ANCHOR and self._extend(
                measure.term, self._fields[measure.term["field"]], self._items[index - 1]
            )
            self._order(measure.term, direction, index - 1 if is_said_twice else index, measure.end)
        elif not (self._kind(index - 1) is Kind.ANCHOR and self._order_before(index, direction)):
            self._rank_groups(index)

    def _rank_groups(self, index: int) -> None:
        """Which city has the most gold members."""
        fields = [i for i in range(index) if self._kind(i) is Kind.FIELD]
        if fields and not self.selection.group_by:
            self._add_group(fields[-1])
            self._take(index)
        elif self.selection.group_by:
            self._take(index)

    def _order(self, term: Json, direction: str, start: int, end: int) -> None:
        self._order_start = start
        self.selection.order_by = term | {"dir": direction}
        self._take(*(i for i in range(start, end)))
        self._await_window(self.selection.order_by)

    def _await_window(self, term: Json) -> None:
        entry = self._fields.get(str(term.get("field")))
        if entry is not None and entry.has_windows and not {"window", "window_days", "window_months"} & set(term):
            self.selection.awaits_window.append(term)

    def _read_order(self, index: int) -> None:
        """by spend since January, sorted by clv, 按积分排序."""
        kind = self._kind(index)
        if kind not in (Kind.SORT, Kind.EACH) or self.selection.metric is not None:
            return
        start = index + 1
        while self._kind(start) is Kind.EACH:
            start += 1
        measure = self._measure_at(start)
        if measure is None:
            return
        end = measure.end
        if self._kind(start) is Kind.AGGREGATE and self.selection.group_by:
            self._set_metric(str(self._items[start].value), measure.term, index, end)
            return
        self._order(measure.term, self._direction_before(index), index, end)
        if self._kind(end) is Kind.SORT:
            self._take(end)

    def _direction_before(self, index: int) -> str:
        """ "oldest 10 members by join date": the superlative ahead gives the direction."""
        for before in range(index):
            if self._kind(before) is Kind.SUPERLATIVE:
                self._take(before)
                return str(self._items[before].value)
        return str((self.selection.order_by or {}).get("dir", "desc"))

    def _read_metric(self, index: int) -> None:
        """average points per tier, total spend by city."""
        if self._kind(index) is not Kind.AGGREGATE:
            return
        function = str(self._items[index].value)
        measure = self._measure_at(index + 1)
        if measure is None:
            place = index - 2 if self._kind(index - 1) is Kind.COMMA else index - 1
            before = self._measure_at(place) if self._kind(place) is Kind.ANCHOR else None
            if before is not None and function != "share":
                self._set_metric(function, before.term, place, index + 1)
            elif function == "share":
                self.selection.metric = {"fn": "share"}
                self._take(index)
            elif function in ("avg", "median"):
                self.selection.bare_function = function
                self._take(index)
            return
        if (
            self._kind(measure.end) in (Kind.COMPARE, Kind.NUMBER, Kind.BETWEEN)
            or self._kind(index - 1) is Kind.COMPARE
        ):
            return
        self._set_metric(function, measure.term, index, measure.end)

    def _set_metric(self, function: str, term: Json, start: int, end: int) -> None:
        self.selection.metric = {"fn": function, **term}
        self._take(*range(start, end))
        self._await_window(self.selection.metric)

    def _finish(self) -> None:
        chosen = self.selection
        for index in range(len(self._items)):
            if self._items[index].text == "down" and any(item.text in _BREAKS for item in self._items[:index]):
                self._take(index)
            if self._kind(index) is Kind.DIRECTION:
                if chosen.order_by is not None:
                    chosen.order_by["dir"] = str(self._items[index].value)
                self._take(index)
        if chosen.order_by is not None and "field" not in chosen.order_by:
            chosen.order_by = None
            chosen.direction = "asc"
        if chosen.order_by is not None and chosen.limit is None:
            self._closing_limit()
        if chosen.limit_percent is not None and self._top is not None and chosen.order_by is not None:
            self._finish_share(self._top, chosen.order_by, chosen.limit_percent)
        if chosen.group_by and chosen.limit_percent is None:
            self._finish_groups()
        elif chosen.group_by and chosen.metric is None:
            chosen.metric = {"fn": "count"}

    def _finish_share(self, top: int, order_by: Json, percent: float) -> None:
        """A top share of everybody is a condition; one of some members is the beginning of their list."""
        first = min(top, self._order_start)
        if order_by["dir"] == "asc" or ranks_some(self._items, first, top, self._taken, self._working):
            return
        chosen = self.selection
        condition = share_condition(order_by, percent, self._items[top])
        self._conditions[top] = condition
        chosen.limit_percent = None
        if any(waiting is order_by for waiting in chosen.awaits_window) and isinstance(condition.value, WholeCondition):
            chosen.awaits_window.append(condition.value.node)
        if chosen.group_by or chosen.metric or self._kind(first - 1) in (Kind.NEGATION, Kind.EXCEPT):
            chosen.order_by = None

    def _closing_limit(self) -> None:
        """ "who redeemed the most coupons? show 15": a number that stands alone in an ordered list."""
        ends = (None, Kind.STOP, Kind.COMMA)
        for index, entity in enumerate(self._items):
            is_alone = self._kind(index - 1) in ends and self._kind(index + 1) in ends
            if self._kind(index) is Kind.NUMBER and is_alone and isinstance(entity.value, Quantity):
                self._set_limit(entity.value)
                self._take(index)

    def _finish_groups(self) -> None:
        """With groups, a measure is what each group shows."""
        chosen = self.selection
        if chosen.order_by is not None and chosen.metric is None:
            term = {key: value for key, value in chosen.order_by.items() if key != "dir"}
            chosen.metric = {
                "fn": "sum" if term["field"].startswith(("orders.", "messages.", "coupon.")) else "avg",
                **term,
            }
            chosen.awaits_window = [
                chosen.metric if waiting is chosen.order_by else waiting for waiting in chosen.awaits_window
            ]
            chosen.order_by = None
        if chosen.metric is None:
            self._bare_measure()
        if chosen.metric is None:
            chosen.metric = {"fn": "count"}

    def _bare_measure(self) -> None:
        """ "spend by tier": the measure alone, with nothing that compares it."""
        for index, entity in enumerate(self._items):
            if self._kind(index) is not Kind.ANCHOR or entity.value == "purchase":
                continue
            measure = self._measure_at(index)
            neighbours = {self._kind(index - 1), self._kind(measure.end) if measure else None}
            if measure is None or neighbours & {Kind.COMPARE, Kind.NUMBER, Kind.NEGATION, Kind.LEVEL, Kind.OPEN}:
                continue
            if measure.term["field"] in _SHOWN_ALONE:
                function = "sum" if measure.term["field"] == "orders.spend" else "avg"
                self._set_metric(function, measure.term, index, measure.end)
            return
