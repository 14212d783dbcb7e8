"""Where a person writes. Enter sends, Shift+Enter makes a new line; an open input method keeps its Enter."""

from collections.abc import Awaitable, Callable

from nicegui import ui

from api.ui.theme import block, text

_ENTER_SENDS = """(event) => {
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === 229) return;
  event.preventDefault();
  emit();
}"""


class Composer:
    def __init__(self, send: Callable[[str], Awaitable[None]]) -> None:
        self._send = send
        self._busy = False
        with block("composer"), block("composer-inner"):
            with block("composer-box"):
                self._input = (
                    ui.textarea(placeholder="Ask about your members, or plan a campaign")
                    .props('autogrow borderless rows=1 aria-label="Message" autofocus', remove="outlined")
                    .classes("grow")
                    .on("keydown", self._submit, js_handler=_ENTER_SENDS)
                )
                self._button = ui.button(icon="arrow_upward", on_click=self._submit).props(
                    'round dense aria-label="Send"'
                )
            text(
                "Enter sends, Shift+Enter starts a new line. Figures come from your data, not from a model.",
                "small faint",
            )

    def set_busy(self, *, busy: bool) -> None:
        self._busy = busy
        self._button.props("loading" if busy else "", remove="" if busy else "loading")

    async def fill_and_send(self, words: str) -> None:
        self._input.value = words
        await self._submit()

    async def _submit(self) -> None:
        words = (self._input.value or "").strip()
        if self._busy or not words:
            return
        self._input.value = ""
        await self._send(words)
        self._input.run_method("focus")
