"""Reads of which only the newest counts: each new one stops the one before it."""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from sqlalchemy.orm import Session

from api.ui.viewer import Viewer
from crm.access.actor import Actor
from crm.errors import Cancelled
from crm.limits import Cancellation

T = TypeVar("T")


class LatestRead:
    def __init__(self, viewer: Viewer) -> None:
        self._viewer = viewer
        self._cancellation = Cancellation()

    async def run(self, work: Callable[[Session, Actor, datetime], T]) -> T | None:
        """What `work` gives; None when a newer run or `cancel` came in between.

        Raises TimedOut and every other error of `work`, though not for a run that nobody waits for any more.
        """
        self.cancel()
        self._cancellation = mine = Cancellation()
        try:
            found = await self._viewer.read(work, seconds=self._viewer.nurture.settings.read_seconds, cancellation=mine)
        except Cancelled:
            return None
        return None if mine.is_cancelled else found

    def cancel(self) -> None:
        """Stop the run under way, if there is one."""
        self._cancellation.cancel()
