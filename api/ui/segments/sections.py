"""The views below the editor: only the open one is computed, and anew when the definition has changed."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from nicegui import ui

from api.ui import formats
from api.ui.theme import block, notice, text
from crm.errors import CrmError
from crm.segments.definition import Definition


class Section(Protocol):
    """Draws itself into the slot that is open when it is created."""

    async def show(self, definition: Definition) -> None:
        """Compute and draw. May raise CrmError."""

    def cancel(self) -> None:
        """Stop what is being computed."""


@dataclass(frozen=True)
class Named:
    """A section with its place in the row of tabs."""

    key: str
    title: str
    make: Callable[[], Section]


class Sections:
    """Draws the tabs into the open slot."""

    def __init__(self, named: Sequence[Named], first: str) -> None:
        self._definition: Definition | None = None
        self._made: dict[str, Section] = {}
        self._troubles: dict[str, ui.element] = {}
        self._shown: dict[str, Definition] = {}
        with ui.tabs().props("dense no-caps align=left outside-arrows mobile-arrows") as tabs:
            for each in named:
                ui.tab(each.key, label=each.title)
        self._tabs = tabs.classes("full-width section-tabs").props('aria-label="About this segment"')
        self._panels = ui.tab_panels(tabs, value=first, animated=False, keep_alive=False)
        with self._panels.classes("full-width section-panels"):
            for each in named:
                with ui.tab_panel(each.key), block("stack"):
                    self._troubles[each.key] = block("stack tight")
                    self._made[each.key] = each.make()
        tabs.on_value_change(self._open)
        ui.context.client.on_disconnect(self._lose_connection)
        ui.context.client.on_connect(self._open)

    async def show(self, definition: Definition | None) -> None:
        """The definition that all views are about from now on; None while there is none."""
        self._definition = definition
        self._cancel()
        self._panels.classes(add="dim" if definition is None else "", remove="" if definition is None else "dim")
        await self._open()

    def fade(self) -> None:
        """What is shown stands for a definition of before."""
        self._panels.classes(add="dim")

    def forget(self, keys: Iterable[str]) -> None:
        """What these views show has changed, though the definition has not."""
        for key in keys:
            self._shown.pop(key, None)

    def select(self, key: str) -> None:
        self._tabs.value = key

    def _cancel(self) -> None:
        for section in self._made.values():
            section.cancel()

    def _lose_connection(self) -> None:
        # The page may be closed for good; if it comes back, the open view is computed anew.
        self._cancel()
        self._shown.clear()

    async def _open(self) -> None:
        key, definition = str(self._tabs.value), self._definition
        trouble = self._troubles[key]
        if definition is None or self._shown.get(key) == definition:
            return
        trouble.clear()
        self._shown[key] = definition
        try:
            await self._made[key].show(definition)
        except CrmError as error:
            self._shown.pop(key, None)
            trouble.clear()
            with trouble:
                notice(formats.sentence(error.message), "warn")


def working(words: str) -> None:
    """Stands where something is being computed."""
    with block("working").props("role=status"):
        ui.spinner(size="16px")
        text(words, tag="span")
