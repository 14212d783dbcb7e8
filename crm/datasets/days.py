"""Local days of a zone as arrays of epoch seconds."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from crm.clock import day_start
from crm.datasets.randomness import Floats, Ints

HOUR = 3600
OPENS_AT = 9 * HOUR
"""Members buy between 9:00 and 21:00, so that no purchase lies near the edge of a window of days."""
OPEN_SECONDS = 12 * HOUR


class LocalDays:
    """Consecutive local days, `first` to `last` inclusive, as epoch seconds of their beginnings."""

    def __init__(self, first: date, last: date, zone: ZoneInfo) -> None:
        self.first = first
        self.count = (last - first).days + 1
        self._starts: Ints = np.array(
            [int(day_start(first + timedelta(days=n), zone).timestamp()) for n in range(self.count + 1)], dtype=np.int64
        )

    def index(self, day: date) -> int:
        return (day - self.first).days

    def index_of(self, epochs: NDArray[np.integer]) -> Ints:
        """The day (as an index) in which each moment lies."""
        return np.searchsorted(self._starts, epochs, side="right").astype(np.int64) - 1

    def seconds_of_day(self, epochs: NDArray[np.integer]) -> Ints:
        return np.asarray(epochs - self._starts[self.index_of(epochs)], dtype=np.int64)

    def at(self, days: NDArray[np.integer] | int, seconds: NDArray[np.integer] | int) -> Ints:
        return np.asarray(self._starts[days] + seconds, dtype=np.int64)

    def shopping_time(self, days: NDArray[np.integer], share: Floats) -> Ints:
        """A moment of the shop's hours on each day; `share` in (0, 1) says how far into them."""
        return self.at(days, OPENS_AT + (share * OPEN_SECONDS).astype(np.int64))
