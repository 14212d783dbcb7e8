"""A condition on members, written in words and read back."""

import asyncio
from typing import Any

from nicegui import background_tasks, ui

from api.ui import formats
from api.ui.journeys.inputs import Changed, Json
from api.ui.segments.asking import Ground
from api.ui.segments.words import read_words, words_for
from api.ui.theme import block, notice, text
from crm.catalog import CATALOG
from crm.errors import InvalidRequest
from crm.segments.definition import parse_definition

TYPING_PAUSE_S = 0.4


class WhoInput:
    """Draws into the open slot; writes a definition under `key`, nothing where the words are empty."""

    def __init__(
        self, data: Json, key: str, label: str, ground: Ground, changed: Changed, *, everyone: Any = None
    ) -> None:
        self._data, self._key, self._ground, self._changed = data, key, ground, changed
        self._everyone = everyone
        self._turn = 0
        with block("stack tight") as self._slot:
            self._words = ui.textarea(label, value=self._stored_words()).props("autogrow").classes("full-width")
            self._words.props('hint="In words, English or Chinese, e.g. gold members in Shanghai"')
            self._words.on_value_change(self._typed)
            self._reading = block("stack tight").props("role=status")

    def _stored_words(self) -> str:
        stored = self._data.get(self._key)
        if not stored or stored == {"all": []}:
            return ""
        try:
            return words_for(parse_definition(stored, CATALOG), self._ground, "en")
        except InvalidRequest:
            return ""

    def _typed(self) -> None:
        background_tasks.create(self._read(), name="journey condition typed")

    async def _read(self) -> None:
        self._turn += 1
        turn = self._turn
        await asyncio.sleep(TYPING_PAUSE_S)
        words = (self._words.value or "").strip()
        if turn != self._turn or self._slot.is_deleted:
            return
        read = await asyncio.to_thread(read_words, words, self._ground) if words else None
        if turn != self._turn or self._slot.is_deleted:
            return
        with self._slot:
            self._reading.clear()
            if read is None:
                self._store(self._everyone)
            elif read.definition is None:
                with self._reading:
                    notice(read.question or "No condition on members was found in these words.", "warn")
            else:
                self._store(read.definition)
                self._show(read.definition, read.unread)

    def _show(self, definition: Json, unread: tuple[str, ...]) -> None:
        with self._reading:
            back = words_for(parse_definition(definition, CATALOG), self._ground, "en")
            text(f"Read as: {formats.capitalised(back)}", "small muted wrap")
            if unread:
                notice(f"Not understood and left out: {', '.join(unread)}. Say it in other words.", "warn")

    def _store(self, definition: Any) -> None:
        if definition is None:
            self._data.pop(self._key, None)
        else:
            self._data[self._key] = definition
        self._changed()
