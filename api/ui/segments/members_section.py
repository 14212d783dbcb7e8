"""Some of the segment's members, in its order."""

from dataclasses import asdict

from api.ui import formats
from api.ui.components.card import Local
from api.ui.components.segment_card import members_table
from api.ui.latest_read import LatestRead
from api.ui.segments.asking import reader_scope
from api.ui.segments.sections import working
from api.ui.theme import block, empty_state, quiet, text
from api.ui.viewer import Viewer
from crm.segments import service
from crm.segments.definition import Definition
from crm.segments.service import MemberRow

FIRST_ROWS, MORE_ROWS = 10, 100


class MembersSection:
    def __init__(self, viewer: Viewer, local: Local) -> None:
        self._reads = LatestRead(viewer)
        self._local = local
        self._box = block("stack")

    async def show(self, definition: Definition) -> None:
        await self._show(definition, FIRST_ROWS)

    def cancel(self) -> None:
        self._reads.cancel()

    async def _show(self, definition: Definition, most: int) -> None:
        self._box.clear()
        with self._box:
            working("Reading members")
        rows = await self._reads.run(
            lambda session, actor, now: service.sample(
                session, definition, reader_scope(session, actor, now), limit=most + 1
            )
        )
        if rows is None:
            return
        self._box.clear()
        with self._box:
            self._draw(definition, rows, most)

    def _draw(self, definition: Definition, rows: list[MemberRow], most: int) -> None:
        if not rows:
            empty_state(
                "person_search", "Nobody is in it", "See under “Each condition” which one leaves nobody, and loosen it."
            )
            return
        members_table([asdict(row) for row in rows[:most]], definition.to_json().get("order_by"), self._local)
        if len(rows) <= most:
            return
        if most < MORE_ROWS:
            quiet(f"Show up to {MORE_ROWS}", lambda: self._show(definition, MORE_ROWS)).props("dense").classes("start")
        else:
            order = "in the segment's order" if definition.order_by else "by number"
            text(f"The first {formats.count(MORE_ROWS)} {order}.", "small faint")
