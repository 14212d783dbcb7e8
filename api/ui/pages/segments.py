"""All saved segments: how many are in, how that changed, and whether the number can be relied on."""

from collections import Counter
from datetime import datetime

from fastapi import Request
from nicegui import ui

from api.bootstrap import Nurture
from api.ui import formats
from api.ui.components.sparkline import sparkline
from api.ui.components.state_chips import state_chip
from api.ui.segments.saved_view import ListedSegment, list_saved
from api.ui.shell import add_page
from api.ui.theme import block, empty_state, icon, panel, text
from api.ui.viewer import Viewer
from crm.access.actor import Permission
from crm.segments.history import SegmentState

MOST_ROWS = 100
FIRST_STEPS = (
    "Say who you want to reach, e.g. “gold members who have not ordered for 60 days”. "
    "You see at once how many that are, and save it under a name."
)


def add_segments(nurture: Nurture) -> None:
    add_page(nurture, "/segments", section="Segments", build=_build)


async def _build(viewer: Viewer, _request: Request) -> None:
    listed = await viewer.read(list_saved)
    may_save = viewer.actor.may(Permission.SAVE_SEGMENT)
    with block("page"):
        with block("line top flow"):
            with block("stack snug grow"):
                text("Segments", "page-title", "h1")
                whose = "" if viewer.actor.row_owner_id is None else " Counts are of your own members."
                if listed:
                    text(f"{formats.plural(len(listed), 'saved segment')}, kept up to date.{whose}", "muted")
            with ui.link(target="/segments/new").classes("plain button-link solid"):
                icon("add")
                text("New segment" if may_save else "Ask who is in", "", "span")
        SegmentList(listed, viewer.nurture.clock.now()).draw()


class SegmentList:
    """The rows that fit the chosen state and the words in the search field."""

    def __init__(self, listed: list[ListedSegment], now: datetime) -> None:
        self._listed, self._now = listed, now
        self._state: SegmentState | None = None
        self._wanted = ""

    def draw(self) -> None:
        if not self._listed:
            with panel(classes="flush"), empty_state("groups", "No saved segment yet", FIRST_STEPS):
                ui.link("Make the first one", "/segments/new").classes("plain button-link solid")
            return
        with block("line flow"):
            self._filters = block("line flow tight").props('role=group aria-label="State"')
            search = ui.input(placeholder="Search").props('clearable aria-label="Search by name or description"')
            search.classes("push").style("width: 260px")
            with search.add_slot("prepend"):
                icon("search")
            search.on_value_change(lambda event: self._search(event.value))
        with panel(classes="flush") as self._rows:
            pass
        self._refresh()

    def _search(self, wanted: str | None) -> None:
        self._wanted = (wanted or "").strip().casefold()
        self._refresh()

    def _choose(self, state: SegmentState | None) -> None:
        self._state = state
        self._refresh()

    def _refresh(self) -> None:
        found = [row for row in self._listed if self._wanted in _searched(row)]
        counts = Counter(row.standing.state for row in found)
        self._filters.clear()
        with self._filters:
            self._filter("All", len(found), None)
            for state in SegmentState:
                if counts[state] or state is self._state:
                    self._filter(formats.words(state), counts[state], state)
        shown = [row for row in found if self._state in (None, row.standing.state)]
        self._rows.clear()
        with self._rows:
            if not shown:
                empty_state("search_off", "No segment fits", "Choose another state, or search for another name.")
            for row in shown[:MOST_ROWS]:
                self._row(row)
            if len(shown) > MOST_ROWS:
                text(f"{len(shown) - MOST_ROWS} more; narrow them down by name.", "small muted pad")

    def _filter(self, words: str, number: int, state: SegmentState | None) -> None:
        button = text(f"{words} {number}", "choice number", "button").props("type=button")
        button.props(f"aria-pressed={'true' if state is self._state else 'false'}")
        button.on("click", lambda: self._choose(state))

    def _row(self, row: ListedSegment) -> None:
        segment = row.segment
        with ui.link(target=f"/segments/{segment.id}").classes("plain list-row"):
            with block("stack snug grow"):
                with block("line tight flow"):
                    text(segment.name, "strong wrap")
                    state_chip(row.standing.state)
                if segment.description:
                    text(segment.description, "small muted two-lines")
                if row.standing.reason is not None:
                    text(formats.sentence(row.standing.reason), "small faint two-lines")
            with block("only-wide").style("width: 96px; flex: none"):
                sparkline([day.count for day in row.days], f"Members of {segment.name} over the last weeks")
            with block("row-fact wide-number"):
                text(formats.count(row.count), "strong number")
                text(formats.change(row.change), "small faint number")
            with block("row-fact wide only-wide"):
                text(f"evaluated {formats.age((self._now - segment.evaluated_at).total_seconds())}", "small number")
                text(row.owner, "small faint clip")
            icon("chevron_right").style("color: var(--ink-3)")


def _searched(row: ListedSegment) -> str:
    return f"{row.segment.name}\n{row.segment.description}\n{row.owner}".casefold()
