"""Writes a definition in words, in rows or as JSON; whichever is edited, the others follow."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal

from nicegui import background_tasks, ui
from nicegui.events import ValueChangeEventArguments

from agent.planner.language import Language
from api.ui import formats
from api.ui.segments.asking import Ground
from api.ui.segments.count_panel import CountPanel
from api.ui.segments.rows import rows_of
from api.ui.segments.rows_editor import RowsEditor
from api.ui.segments.words import read_back, read_words, words_for
from api.ui.theme import block, fold, notice, quiet, text
from crm.catalog import CATALOG
from crm.errors import InvalidRequest
from crm.segments.definition import Definition, parse_definition

TYPING_PAUSE_S = 0.25
"""Somebody who types faster than this has not finished the word."""
MAX_WORDS = 4_000
EXAMPLES = ("gold members in Shanghai who have not ordered for 60 days", "最近30天消费超过2000元的白金会员")
_INCOMPLETE = "Complete the marked condition to see the count."

Json = dict[str, Any]
Source = Literal["words", "rows", "json"]


class Editor:
    """Draws into the open slot. `definition` is what the page stands for; None while it makes no sense."""

    def __init__(self, ground: Ground, count: CountPanel, changed: Callable[[], Awaitable[None]]) -> None:
        self.definition: Definition | None = None
        self._ground, self._count, self._changed = ground, count, changed
        self._language: Language = "en"
        self._turn = 0
        self._is_filling = False
        with block("stack tight") as self._slot:
            self._words = ui.textarea(label="In words").props(f"autogrow maxlength={MAX_WORDS}").classes("full-width")
            self._words.props(f'hint="English or Chinese, e.g. {EXAMPLES[0]}; {EXAMPLES[1]}"')
            self._words.on_value_change(lambda event: self._typed("words", event))
            self._reading = block("stack tight").props("role=status")
        self._rows = RowsEditor(ground, lambda: self._edit("rows"))
        with fold("Exact definition (JSON)"):
            self._json = ui.textarea(label="JSON").props("autogrow spellcheck=false").classes("full-width mono")
            self._json.on_value_change(lambda event: self._typed("json", event))
            self._json_trouble = block("stack tight")
            quiet("Copy", lambda: ui.clipboard.write(self._json.value), symbol="content_copy").props("dense size=sm")

    @property
    def language(self) -> Language:
        return self._language

    async def open(self, definition: Mapping[str, Any]) -> None:
        """Show and count a definition from elsewhere: a saved one, an older version."""
        self._turn += 1
        await self._take(dict(definition), None)

    async def start_with_words(self, words: str) -> None:
        self._fill(self._words, words)
        await self._edited("words")

    def _typed(self, source: Source, _event: ValueChangeEventArguments[Any]) -> None:
        if not self._is_filling:
            self._edit(source)

    def _edit(self, source: Source) -> None:
        """Something was edited. What is being counted is stopped at once, the new state is read after a pause."""
        self._count.expect()
        background_tasks.create(self._edited(source), name=f"segment edited in {source}")

    async def _edited(self, source: Source) -> None:
        self._turn += 1
        turn = self._turn
        await asyncio.sleep(TYPING_PAUSE_S)
        if turn != self._turn or self._slot.is_deleted:
            return
        with self._slot:
            if source == "words":
                await self._take_words(turn)
            elif source == "rows":
                await self._take(self._rows.rows.to_json(), "rows")
            else:
                await self._take_json()

    async def _take_words(self, turn: int) -> None:
        words = (self._words.value or "").strip()
        self._reading.clear()
        if not words:
            await self._take({"all": []}, "words")
            return
        read = await asyncio.to_thread(read_words, words, self._ground)
        if turn != self._turn:
            return
        self._language = read.language
        if read.definition is None:
            with self._reading:
                notice(read.question or "No condition on members was found in these words.", "warn", "help_outline")
            await self._lose("Answer the question above to see the count.")
            return
        await self._take(read.definition, "words")
        with self._reading:
            if read.as_of is not None:
                notice(f"This page counts the members of today; ask the assistant about {read.as_of}.", "warn")
            if read.unread:
                unread = ", ".join(f"“{word}”" for word in read.unread)
                notice(f"Not understood and left out: {unread}. Say it in other words, or add a row.", "warn")

    async def _take_json(self) -> None:
        try:
            data = json.loads(self._json.value or "{}")
            if not isinstance(data, dict):
                raise InvalidRequest("a definition is a JSON object")
        except ValueError as error:
            await self._refuse(InvalidRequest(f"this is not JSON yet: {error}"), "json")
        except InvalidRequest as error:
            await self._refuse(error, "json")
        else:
            await self._take(data, "json")

    async def _take(self, data: Json, source: Source | None) -> None:
        """Make `data` the definition, show it everywhere but where it was just edited, and count it."""
        self._rows.content()
        self._json_trouble.clear()
        try:
            definition = parse_definition(data, CATALOG)
        except InvalidRequest as error:
            await self._refuse(error, source or "json")
            return
        self.definition = definition
        exact = definition.to_json()
        if source != "rows":
            self._rows.show(rows_of(exact))
        if source != "json":
            self._fill(self._json, json.dumps(exact, ensure_ascii=False, indent=2))
        if source != "words":
            is_everyone = exact == {"all": []}
            self._fill(self._words, "" if is_everyone else words_for(definition, self._ground, self._language))
        self._show_reading(definition)
        await self._changed()
        await self._count.show(definition)

    def _show_reading(self, definition: Definition) -> None:
        self._reading.clear()
        words = read_back(definition, self._ground, self._language)
        if words == (self._words.value or "").strip():
            return
        with self._reading, block("line top tight"):
            text("Read as", "small faint", "span").style("flex: none")
            text(formats.capitalised(words), "small wrap read-back")

    async def _refuse(self, error: InvalidRequest, source: Source) -> None:
        words = formats.sentence(error.message)
        if source == "json" or not self._rows.complain(error):
            with self._json_trouble if source == "json" else self._reading:
                notice(words, "warn")
        await self._lose(_INCOMPLETE if source == "rows" else "Correct the definition to see the count.")

    async def _lose(self, why: str) -> None:
        self.definition = None
        self._count.hold(why)
        await self._changed()

    def _fill(self, box: ui.textarea, words: str) -> None:
        """Show words that nobody typed."""
        self._is_filling = True
        box.value = words
        self._is_filling = False
