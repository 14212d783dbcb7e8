"""Inputs for what stands beside the field of a condition: its value, its window, and the rows that count."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from nicegui import ui

from api.ui import formats
from api.ui.segments.asking import Ground
from api.ui.segments.comparisons import WINDOW_KEYS, Json, Shape, shape_of
from api.ui.theme import block, text
from crm.catalog import CATALOG
from crm.fields import Field, Op, Unit
from crm.members.fields import ME

Changed = Callable[[], None]
Store = Callable[[Any], None]
_UNITS = {Unit.POINTS: "points", Unit.YEARS: "years", Unit.WEEKS: "weeks"}
_RELATIVE = {"days_ago": "days ago", "months_ago": "months ago", "years_ago": "years ago"}
_FIRST_AMOUNT = {"window_days": 30, "window_months": 3}


class ValueInputs:
    """Draws into the open slot; writes into `leaf` and calls `changed` after each edit, `enter` on Enter."""

    def __init__(self, leaf: Json, ground: Ground, changed: Changed, enter: Changed) -> None:
        self._leaf, self._ground, self._changed, self._enter = leaf, ground, changed, enter
        self._field = CATALOG.field(leaf["field"])

    def draw(self) -> None:
        shape = shape_of(self._field, Op(self._leaf["op"]))
        value = self._leaf.get("value")
        if shape is Shape.WORDS:
            self._words("Values", self._ground.words_of(self._field), _listed(value), self._store_list)
        elif shape is Shape.WORD:
            self._words("Value", self._ground.words_of(self._field), value, self._store, multiple=False)
        elif shape in (Shape.NUMBER, Shape.PERCENT):
            self._number("Value", value, self._store, unit="% of all members" if shape is Shape.PERCENT else None)
        elif shape is Shape.FLAG:
            options = {True: "yes", False: "no"}
            ui.select(options, value=value is not False, on_change=lambda event: self._store(event.value)).classes(
                "value short"
            ).props('aria-label="Value"')
        elif shape is Shape.DAY:
            self._day("Day", value, self._store)
        elif shape is not Shape.NOTHING:
            self._pair(shape, value)

    def _pair(self, shape: Shape, value: Any) -> None:
        ends = list(value) if isinstance(value, list) and len(value) == 2 else [None, None]

        def store_end(index: int) -> Store:
            def store(end: Any) -> None:
                ends[index] = end
                self._store(None if None in ends else list(ends))

            return store

        draw = {Shape.NUMBERS: self._number, Shape.DAYS: self._day, Shape.MONTH_DAYS: self._month_day}[shape]
        draw("From", ends[0], store_end(0))
        text("and", "small muted", "span")
        draw("To", ends[1], store_end(1))

    def draw_window(self) -> None:
        kinds = {"": "ever", "window_days": "last … days", "window_months": "last … months", "window": "from … to …"}
        chosen = next((key for key in WINDOW_KEYS if key in self._leaf), "")
        select = ui.select(kinds, value=chosen).props('aria-label="Period" options-dense').classes("value medium")
        ends = block("line tight flow")

        def choose(kind: str) -> None:
            for key in WINDOW_KEYS:
                self._leaf.pop(key, None)
            if kind:
                self._leaf[kind] = _FIRST_AMOUNT.get(kind, {})
            self._draw_window_ends(ends, kind)
            self._changed()

        select.on_value_change(lambda event: choose(event.value))
        self._draw_window_ends(ends, chosen)

    def _draw_window_ends(self, ends: ui.element, kind: str) -> None:
        ends.clear()
        with ends:
            if kind in _FIRST_AMOUNT:
                self._number("Length of the period", self._leaf[kind], lambda amount: self._set(kind, amount))
            elif kind:
                for end in ("from", "to"):
                    self._date(f"Period {end}", self._leaf[kind].get(end), self._window_end(end))

    def _window_end(self, end: str) -> Store:
        def store(day: Any) -> None:
            kept = {key: value for key, value in (self._leaf["window"] | {end: day}).items() if value}
            self._set("window", kept)

        return store

    def draw_qualifiers(self) -> None:
        for qualifier in self._field.qualifiers:
            words = self._ground.words_of_qualifier(qualifier)
            name = formats.capitalised(qualifier.text.en)
            chosen = _listed(self._leaf.get(qualifier.name))
            self._words(f"{name}: any", words, chosen, self._qualifier_store(qualifier.name))

    def _qualifier_store(self, name: str) -> Store:
        def store(words: list[str]) -> None:
            if words:
                self._set(name, words)
            else:
                self._leaf.pop(name, None)
                self._changed()

        return store

    def _words(self, name: str, known: Sequence[str], value: Any, store: Store, *, multiple: bool = True) -> None:
        """A choice among known words; a word of one's own where the list may not be complete."""
        chosen = value if multiple else [value] if value else []
        options = {word: _shown(word) for word in dict.fromkeys([*known, *chosen])}
        select = ui.select(
            options,
            value=value if multiple else (value or None),
            multiple=multiple,
            with_input=True,
            new_value_mode=None if isinstance(self._field.values, tuple) else "add-unique",
            on_change=lambda event: store(event.value),
        )
        select.props(f'aria-label="{name}" options-dense hide-dropdown-icon').classes("value wide")
        if multiple:
            select.props("use-chips")
        if not chosen:
            select.props(f'placeholder="{name if name.endswith("any") else "Choose"}"')

    def _number(self, name: str, value: Any, store: Store, *, unit: str | None = None) -> None:
        box = ui.number(value=value if isinstance(value, int | float) else None)
        box.props(f'aria-label="{name}"').classes("value short")
        box.on_value_change(lambda event: store(_plain(event.value)))
        box.on("keydown.enter", self._enter)
        is_window = name.startswith("Length")
        shown = unit or ("" if is_window else _unit_words(self._field, self._ground.scope.currency))
        if shown:
            text(shown, "small muted", "span")

    def _day(self, name: str, value: Any, store: Store) -> None:
        """A date of the calendar, or a day counted back from today."""
        unit = next(iter(value)) if isinstance(value, dict) and value else "date"
        select = ui.select({**_RELATIVE, "date": "on the date"}, value=unit)
        ends = block("line tight")

        def draw(kind: str, now: Any) -> None:
            ends.clear()
            with ends:
                if kind == "date":
                    self._date(name, now if isinstance(now, str) else None, store)
                else:
                    amount = now.get(kind) if isinstance(now, dict) else None
                    self._number(f"{name}, how many", amount, lambda number: store(_relative(kind, number)), unit=" ")

        def choose(kind: str) -> None:
            first = None if kind == "date" else {kind: 30 if kind == "days_ago" else 1}
            draw(kind, first)
            store(first)

        draw(unit, value)
        select.props(f'aria-label="{name}, how it is given" options-dense').classes("value medium")
        select.on_value_change(lambda event: choose(event.value))

    def _date(self, name: str, value: str | None, store: Store) -> None:
        box = ui.input(value=value or "").props(f'type=date aria-label="{name}"').classes("value medium")
        box.on_value_change(lambda event: store(event.value or None))
        box.on("keydown.enter", self._enter)

    def _month_day(self, name: str, value: str | None, store: Store) -> None:
        box = ui.input(value=value or "", placeholder="MM-DD").props(f'aria-label="{name}" mask="##-##"')
        box.classes("value short").on_value_change(lambda event: store(event.value or None))
        box.on("keydown.enter", self._enter)

    def _store_list(self, words: list[str]) -> None:
        self._store(words or None)

    def _store(self, value: Any) -> None:
        if value is None:
            self._leaf.pop("value", None)
        else:
            self._leaf["value"] = value
        self._changed()

    def _set(self, key: str, value: Any) -> None:
        self._leaf[key] = value
        self._changed()


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value or [])


def _shown(word: str) -> str:
    if word == ME:
        return "me"
    return formats.channel(word) if word in formats.CHANNELS else word


def _plain(number: float | None) -> float | int | None:
    """`3.0` as 3: most fields take whole numbers only."""
    with suppress(TypeError, OverflowError):
        if number == int(number or 0) and number is not None:
            return int(number)
    return number


def _relative(unit: str, amount: Any) -> Json | None:
    return None if amount is None else {unit: amount}


def _unit_words(field: Field, currency: str) -> str:
    if field.is_money:
        return currency
    if field.unit is Unit.PROBABILITY:
        return "from 0 to 1"
    return _UNITS.get(field.unit, "") if field.unit else ""
