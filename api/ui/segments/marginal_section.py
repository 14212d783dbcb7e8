"""What each condition costs: how many members there would be without it."""

from api.ui import formats
from api.ui.latest_read import LatestRead
from api.ui.segments.asking import reader_scope
from api.ui.segments.sections import working
from api.ui.theme import block, empty_state, text
from api.ui.viewer import Viewer
from crm.segments.definition import Definition
from crm.segments.marginal import MarginalCount, Marginals, marginal_counts


class MarginalSection:
    def __init__(self, viewer: Viewer) -> None:
        self._reads = LatestRead(viewer)
        self._box = block("stack")

    async def show(self, definition: Definition) -> None:
        self._box.clear()
        with self._box:
            working("Counting without each condition")
        found = await self._reads.run(
            lambda session, actor, now: marginal_counts(session, definition, reader_scope(session, actor, now))
        )
        if found is None:
            return
        self._box.clear()
        with self._box:
            self._draw(found)

    def cancel(self) -> None:
        self._reads.cancel()

    def _draw(self, found: Marginals) -> None:
        if not found.parts:
            empty_state("rule", "There is no condition", "Everyone is in this segment.")
            return
        text(f"{formats.count(found.count)} members meet all conditions. How many would there be …", "muted")
        largest = max((part.count for part in found.parts), default=0)
        for part in found.parts:
            self._part(part, largest)
        if found.parts_total > len(found.parts):
            text(f"The first {len(found.parts)} of {found.parts_total} parts.", "small faint")

    def _part(self, part: MarginalCount, largest: int) -> None:
        width = 0 if largest == 0 else 100 * part.count / largest
        with block("marginal"):
            text(f"without “{part.words}”", "wrap grow")
            with block("line tight"):
                text(formats.count(part.count), "strong number")
                text(f"{part.difference:+,}" if part.difference else "no difference", "small muted number")
            with block("marginal-track"):
                block("marginal-bar").style(f"width: {width:.1f}%")
