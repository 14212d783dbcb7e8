"""What builds on a saved segment and would break without it."""

from nicegui import ui

from api.ui.components.state_chips import state_chip
from api.ui.latest_read import LatestRead
from api.ui.segments.saved_view import read_subscribers
from api.ui.theme import block, empty_state, icon, text
from api.ui.viewer import Viewer
from crm.segments.definition import Definition
from crm.segments.saved import Subscriber

_SYMBOLS = {"segment": "groups", "campaign": "campaign", "journey": "route"}


class SubscribersSection:
    def __init__(self, viewer: Viewer, segment_id: int) -> None:
        self._reads = LatestRead(viewer)
        self._segment_id = segment_id
        self._box = block("stack tight")

    async def show(self, _definition: Definition) -> None:
        found = await self._reads.run(lambda session, _actor, _now: read_subscribers(session, self._segment_id))
        if found is None:
            return
        self._box.clear()
        with self._box:
            if not found:
                empty_state(
                    "link_off", "Nothing uses this segment", "Other segments, campaigns and journeys can build on it."
                )
            for subscriber in found:
                _row(subscriber)

    def cancel(self) -> None:
        self._reads.cancel()


def _row(subscriber: Subscriber) -> None:
    with ui.link(target=f"/{subscriber.kind}s/{subscriber.id}").classes("plain line edge-member"):
        icon(_SYMBOLS[subscriber.kind]).style("font-size: 20px; color: var(--ink-3)")
        with block("stack snug grow").style("gap: 0"):
            text(subscriber.name, "strong wrap")
            text(subscriber.kind.capitalize(), "small muted")
        if subscriber.state:
            state_chip(subscriber.state)
