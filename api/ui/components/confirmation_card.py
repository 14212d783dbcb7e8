"""A write that waits for a yes: what will happen, the exact arguments, and the simple ones open to change."""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from nicegui import ui

from api.ui import formats
from api.ui.components.card import card
from api.ui.theme import block, chip, fold, primary, quiet, text

Decide = Callable[[str, str, Mapping[str, Any] | None], Awaitable[bool]]
"""Called with interrupt id, decision and the edited arguments; tells whether the decision was taken."""
Field = ui.input | ui.number | ui.checkbox


class ConfirmationCard:
    """Asks once; after the decision it says what was decided and can no longer be pressed."""

    def __init__(self, tool: str, summary: str, args: Mapping[str, Any], schema: Mapping[str, Any]) -> None:
        self._args = dict(args)
        self._is_decided = False
        self._schema: Mapping[str, Any] = schema.get("properties", {})
        self._fields: dict[str, Field] = {}
        with card("help_outline", "Confirmation", formats.words(tool), classes="ask") as self._corner:
            text(summary, "wrap strong")
            with block("stack tight") as self._details:
                self._arguments()
            self._buttons = block("line tight")
            self._said = text("", "small muted wrap")
        self._said.visible = False

    def on_decision(self, interrupt_id: str, decide: Decide) -> None:
        async def take(decision: str, edited: Mapping[str, Any] | None) -> None:
            # Both clicks of a double click arrive: the second finds that the first is being answered.
            if not self._buttons.visible:
                return
            self._buttons.visible = False
            if not await decide(interrupt_id, decision, edited):
                self._buttons.visible = not self._is_decided

        async def confirm() -> None:
            edited = self._edited()
            await take("edit" if edited else "approve", edited)

        async def cancel() -> None:
            await take("reject", None)

        with self._buttons:
            primary("Confirm", confirm, symbol="check")
            quiet("Cancel", cancel)

    def decided(self, decision: str, note: str | None) -> None:
        self._is_decided = True
        confirmed = decision in ("approve", "edit")
        self._buttons.visible = self._details.visible = False
        with self._corner:
            chip("Confirmed" if confirmed else "Cancelled", "good" if confirmed else "neutral")
        self._said.text = note or ("" if confirmed else "Nothing was changed.")
        self._said.visible = bool(self._said.text)

    def _arguments(self) -> None:
        for name, value in self._args.items():
            self._argument(name, value)
        optional = [name for name, schema in self._schema.items() if name not in self._args and _is_simple(schema)]
        if optional:
            with fold("More settings"):
                for name in optional:
                    self._argument(name, None)

    def _argument(self, name: str, value: Any) -> None:
        label = formats.words(name)
        if isinstance(value, bool):
            self._fields[name] = ui.checkbox(label, value=value)
        elif isinstance(value, int | float):
            self._fields[name] = ui.number(label, value=value).classes("full-width")
        elif value is None or isinstance(value, str):
            self._fields[name] = ui.input(label, value=value or "").classes("full-width")
        else:
            text(label, "small faint")
            text(json.dumps(value, ensure_ascii=False, indent=1), "code")

    def _edited(self) -> dict[str, Any] | None:
        """The arguments with the person's changes, None when there are none."""
        changed = dict(self._args)
        for name, field in self._fields.items():
            value = field.value
            if value in ("", None):
                changed.pop(name, None)
            else:
                changed[name] = int(value) if isinstance(value, float) and value.is_integer() else value
        return None if changed == self._args else changed


def _is_simple(schema: Mapping[str, Any]) -> bool:
    kinds = {schema.get("type"), *(part.get("type") for part in schema.get("anyOf", ()))}
    return bool(kinds & {"string", "integer", "number"})
