"""How the segment splits by one field or two."""

from nicegui import ui

from api.ui import formats
from api.ui.components.breakdown_card import MOST_ROWS, breakdown_chart, breakdown_table
from api.ui.components.card import Local
from api.ui.components.field_words import field_label
from api.ui.latest_read import LatestRead
from api.ui.segments.asking import reader_scope
from api.ui.segments.sections import working
from api.ui.theme import block, empty_state, text
from api.ui.viewer import Viewer
from crm.catalog import CATALOG
from crm.segments import service
from crm.segments.breakdown import Breakdown
from crm.segments.definition import Definition

COUNT = {"fn": "count"}


class BreakdownSection:
    def __init__(self, viewer: Viewer, local: Local) -> None:
        self._reads = LatestRead(viewer)
        self._local = local
        self._definition: Definition | None = None
        fields = {field.name: formats.capitalised(field.label.en) for field in CATALOG.fields if field.can_group}
        with block("line flow"):
            self._first = ui.select(fields, label="By", value="tier", with_input=True).classes("value wide")
            second = {"": "nothing else"} | fields
            self._second = ui.select(second, label="and by", value="", with_input=True).classes("value wide")
        self._box = block("stack")
        for choice in (self._first, self._second):
            choice.props("options-dense").on_value_change(self._again)

    async def show(self, definition: Definition) -> None:
        self._definition = definition
        group_by = tuple(dict.fromkeys(name for name in (self._first.value, self._second.value) if name))
        if not group_by:
            return
        self._box.clear()
        with self._box:
            working("Splitting")
        found = await self._reads.run(
            lambda session, actor, now: service.break_down(
                session, definition, reader_scope(session, actor, now), group_by, limit=MOST_ROWS
            )
        )
        if found is None:
            return
        self._box.clear()
        with self._box:
            self._draw(found)

    def cancel(self) -> None:
        self._reads.cancel()

    async def _again(self) -> None:
        if self._definition is not None:
            await self.show(self._definition)

    def _draw(self, found: Breakdown) -> None:
        if not found.groups:
            empty_state("bar_chart", "Nothing to split", "Nobody is in this segment.")
            return
        groups = [{"key": list(group.key), "value": group.value, "count": group.count} for group in found.groups]
        names = [field_label(name) for name in found.group_by]
        with block("halves"):
            breakdown_chart(groups, "Members")
            with block("").style("max-height: 420px; overflow-y: auto"):
                breakdown_table(groups, names, COUNT, self._local)
        text(f"{formats.count(found.total)} members · as of {formats.day(found.as_of)}", "small faint")
