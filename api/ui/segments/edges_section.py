"""Members at the segment's edge: who only just misses it, and who is only just in."""

from collections.abc import Sequence

from api.ui import formats
from api.ui.components.card import Local
from api.ui.latest_read import LatestRead
from api.ui.segments.asking import reader_scope
from api.ui.segments.sections import working
from api.ui.theme import block, empty_state, icon, text
from api.ui.viewer import Viewer
from crm.fields import CENTS_PER_UNIT, Unit
from crm.segments.boundary import BoundaryMember, boundary_examples
from crm.segments.definition import Definition

_NAMED_UNITS = ("days", Unit.POINTS, Unit.YEARS, Unit.WEEKS)


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
        value = formats.day(member.value) if isinstance(member.value, str) else self._amount(member.value, member.unit)
        away = "" if member.distance is None else f"; {self._amount(member.distance, member.unit, named=True)} away"
        return f"{formats.capitalised(member.measured or '')}: {value}{away}"

    def _amount(self, number: float | None, unit: str | None, *, named: bool = False) -> str:
        if number is not None and unit == Unit.MONEY:
            return self._local.money(number * CENTS_PER_UNIT)
        words = unit if named and unit in _NAMED_UNITS else ""
        return f"{formats.count(number)} {words}".strip()
