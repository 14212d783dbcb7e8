"""How many members the definition on the page has: counted while it is edited, with its age and what it cost."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime

from nicegui import ui
from sqlalchemy.orm import Session

from api.ui import formats
from api.ui.latest_read import LatestRead
from api.ui.segments.asking import reader_scope
from api.ui.theme import block, notice, quiet, text
from api.ui.viewer import Viewer
from crm.access.actor import Actor
from crm.errors import CrmError
from crm.segments import service
from crm.segments.definition import EVERYONE, Definition

PATIENCE_S = 1.0
"""A count that takes longer says that it is under way, and can be stopped."""
TICK_S = 0.25
AGE_STEP_S = 10.0


@dataclass(frozen=True)
class Counted:
    count: int
    everyone: int
    """Members that this person may see."""
    as_of: date
    duration_s: float
    at: float
    """Monotonic time, for the age."""


class CountPanel:
    """Create it while its page is built. `after` hears each count that was finished and is still wanted."""

    def __init__(self, viewer: Viewer, after: Callable[[Definition], Awaitable[None]]) -> None:
        self._after = after
        self._reads = LatestRead(viewer)
        self._definition: Definition | None = None
        self._counted: Counted | None = None
        self._began = 0.0
        self._is_cut_off = False
        with block("stack tight").props('role=status aria-live=polite aria-label="Count"') as box:
            self._number = text(formats.MISSING, "headline")
            self._unit = text("members", "muted")
            self._facts = text("", "small faint")
        box.props["data-count"] = "none"
        self._box = box
        with block("line tight") as self._waiting:
            self._bar = ui.linear_progress(show_value=False).props('indeterminate rounded aria-label="Counting"')
            self._bar.classes("grow")
            quiet("Stop", self._stop).props("dense size=sm")
        self._waiting.visible = False
        self._trouble = block("stack tight")
        ui.context.client.on_disconnect(self._lose_connection)
        ui.context.client.on_connect(self._regain_connection)
        self._tick = ui.timer(TICK_S, self._show_waiting, active=False)
        ui.timer(AGE_STEP_S, self._show_facts)

    def hold(self, words: str) -> None:
        """There is nothing to count at the moment, and why; stops a count under way."""
        self._reads.cancel()
        self._definition = self._counted = None
        self._rest()
        self._number.text, self._unit.text = formats.MISSING, "members"
        self._facts.text = words
        self._box.props["data-count"] = "none"

    def expect(self) -> None:
        """The definition is being changed: what is counted now is not wanted any more."""
        self._reads.cancel()
        self._rest()
        self._number.classes("dim")
        self._box.props["data-count"] = "counting"

    async def show(self, definition: Definition) -> None:
        """Count `definition`; a newer call stops this one."""
        self.expect()
        self._definition, self._began = definition, time.monotonic()
        self._tick.activate()
        try:
            counted = await self._reads.run(lambda *given: _count(definition, *given))
        except CrmError as error:
            self._complain(error)
            return
        if counted is None:
            return
        self._rest()
        self._counted = counted
        self._number.text = formats.count(counted.count)
        self._box.props["data-count"] = "done"
        self._show_facts()
        await self._after(definition)

    def _rest(self) -> None:
        """Neither waiting nor complaining."""
        self._tick.deactivate()
        self._waiting.visible = False
        self._trouble.clear()
        self._number.classes(remove="dim")

    def _show_waiting(self) -> None:
        waited = time.monotonic() - self._began
        if waited >= PATIENCE_S:
            self._waiting.visible = True
            self._facts.text = f"Counting for {waited:.0f} s"

    def _show_facts(self) -> None:
        counted = self._counted
        if counted is None or self._waiting.visible:
            return
        share = "" if not counted.everyone else f"{formats.percent(counted.count / counted.everyone)} of "
        self._unit.text = f"{formats.count_noun(counted.count, 'member')}, {share}{formats.count(counted.everyone)}"
        took, age = formats.duration(counted.duration_s), formats.age(time.monotonic() - counted.at)
        self._facts.text = f"As of {formats.day(counted.as_of)} · counted {age} in {took}"

    def _lose_connection(self) -> None:
        # The page may be closed for good: then nobody waits for its count.
        self._is_cut_off = self._box.props["data-count"] == "counting"
        self._reads.cancel()

    async def _regain_connection(self) -> None:
        if self._is_cut_off:
            self._is_cut_off = False
            await self._again()

    async def _again(self) -> None:
        if self._definition is not None:
            await self.show(self._definition)

    def _stop(self) -> None:
        self._reads.cancel()
        self._fail("The count was stopped.")

    def _complain(self, error: CrmError) -> None:
        self._fail(formats.sentence(error.message))

    def _fail(self, words: str) -> None:
        self._rest()
        self._counted = None
        self._number.text, self._unit.text = formats.MISSING, "members"
        self._facts.text = ""
        self._box.props["data-count"] = "failed"
        with self._trouble:
            notice(words, "warn")
            quiet("Count again", self._again, symbol="refresh").props("dense size=sm").classes("start")


def _count(definition: Definition, session: Session, actor: Actor, now: datetime) -> Counted:
    scope = reader_scope(session, actor, now)
    began = time.monotonic()
    count = service.count(session, definition, scope)
    ended = time.monotonic()
    return Counted(count, service.count(session, EVERYONE, scope), scope.today, ended - began, ended)
