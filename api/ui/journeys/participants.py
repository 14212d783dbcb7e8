"""Who takes part in a journey, and everything that happened to one of them."""

from datetime import datetime

from nicegui import ui
from sqlalchemy.orm import Session

from api.ui import formats
from api.ui.components.card import Local
from api.ui.components.state_chips import state_chip
from api.ui.theme import block, chip, quiet, secondary, text
from api.ui.viewer import Viewer, attempt
from crm.access.actor import Actor
from crm.catalog import CATALOG
from crm.journeys.participants import Participant, ParticipantPage, list_participants
from crm.journeys.schedulers.stepwise.triggers import Entered
from crm.journeys.service import enrol_by_hand
from crm.journeys.steps.kind import TimelineEntry
from crm.journeys.views import MemberWay, ways_of_member
from crm.members.service import find_member
from crm.outreach.models import Arm, EnrolmentState

PAGE_ROWS = 15
_KINDS = {"entered": "Entered", "step": "Left step", "message": "Message", "answer": "Member"}
_FILTERS = (EnrolmentState.ACTIVE, EnrolmentState.COMPLETED, EnrolmentState.EXITED, EnrolmentState.STOPPED)


class ParticipantList:
    """Rows by state, a page at a time; a row opens the member's way."""

    def __init__(self, viewer: Viewer, journey_id: int, local: Local) -> None:
        self._viewer, self._journey_id, self._local = viewer, journey_id, local
        self._state: EnrolmentState | None = None
        self._before: int | None = None

    async def draw(self) -> None:
        self._filters = block("line flow tight").props('role=group aria-label="State"')
        self._rows = block("stack").style("gap: 0")
        await self._show()

    async def _choose(self, state: EnrolmentState | None) -> None:
        self._state, self._before = state, None
        await self._show()

    async def _older(self, before: int | None) -> None:
        self._before = before
        await self._show()

    async def _show(self) -> None:
        def load(session: Session, actor: Actor, _now: datetime) -> ParticipantPage:
            return list_participants(
                session, self._journey_id, actor=actor, state=self._state, before=self._before, limit=PAGE_ROWS
            )

        page = await attempt(self._viewer.read(load))
        if page is None:
            return
        self._filters.clear()
        with self._filters:
            self._filter("All", None)
            for state in _FILTERS:
                self._filter("Under way" if state is EnrolmentState.ACTIVE else formats.words(state), state)
            text(formats.plural(page.total, "enrolment"), "small faint push number", "span")
        self._rows.clear()
        with self._rows:
            if not page.walkers:
                text("Nobody so far.", "small muted").style("padding: 8px 0")
            for walker in page.walkers:
                self._row(walker)
            with block("line tight"):
                if self._before is not None:
                    quiet("Newest", lambda: self._older(None), symbol="first_page")
                if page.next_cursor is not None:
                    quiet("Older", lambda: self._older(page.next_cursor), symbol="chevron_right")

    def _filter(self, words: str, state: EnrolmentState | None) -> None:
        button = text(words, "choice small", "button").props("type=button")
        button.props(f"aria-pressed={'true' if state is self._state else 'false'}")
        button.on("click", lambda: self._choose(state))

    def _row(self, walker: Participant) -> None:
        name = f"{walker.member_name} · {walker.name_local}" if walker.name_local else walker.member_name
        with block("message-row", "button").props("type=button") as row:
            with block("stack snug grow"):
                text(name, "strong clip")
                text(f"{formats.words(walker.tier)} · entered {self._local.moment(walker.enrolled_at)}", "small muted")
            if walker.arm is Arm.HOLDOUT:
                chip("Held back", "neutral")
            if walker.step_key is not None:
                with block("stack snug walker-place"):
                    text(walker.step_key, "small strong clip")
                    waits = "waits until" if walker.is_waiting else "due"
                    text(f"{waits} {self._local.moment(walker.wake_at)}", "small faint number")
            else:
                state_chip(walker.state)
        row.on("click", lambda: self._open(walker, name))

    async def _open(self, walker: Participant, name: str) -> None:
        ways = await attempt(
            self._viewer.read(
                lambda session, actor, _now: ways_of_member(
                    session, walker.member_id, actor=actor, journey_id=self._journey_id
                )
            )
        )
        if ways is None:
            return
        with ui.dialog(value=True) as dialog, ui.card().classes("dialog wide-dialog"):
            text(name, "section-title wrap", "h2")
            with block("stack long-list"):
                for way in ways:
                    _way(way, self._local)
            with block("line").style("justify-content: flex-end"):
                quiet("Close", dialog.close)
        dialog.on("hide", dialog.delete)


def _way(way: MemberWay, local: Local) -> None:
    with block("line tight flow"):
        text(way.occurrence, "strong wrap")
        state_chip(way.state)
        if way.arm is Arm.HOLDOUT:
            chip("Held back, gets nothing", "neutral")
    if way.step_key is not None:
        text(f"Stands at {way.step_key}, moves on {local.moment(way.wake_at)} at the latest.", "small muted wrap")
    with block("timeline", "ol"):
        for entry in way.entries:
            with block("", "li"):
                text(_entry(entry), "strong wrap")
                text(local.moment(entry.at), "small faint")


def _entry(entry: TimelineEntry) -> str:
    detail = f" → {entry.detail}" if entry.kind == "step" else f" ({entry.detail})" if entry.detail else ""
    return f"{_KINDS.get(entry.kind, formats.words(entry.kind))}: {entry.what}{detail}"


class LetIn:
    """Lets members in by hand."""

    def __init__(self, viewer: Viewer, journey_id: int) -> None:
        self._viewer, self._journey_id = viewer, journey_id

    def draw(self) -> None:
        with block("line flow tight"):
            self._member = ui.input("Member", placeholder="Name or number").style("width: 240px")
            self._member.on("keydown.enter", self._enter)
            secondary("Let in", self._enter, symbol="person_add")

    async def _enter(self) -> None:
        words = (self._member.value or "").strip()
        if not words:
            return

        def work(session: Session, actor: Actor, now: datetime) -> Entered:
            member = find_member(session, words, owner_id=actor.row_owner_id)
            return enrol_by_hand(
                session,
                self._journey_id,
                member_ids=[member.id],
                actor=actor,
                request_id=f"page:{actor.account_id}:{now.isoformat()}:{member.id}",
                now=now,
                catalog=CATALOG,
            )

        entered = await attempt(self._viewer.write(work))
        if entered is None:
            return
        if entered.entered:
            ui.navigate.reload()
        else:
            ui.notify("This member may not enter, or took part already.", type="warning", position="top")
