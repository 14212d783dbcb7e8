"""A circuit breaker: a provider that fails again and again is left alone for a while."""

import time
from collections.abc import Callable
from threading import Lock

from crm.outreach.channels.adapter import ChannelUnavailable

FAILURES_TO_OPEN = 5
"""In a row. Each one may cost a time-out, so that few are enough."""
PAUSE_SECONDS = 60.0


class CircuitBreaker:
    """Open after `failures` in a row; after a pause one caller may try, and its luck decides.

    One for each channel of a process: all its threads see the same state.
    """

    def __init__(
        self,
        *,
        failures: int = FAILURES_TO_OPEN,
        pause_seconds: float = PAUSE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._failures_to_open = failures
        self._pause_seconds = pause_seconds
        self._clock = clock
        self._lock = Lock()
        self._failures = 0
        self._rests_until: float | None = None

    @property
    def is_open(self) -> bool:
        """Whether the provider is left alone now; asking changes nothing."""
        with self._lock:
            return self._rests_until is not None and self._rests_until > self._clock()

    def enter(self) -> None:
        """Ask before talking to the provider. Raises ChannelUnavailable while the breaker is open."""
        with self._lock:
            if self._rests_until is None:
                return
            left = self._rests_until - self._clock()
            if left > 0:
                raise ChannelUnavailable(
                    f"left alone for {left:.0f} s more, after it failed or asked for a pause", rest_seconds=left
                )
            # Half open: the caller is the one that tries; the others keep waiting for what he finds.
            self._rests_until = self._clock() + self._pause_seconds

    def succeeded(self) -> None:
        with self._lock:
            self._failures = 0
            self._rests_until = None

    def failed(self) -> None:
        with self._lock:
            self._failures += 1
            if self._failures >= self._failures_to_open:
                self._rests_until = self._clock() + self._pause_seconds

    def rest(self, seconds: float) -> None:
        """The provider itself asked for a pause."""
        with self._lock:
            self._rests_until = self._clock() + seconds
