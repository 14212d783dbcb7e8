"""What a person may do to a thing that has states: its buttons, their questions, and the calls behind them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from nicegui import ui
from sqlalchemy.orm import Session

from api.ui import formats
from api.ui.components.dialogs import ask, tell
from api.ui.theme import danger, primary, secondary
from api.ui.viewer import SignedOut, Viewer, attempt, show_error
from crm.access.actor import Actor, Permission
from crm.errors import Conflict, CrmError

Operate = Callable[[Session, int, Actor, datetime], object]
"""Does it to the thing with the id."""


class Decide(Protocol):
    """Approves or rejects."""

    def __call__(
        self, session: Session, subject_id: int, /, *, fingerprint: str, actor: Actor, now: datetime, note: str | None
    ) -> object: ...


@dataclass(frozen=True)
class Action:
    """One button: in which states it stands, who sees it, what it asks and what it does."""

    words: str
    symbol: str
    states: Sequence[StrEnum]
    permission: Permission
    question: str
    run: Operate
    is_dangerous: bool = False
    is_main: bool = False


class ActionButtons:
    """The actions on one thing. Whatever is done draws the page anew, which then shows the new state."""

    def __init__(self, viewer: Viewer, subject_id: int, name: str) -> None:
        self._viewer, self._subject_id, self._name = viewer, subject_id, name

    def draw(self, actions: Sequence[Action], state: StrEnum) -> None:
        """Those that the viewer may take in this state."""
        for action in actions:
            if state in action.states and self._viewer.actor.may(action.permission):
                self._button(action)

    async def decide(self, decision: Decide, fingerprint: str, note: str) -> None:
        """Decide on what the page shows. When it is something else by now, say so, then show it as it is."""

        def work(session: Session, actor: Actor, now: datetime) -> bool:
            decision(session, self._subject_id, fingerprint=fingerprint, actor=actor, now=now, note=note or None)
            return True

        try:
            await self._viewer.write(work)
        except SignedOut:
            ui.navigate.to("/login")
            return
        except Conflict as error:
            await tell("This was not decided", formats.sentence(error.message), "Show it as it is now")
        except CrmError as error:
            show_error(error)
            return
        ui.navigate.reload()

    def _button(self, action: Action) -> None:
        async def press() -> None:
            title = f"{action.words}: {self._name}?"
            answer = await ask(title, action.question, yes=action.words, is_dangerous=action.is_dangerous)
            if answer is not None:
                await self._do(action.run)

        draw = danger if action.is_dangerous else primary if action.is_main else secondary
        draw(action.words, press, symbol=action.symbol)

    async def _do(self, run: Operate) -> None:
        def work(session: Session, actor: Actor, now: datetime) -> bool:
            run(session, self._subject_id, actor, now)
            return True

        if await attempt(self._viewer.write(work)):
            ui.navigate.reload()
