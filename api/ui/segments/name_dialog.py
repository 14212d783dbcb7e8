"""Asks for a segment's name and description, and stays open until they are accepted."""

from collections.abc import Awaitable, Callable

from nicegui import ui

from api.ui.theme import block, quiet, text
from crm.segments.saved import MAX_DESCRIPTION_LENGTH, MAX_NAME_LENGTH

Accept = Callable[[str, str], Awaitable[bool]]
"""Does what was asked for with name and description; False when it could not be done."""


class NameDialog:
    """Draws itself hidden into the open slot. Enter accepts, Escape closes."""

    def __init__(self, title: str, yes: str, accept: Accept) -> None:
        self._accept = accept
        with ui.dialog() as self._dialog, ui.card().classes("dialog"):
            text(title, "section-title", "h2")
            self._name = ui.input(label="Name").props(f"maxlength={MAX_NAME_LENGTH} autofocus counter")
            self._name.on("keydown.enter", self._submit)
            self._description = ui.textarea(label="Description").props(f"autogrow maxlength={MAX_DESCRIPTION_LENGTH}")
            with block("line").style("justify-content: flex-end"):
                quiet("Cancel", self._dialog.close)
                self._yes = ui.button(yes, on_click=self._submit)

    def open(self, name: str = "", description: str = "") -> None:
        self._name.value, self._description.value = name, description
        self._name.props(remove="error error-message")
        self._dialog.open()

    async def _submit(self) -> None:
        name = (self._name.value or "").strip()
        if not name:
            self._name.props("error error-message='Give it a name.'")
            return
        self._name.props(remove="error error-message")
        self._yes.props("loading")
        try:
            is_done = await self._accept(name, (self._description.value or "").strip())
        finally:
            self._yes.props(remove="loading")
        if is_done:
            self._dialog.close()
