"""Which messages go first, and which of them the frequency caps hold back."""

from collections.abc import Iterator
from datetime import timedelta
from enum import StrEnum

YIELD_WINDOW = timedelta(days=1)
"""How far ahead a message leaves room for those that go first: they share a day with it, whatever its hour."""


class Priority(StrEnum):
    """What a journey's messages are, the most urgent first."""

    SERVICE = "service"
    """What members need to know: no cap holds it back."""
    CARE = "care"
    """Birthdays, anniversaries, a welcome: takes what the caps leave before any campaign does."""
    CAMPAIGN = "campaign"
    """Everything that sells."""

    @property
    def above(self) -> tuple["Priority", ...]:
        """Those that go first."""
        order = tuple(Priority)
        return order[: order.index(self)]

    @property
    def below(self) -> tuple["Priority", ...]:
        order = tuple(Priority)
        return order[order.index(self) + 1 :]


CAPPED = (Priority.CARE, Priority.CAMPAIGN)
"""Those that the frequency caps hold back."""


def with_those_above() -> Iterator[tuple[Priority, tuple[Priority, ...]]]:
    """Each capped priority with those that it leaves room for."""
    return ((priority, priority.above) for priority in CAPPED)
