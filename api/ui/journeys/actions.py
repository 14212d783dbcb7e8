"""What a person may do to a journey now: the buttons, their questions, and the calls behind them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from nicegui import ui
from sqlalchemy.orm import Session

from api.ui.components.dialogs import ask
from api.ui.theme import block, danger, icon, primary, secondary, text
from api.ui.viewer import Viewer, attempt
from crm.access.actor import Actor, Permission
from crm.catalog import CATALOG
from crm.outreach.journeys import service
from crm.outreach.models import JourneyState

Operate = Callable[[Session, int, Actor, datetime], object]


@dataclass(frozen=True)
class Action:
    """One button: in which states it stands, who sees it, what it asks and what it does."""

    words: str
    symbol: str
    states: tuple[JourneyState, ...]
    permission: Permission
    question: str
    run: Operate
    is_dangerous: bool = False
    is_main: bool = False


def _submit(session: Session, journey_id: int, actor: Actor, now: datetime) -> object:
    return service.submit(session, journey_id, actor=actor, now=now, catalog=CATALOG)


def _start(session: Session, journey_id: int, actor: Actor, now: datetime) -> object:
    return service.activate(session, journey_id, actor=actor, now=now, catalog=CATALOG)


def _pause(session: Session, journey_id: int, actor: Actor, now: datetime) -> object:
    return service.pause(session, journey_id, actor=actor, now=now)


def _resume(session: Session, journey_id: int, actor: Actor, now: datetime) -> object:
    return service.resume(session, journey_id, actor=actor, now=now)


def _end(session: Session, journey_id: int, actor: Actor, now: datetime) -> object:
    return service.end(session, journey_id, actor=actor, now=now)


ACTIONS = (
    Action(
        "Submit for approval",
        "send",
        (JourneyState.DRAFT,),
        Permission.SUBMIT_CAMPAIGN,
        "A manager will see exactly these steps, texts and offers. Nothing is sent before the approval.",
        _submit,
        is_main=True,
    ),
    Action(
        "Start",
        "play_arrow",
        (JourneyState.APPROVED,),
        Permission.OPERATE_CAMPAIGN,
        "From now on members enter this version. Those under way in an earlier one stay in it.",
        _start,
        is_main=True,
    ),
    Action(
        "Pause",
        "pause",
        (JourneyState.ACTIVE,),
        Permission.OPERATE_CAMPAIGN,
        "Nobody enters, nobody moves on and nothing is sent until it is resumed. It can be resumed at any time.",
        _pause,
    ),
    Action(
        "Resume",
        "play_arrow",
        (JourneyState.PAUSED,),
        Permission.OPERATE_CAMPAIGN,
        "It goes on where it was. What happened meanwhile lets nobody in; what became too late is left out.",
        _resume,
        is_main=True,
    ),
    Action(
        "End journey",
        "close",
        (JourneyState.ACTIVE, JourneyState.PAUSED),
        Permission.OPERATE_CAMPAIGN,
        "It ends for good, in all its versions: whoever is under way leaves it and nothing more is sent. "
        "This cannot be undone; pausing can.",
        _end,
        is_dangerous=True,
    ),
)


class JourneyActions:
    """`is_lapsed`: it awaits an approval that has expired, and is treated as the draft that it is again."""

    def __init__(
        self, viewer: Viewer, journey_id: int, name: str, state: JourneyState, *, is_lapsed: bool = False
    ) -> None:
        self._viewer, self._journey_id, self._name = viewer, journey_id, name
        self._state = JourneyState.DRAFT if is_lapsed else state

    def draw(self) -> None:
        with block("line tight flow"):
            if self._viewer.actor.may(Permission.DRAFT_CAMPAIGN) and self._state is not JourneyState.ENDED:
                with ui.link(target=f"/journeys/{self._journey_id}/edit").classes("plain button-link"):
                    icon("edit")
                    text("Change", "", "span")
            for action in ACTIONS:
                if self._state in action.states and self._viewer.actor.may(action.permission):
                    self._button(action)

    def _button(self, action: Action) -> None:
        async def press() -> None:
            title = f"{action.words}: {self._name}?"
            answer = await ask(title, action.question, yes=action.words, is_dangerous=action.is_dangerous)
            if answer is not None:
                await self._do(action.run)

        draw = danger if action.is_dangerous else primary if action.is_main else secondary
        draw(action.words, press, symbol=action.symbol)

    async def decide(self, approved: bool, note: str) -> None:  # noqa: FBT001 - the verdict itself
        def work(session: Session, journey_id: int, actor: Actor, now: datetime) -> object:
            decision = service.approve if approved else service.reject
            return decision(session, journey_id, actor=actor, now=now, note=note or None)

        await self._do(work)

    async def _do(self, run: Operate) -> None:
        """Do it and draw the page anew, which then shows the new state."""

        def work(session: Session, actor: Actor, now: datetime) -> bool:
            run(session, self._journey_id, actor, now)
            return True

        if await attempt(self._viewer.write(work)):
            ui.navigate.reload()
