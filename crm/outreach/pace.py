"""How fast a channel is handed its messages."""

import time
from collections.abc import Callable
from threading import Lock


class Pace:
    """A token bucket that spreads messages over time: a second's worth at once, then a pause until it is full again.

    One for each channel of a process, whichever of its threads sends.
    """

    def __init__(
        self, *, most_at_once: int, per_second: float | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._per_second = per_second
        self._capacity = most_at_once if per_second is None else max(1, min(most_at_once, int(per_second)))
        self._clock = clock
        self._lock = Lock()
        self._tokens = float(self._capacity)
        self._counted_at = clock()

    @property
    def batch_size(self) -> int:
        """How many messages may go together."""
        return self._capacity

    def wait_seconds(self) -> float:
        """How long until the next batch may go; 0 when it may go now."""
        if self._per_second is None:
            return 0.0
        with self._lock:
            self._refill(self._per_second)
            return max(0.0, (self._capacity - self._tokens) / self._per_second)

    def spend(self, messages: int) -> None:
        """Note that messages went. Two threads may overdraw together; the pause is then the longer."""
        if self._per_second is None:
            return
        with self._lock:
            self._refill(self._per_second)
            self._tokens -= messages

    def _refill(self, per_second: float) -> None:
        now = self._clock()
        self._tokens = min(self._capacity, self._tokens + (now - self._counted_at) * per_second)
        self._counted_at = now
