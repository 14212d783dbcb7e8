"""How many members a saved segment had over time, and who entered and left."""

from api.ui import formats
from api.ui.components.card import Local
from api.ui.components.charts import line_chart
from api.ui.components.tables import grid_table
from api.ui.latest_read import LatestRead
from api.ui.segments.saved_view import EVENTS_SHOWN, Past, read_past
from api.ui.segments.sections import working
from api.ui.theme import block, empty_state, figure, notice, text
from api.ui.viewer import Viewer
from crm.segments.definition import Definition
from crm.segments.models import Passage

_KINDS = {Passage.ENTERED: "Entered", Passage.LEFT: "Left"}


class HistorySection:
    def __init__(self, viewer: Viewer, local: Local, segment_id: int) -> None:
        self._reads = LatestRead(viewer)
        self._local, self._segment_id = local, segment_id
        self._box = block("stack")

    async def show(self, _definition: Definition) -> None:
        self._box.clear()
        with self._box:
            working("Reading the history")
        past = await self._reads.run(lambda session, actor, _now: read_past(session, actor, self._segment_id))
        if past is None:
            return
        self._box.clear()
        with self._box:
            self._draw(past)

    def cancel(self) -> None:
        self._reads.cancel()

    def _draw(self, past: Past) -> None:
        if not past.sees_all:
            notice("Counts over time are of all members, so they are shown to those who may see all.")
        elif past.days:
            self._days(past)
        text("Who entered and left", "section-title", "h3")
        if not past.events:
            empty_state("sync_alt", "Nobody entered or left yet", "Members who do so from now on are listed here.")
            return
        rows = [
            [_KINDS[event.kind], event.member_name, self._local.moment(event.at), f"version {event.version}"]
            for event in past.events
        ]
        grid_table(["", "Member", "When", "Definition"], rows)
        if len(past.events) == EVENTS_SHOWN:
            text(f"The last {EVENTS_SHOWN}.", "small faint")

    def _days(self, past: Past) -> None:
        labels = [formats.short_day(day.on) for day in past.days]
        with block("figures"):
            figure("First counted", formats.count(past.days[0].count), formats.day(past.days[0].on))
            figure("Now", formats.count(past.days[-1].count), formats.day(past.days[-1].on))
            figure("Entered", formats.count(sum(day.entered for day in past.days)), "over these days")
            figure("Left", formats.count(sum(day.left for day in past.days)), "over these days")
        line_chart(labels, {"Members": [day.count for day in past.days]}, name="Members over time")
