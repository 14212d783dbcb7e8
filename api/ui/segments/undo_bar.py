"""Says what was just done and offers the way back; stays until the next thing is done."""

from collections.abc import Awaitable, Callable

from api.ui.theme import block, icon, quiet, text


class UndoBar:
    """Draws into the open slot; empty until something is offered."""

    def __init__(self) -> None:
        self._box = block("stack").props("role=status")
        self._box.visible = False

    def offer(self, done: str, back: str, undo: Callable[[], Awaitable[None]]) -> None:
        async def go_back() -> None:
            self._box.visible = False
            await undo()

        self._box.clear()
        with self._box, block("notice good"):
            icon("check_circle")
            text(done, "wrap grow")
            quiet(back, go_back, symbol="undo").props("dense size=sm")
        self._box.visible = True
