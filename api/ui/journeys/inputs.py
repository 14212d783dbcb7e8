"""Inputs that write into a part of a journey's JSON form; what is left empty is taken out of it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from nicegui import ui

from crm.catalog import CATALOG

Json = dict[str, Any]
Changed = Callable[[], None]
Choices = Mapping[str, Sequence[str]]
"""The values that narrow events, by the name of the qualifier."""


def put(data: Json, key: str, value: Any) -> None:
    """Set a value; an empty one is left out."""
    if value in (None, "", [], {}):
        data.pop(key, None)
    else:
        data[key] = value


def words_input(data: Json, key: str, label: str, changed: Changed, *, placeholder: str = "") -> ui.input:
    box = ui.input(label, value=data.get(key) or "", placeholder=placeholder)
    box.on_value_change(lambda event: _set(data, key, event.value, changed))
    return box


def text_input(data: Json, key: str, label: str, changed: Changed) -> ui.textarea:
    box = ui.textarea(label, value=data.get(key) or "").props("autogrow").classes("full-width")
    box.on_value_change(lambda event: _set(data, key, event.value, changed))
    return box


def number_input(
    data: Json, key: str, label: str, changed: Changed, *, default: int | None = None, low: int = 0, high: int = 3_650
) -> ui.number:
    value = data.get(key, default)
    box = ui.number(label, value=value, min=low, max=high, precision=0).style("width: 110px")
    box.on_value_change(lambda event: _set(data, key, None if event.value is None else int(event.value), changed))
    return box


def choice_input(
    data: Json, key: str, label: str, options: Mapping[str, str], changed: Changed, *, default: str = ""
) -> ui.select:
    """One of several; a value that is none of them is kept and shown as it is."""
    value = data.get(key) or default
    shown = dict(options) if value in options else {**options, value: f"{value} (not there)"}
    box = ui.select(shown, value=value, label=label).style(f"min-width: {_width(label)}px")
    box.on_value_change(lambda event: _set(data, key, event.value, changed))
    return box


def several_input(data: Json, key: str, label: str, options: Mapping[str, str], changed: Changed) -> ui.select:
    value = [each for each in data.get(key) or () if each in options]
    box = ui.select(dict(options), value=value, label=label, multiple=True).props("use-chips").style("min-width: 240px")
    box.on_value_change(lambda event: _set(data, key, list(event.value or ()), changed))
    return box


def event_words(*, is_trigger: bool) -> dict[str, str]:
    """The events that a journey can ask about, by name; those that begin a membership can only start one."""
    return {event.name: event.label for event in CATALOG.events.values() if is_trigger or not event.begins_membership}


def event_inputs(
    holder: Json, key: str, changed: Changed, *, sends: Sequence[str], choices: Choices, is_trigger: bool = False
) -> None:
    """Which events, and what narrows them."""
    event: Json = holder.setdefault(key, {"events": []})
    several_input(event, "events", "Any of these", event_words(is_trigger=is_trigger), changed).classes("grow")
    for each in (qualifier for kind in CATALOG.events.values() for qualifier in kind.qualifiers):
        if each.values is None:
            words_input(event, each.name, each.label, changed)
        else:
            anything = {"": each.any_value} | {name: name for name in choices.get(each.name, ())}
            choice_input(event, each.name, each.label, anything, changed)
    if not is_trigger and sends:
        messages = {"": "any message of this journey"} | {name: name for name in sends}
        choice_input(event, "step", "Of answers: to step", messages, changed)


def _width(label: str) -> int:
    """Wide enough for the label to be read."""
    return max(140, 7 * len(label) + 60)


def _set(data: Json, key: str, value: Any, changed: Changed) -> None:
    put(data, key, value)
    changed()
