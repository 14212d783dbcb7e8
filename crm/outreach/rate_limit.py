"""How fast a channel is handed its messages.

One batch at a time, and after it a rest: with a rate of 50 a second a batch has at most 50 messages, and the
next one starts a second after it ended. So no second ever sees more than the rate, at a provider's end either.
"""

import time
from collections.abc import Callable
from threading import Lock

HOLD_SECONDS = 60.0
"""How long a batch may take before the channel is free for another one all the same: its process died. Adapters
stop after a few seconds, and a writer waits for the database half a minute at most."""


class RateLimit:
    """The pace of a channel as one process keeps it, whichever of its threads sends."""

    def __init__(
        self, *, most_at_once: int, per_second: float | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.batch_size = most_at_once if per_second is None else max(1, min(most_at_once, int(per_second)))
        """How many messages may go together."""
        self.rest_seconds = 0.0 if per_second is None else self.batch_size / per_second
        """The pause after each batch; 0 without a rate."""
        self._clock = clock
        self._lock = Lock()
        self._free_at = clock()

    @property
    def has_rate(self) -> bool:
        return self.rest_seconds > 0

    def take(self) -> float:
        """Ask for the turn to send a batch: 0 when the caller has it, who then calls `done`; else seconds to wait."""
        if not self.has_rate:
            return 0.0
        with self._lock:
            now = self._clock()
            if now < self._free_at:
                return self._free_at - now
            self._free_at = now + HOLD_SECONDS
            return 0.0

    def done(self, messages: int) -> None:
        """Give the turn back after a batch of so many messages; of 0 when there was none after all."""
        if self.has_rate:
            with self._lock:
                self._free_at = self._clock() + (self.rest_seconds if messages else 0.0)
