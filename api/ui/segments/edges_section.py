"""Members at the segment's edge: who only just misses it, and who is only just in."""

from collections.abc import Sequence

from api.ui import formats
from api.ui.components.card import Local
from api.ui.latest_read import LatestRead
from api.ui.segments.asking import reader_scope
from api.ui.segments.sections import working
from api.ui.theme import block, empty_state, icon, text
from api.ui.viewer import Viewer
from crm.segments.boundary import BoundaryMember, boundary_examples
from crm.segments.definition import Definition


class EdgesSection:
    def __init__(self, viewer: Viewer, local: Local) -> None:
        self._reads = LatestRead(viewer)
        self._local = local
        self._box = block("stack")

    async def show(self, definition: Definition) -> None:
        self._box.clear()
        with self._box:
            working("Looking at the edge")
        found = await self._reads.run(
            lambda session, actor, now: boundary_examples(session, definition, reader_scope(session, actor, now))
        )
        if found is None:
            return
        self._box.clear()
        with self._box, block("halves"):
            self._side("login", "Just in", "Nobody is close to leaving: no condition measures anything.", found.just_in)
            self._side("logout", "Just out", "Nobody misses it by one condition only.", found.just_out)

    def cancel(self) -> None:
        self._reads.cancel()

    def _side(self, symbol: str, title: str, nobody: str, members: Sequence[BoundaryMember]) -> None:
        with block("stack tight", "section").props(f'aria-label="{title}"'):
            with block("line tight"):
                icon(symbol).style("font-size: 18px; color: var(--ink-3)")
                text(title, "section-title", "h3")
            if not members:
                empty_state(symbol, "Nobody here", nobody)
            for member in members:
                self._member(member)

    def _member(self, member: BoundaryMember) -> None:
        name = member.name if member.name_local in (None, member.name) else f"{member.name} · {member.name_local}"
        with block("stack snug edge-member"):
            with block("line tight flow"):
                text(name, "strong wrap")
                text(f"{formats.words(member.tier)} · {member.city or formats.MISSING}", "small muted")
            text(member.words or "its place in the order", "small wrap")
            if member.measured is not None:
                text(self._distance(member), "small faint wrap")

    def _distance(self, member: BoundaryMember) -> str:
        value = member.value if not isinstance(member.value, str) else member.value[:10]
        value = formats.count(value) if isinstance(value, int | float) else value
        away = f"; {formats.count(member.distance)} {member.unit} from the edge" if member.distance is not None else ""
        return f"{formats.capitalised(member.measured or '')}: {formats.MISSING if value is None else value}{away}"
