"""Tasks: what a customer success manager is to do for which member, and what came of it."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from functools import partial

from fastapi import Request
from nicegui import ui
from sqlalchemy.orm import Session

from api.bootstrap import Nurture
from api.ui import formats
from api.ui.components.card import Local
from api.ui.components.dialogs import ask
from api.ui.segments.undo_bar import UndoBar
from api.ui.shell import add_page
from api.ui.theme import block, chip, empty_state, panel, primary, quiet, secondary, text
from api.ui.viewer import Viewer, attempt
from crm.access.actor import Actor, Permission
from crm.access.models import Role
from crm.success import service as tasks
from crm.success.models import TaskState
from crm.success.service import TaskLine, TaskPage, Whose

MOST_ROWS = 100
_WHOSE: Mapping[Whose, str] = {"mine": "Mine", "unassigned": "Nobody's", "all": "All"}
_EMPTY: Mapping[Whose, str] = {
    "mine": "Journeys put tasks here, e.g. when a dormant member of yours does not answer.",
    "unassigned": "Tasks for members without a customer success manager wait here.",
    "all": "Journeys make tasks when they come to a step of that kind.",
}


def add_tasks(nurture: Nurture) -> None:
    add_page(nurture, "/tasks", section="Tasks", build=_build)


async def _build(viewer: Viewer, _request: Request) -> None:
    with block("page"):
        with block("stack snug"):
            text("Tasks", "page-title", "h1")
            text("What a journey leaves to people: a call, a visit, a word.", "muted")
        await TaskList(viewer).draw()


class TaskList:
    """The rows by owner and state, with what can be done to each."""

    def __init__(self, viewer: Viewer) -> None:
        self._viewer = viewer
        self._local = Local(viewer.zone, viewer.currency)
        self._whose: Whose = "mine" if viewer.actor.role is Role.CSM else "all"
        self._state = TaskState.OPEN

    async def draw(self) -> None:
        self._filters = block("line flow tight").props('role=group aria-label="Which tasks"')
        self._undo = UndoBar()
        with panel(classes="flush") as self._rows:
            pass
        await self._show()

    async def _show(self) -> None:
        def load(session: Session, actor: Actor, now: datetime) -> TaskPage:
            return tasks.list_tasks(
                session, actor=actor, now=now, whose=self._whose, state=self._state, limit=MOST_ROWS
            )

        page = await attempt(self._viewer.read(load))
        if page is None:
            return
        self._draw_filters()
        self._rows.clear()
        with self._rows:
            if not page.lines:
                title = "Nothing to do" if self._state is TaskState.OPEN else "Nothing here"
                empty_state("assignment_turned_in", title, _EMPTY[self._whose])
            for line in page.lines:
                self._row(line)
            if page.total > len(page.lines):
                text(f"{page.total - len(page.lines)} more after these.", "small muted pad")

    def _draw_filters(self) -> None:
        self._filters.clear()
        with self._filters:
            for whose, words in _WHOSE.items():
                self._choice(words, is_on=whose == self._whose, choose=partial(self._choose, whose))
            block("push")
            for state in TaskState:
                self._choice(
                    formats.words(state),
                    is_on=state is self._state,
                    choose=partial(self._choose, None, state),
                )

    def _choice(self, words: str, *, is_on: bool, choose: Callable[[], Awaitable[None]]) -> None:
        button = text(words, "choice", "button").props(f"type=button aria-pressed={'true' if is_on else 'false'}")
        button.on("click", choose)

    async def _choose(self, whose: Whose | None = None, state: TaskState | None = None) -> None:
        self._whose, self._state = whose or self._whose, state or self._state
        await self._show()

    def _row(self, line: TaskLine) -> None:
        with block("list-row task-row"):
            with block("stack snug grow"):
                with block("line tight flow"):
                    text(line.title, "strong wrap")
                    if line.is_overdue:
                        chip("Overdue", "bad", "schedule")
                text(f"For {line.member_name}", "wrap")
                if line.note:
                    text(line.note, "small muted pre")
                if line.outcome:
                    text(f"“{line.outcome}”", "wrap")
                with block("line tight flow small faint"):
                    text(self._when(line))
                    text(line.owner_name or "nobody has it")
                    if line.journey_id is None:
                        text(line.origin_name, "wrap")
                    else:
                        ui.link(line.origin_name, f"/journeys/{line.journey_id}").classes("wrap")
            with block("line tight"):
                self._buttons(line)

    def _when(self, line: TaskLine) -> str:
        if line.closed_at is not None:
            return f"{formats.words(line.state)} {self._local.moment(line.closed_at)}"
        return f"due {self._local.moment(line.due_at)}"

    def _buttons(self, line: TaskLine) -> None:
        actor = self._viewer.actor
        is_mine = line.owner_id == actor.account_id or actor.may(Permission.OPERATE_CAMPAIGN)
        if line.state is TaskState.OPEN and line.owner_id is None and actor.role is Role.CSM:
            secondary("Take", lambda: self._take(line), symbol="pan_tool_alt")
        elif line.state is TaskState.OPEN and is_mine:
            primary("Done", lambda: self._complete(line), symbol="check")
        elif line.state is TaskState.DONE and is_mine:
            quiet("Open again", lambda: self._reopen(line), symbol="undo")

    async def _complete(self, line: TaskLine) -> None:
        answer = await ask(
            line.title,
            f"For {line.member_name}.",
            yes="Done",
            note_label="What came of it?",
            note_required=True,
        )
        if answer is None:
            return

        def work(session: Session, actor: Actor, now: datetime) -> bool:
            tasks.complete_task(session, line.task_id, outcome=answer.note, actor=actor, now=now)
            return True

        if await attempt(self._viewer.write(work)):
            await self._show()
            self._undo.offer(f"Done: {line.title}, {line.member_name}", "Open again", lambda: self._reopen(line))

    async def _reopen(self, line: TaskLine) -> None:
        def work(session: Session, actor: Actor, now: datetime) -> bool:
            tasks.reopen_task(session, line.task_id, actor=actor, now=now)
            return True

        if await attempt(self._viewer.write(work)):
            await self._show()

    async def _take(self, line: TaskLine) -> None:
        def work(session: Session, actor: Actor, now: datetime) -> bool:
            tasks.take_task(session, line.task_id, actor=actor, now=now)
            return True

        if await attempt(self._viewer.write(work)):
            await self._show()
