"""Text that grows while it is read: shown in steady steps, because each step draws the whole text anew."""

import time
from collections.abc import Callable

STEP_S = 0.1


class LiveText:
    """Collects pieces and shows them about ten times a second."""

    def __init__(self, show: Callable[[str], None]) -> None:
        self._show = show
        self._written = ""
        self._shown = ""
        self._shown_at = 0.0

    def add(self, piece: str) -> None:
        self._written += piece
        if time.monotonic() - self._shown_at >= STEP_S:
            self.flush()

    def replace(self, written: str) -> None:
        """The whole text is known now."""
        self._written = written or self._written
        self.flush()

    def flush(self) -> None:
        if self._written == self._shown:
            return
        self._show(self._written)
        self._shown, self._shown_at = self._written, time.monotonic()
