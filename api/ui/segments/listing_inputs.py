"""Whether the segment is everybody who meets its conditions, or only the first of them in an order."""

from collections.abc import Callable
from typing import Any

from nicegui import ui

from api.ui import formats
from api.ui.segments.comparisons import WINDOW_KEYS, Json
from api.ui.theme import block, text
from crm.catalog import CATALOG

_MEMBERS, _PERCENT = "limit", "limit_percent"
FIRST_LIMITS = {_MEMBERS: 100, _PERCENT: 5}


def listing_inputs(listing: Json, changed: Callable[[], None]) -> None:
    """Draws into the open slot; writes into `listing` and calls `changed` after each edit."""
    _ListingInputs(listing, changed).draw()


class _ListingInputs:
    def __init__(self, listing: Json, changed: Callable[[], None]) -> None:
        self._listing, self._changed = listing, changed
        self._fields = {"": "nothing"} | {
            field.name: formats.capitalised(field.label.en) for field in CATALOG.fields if field.can_order
        }
        self._box = block("line tight flow")

    def draw(self) -> None:
        self._box.clear()
        order = self._listing.get("order_by") or {}
        with self._box:
            text("Order by", "small muted", "span")
            select = ui.select(self._fields, value=order.get("field", ""), with_input=True).classes("value wide")
            select.props('aria-label="Order by" options-dense')
            select.on_value_change(lambda event: self._order_by(event.value))
            if order:
                self._draw_order(order)

    def _draw_order(self, order: Json) -> None:
        if CATALOG.field(order["field"]).has_windows:
            periods = {"": "ever", "window_days": "last … days", "window_months": "last … months"}
            if "window" in order:
                periods["window"] = "as written in the JSON"
            unit = next((key for key in WINDOW_KEYS if key in order), "")
            self._select("Period of the order", periods, unit, lambda kind: self._period(order, kind))
            if isinstance(order.get(unit), int):
                self._number("Length of the order's period", order[unit], lambda value: self._set(order, unit, value))
        directions = {"desc": "largest, latest first", "asc": "smallest, earliest first"}
        self._select("Direction", directions, order.get("dir", "desc"), lambda value: self._set(order, "dir", value))
        keeps = {"": "keep everybody", _MEMBERS: "first … members", _PERCENT: "first … percent"}
        kept = next((key for key in (_MEMBERS, _PERCENT) if key in self._listing), "")
        self._select("How many are kept", keeps, kept, self._keep)
        if kept:
            self._number("Number kept", self._listing[kept], lambda value: self._set(self._listing, kept, value))

    def _select(self, name: str, options: dict[str, str], value: str, store: Callable[[str], None]) -> None:
        select = ui.select(options, value=value).props(f'aria-label="{name}" options-dense').classes("value medium")
        select.on_value_change(lambda event: store(event.value))

    def _number(self, name: str, value: Any, store: Callable[[Any], None]) -> None:
        box = ui.number(value=value).props(f'aria-label="{name}"').classes("value short")
        box.on_value_change(lambda event: store(_plain(event.value)))

    def _order_by(self, name: str | None) -> None:
        for key in ("order_by", _MEMBERS, _PERCENT) if not name else ("order_by",):
            self._listing.pop(key, None)
        if name:
            self._listing["order_by"] = {"field": name, "dir": "desc"}
        self._redraw()

    def _period(self, order: Json, kind: str) -> None:
        for key in WINDOW_KEYS:
            order.pop(key, None)
        if kind:
            order[kind] = 90 if kind == "window_days" else 3
        self._redraw()

    def _keep(self, kind: str) -> None:
        for key in FIRST_LIMITS:
            self._listing.pop(key, None)
        if kind:
            self._listing[kind] = FIRST_LIMITS[kind]
        self._redraw()

    def _set(self, target: Json, key: str, value: Any) -> None:
        target[key] = value
        self._changed()

    def _redraw(self) -> None:
        self.draw()
        self._changed()


def _plain(number: float | None) -> float | int | None:
    return int(number) if number is not None and float(number).is_integer() else number
