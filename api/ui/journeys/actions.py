"""What a person may do to a journey now: the buttons, their questions, and the calls behind them."""

from datetime import datetime

from nicegui import ui
from sqlalchemy.orm import Session

from api.ui.components.actions import Action, ActionButtons
from api.ui.theme import block, icon, text
from api.ui.viewer import Viewer
from crm.access.actor import Actor, Permission
from crm.catalog import CATALOG
from crm.journeys import service
from crm.journeys.lookup import NOT_STARTED, STARTED
from crm.outreach.models import JourneyState


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
        (JourneyState.SCHEDULED,),
        Permission.OPERATE_CAMPAIGN,
        "From now on members enter this version. Those under way in an earlier one stay in it.",
        _start,
        is_main=True,
    ),
    Action(
        "Pause",
        "pause",
        (JourneyState.SCHEDULED, JourneyState.RUNNING),
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
        (*NOT_STARTED, *STARTED),
        Permission.OPERATE_CAMPAIGN,
        "It ends for good, once started in all its versions: whoever is under way leaves it and nothing more is sent. "
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
        self._viewer, self._journey_id = viewer, journey_id
        self._buttons = ActionButtons(viewer, journey_id, name)
        self._state = JourneyState.DRAFT if is_lapsed else state

    def draw(self) -> None:
        with block("line tight flow"):
            if self._viewer.actor.may(Permission.DRAFT_CAMPAIGN) and self._state is not JourneyState.ENDED:
                with ui.link(target=f"/journeys/{self._journey_id}/edit").classes("plain button-link"):
                    icon("edit")
                    text("Change", "", "span")
            self._buttons.draw(ACTIONS, self._state)

    async def decide(self, approved: bool, fingerprint: str, note: str) -> None:  # noqa: FBT001 - the verdict itself
        await self._buttons.decide(service.approve if approved else service.reject, fingerprint, note)
