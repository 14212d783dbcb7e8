"""What a person may do to a campaign now: the buttons, their questions, and the calls behind them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from nicegui import ui
from sqlalchemy.orm import Session

from api.ui.components.dialogs import ask
from api.ui.theme import block, danger, icon, primary, secondary, text
from api.ui.viewer import Viewer, attempt
from crm.access.actor import Actor, Permission
from crm.campaigns import service
from crm.campaigns.models import Campaign, CampaignState
from crm.catalog import CATALOG

Operate = Callable[[Session, int, Actor, datetime], object]


@dataclass(frozen=True)
class Action:
    """One button: in which states it stands, who sees it, what it asks and what it does."""

    words: str
    symbol: str
    states: tuple[CampaignState, ...]
    permission: Permission
    question: str
    run: Operate
    is_dangerous: bool = False


def _submit(session: Session, campaign_id: int, actor: Actor, now: datetime) -> object:
    return service.submit(session, campaign_id, actor=actor, now=now, catalog=CATALOG)


def _pause(session: Session, campaign_id: int, actor: Actor, now: datetime) -> object:
    return service.pause(session, campaign_id, actor=actor, now=now)


def _resume(session: Session, campaign_id: int, actor: Actor, now: datetime) -> object:
    return service.resume(session, campaign_id, actor=actor, now=now)


def _cancel(session: Session, campaign_id: int, actor: Actor, now: datetime) -> object:
    return service.cancel(session, campaign_id, actor=actor, now=now)


ACTIONS = (
    Action(
        "Submit for approval",
        "send",
        (CampaignState.DRAFT,),
        Permission.SUBMIT_CAMPAIGN,
        "A manager will see exactly this audience, copy, cost and schedule. Nothing is sent before the approval.",
        _submit,
    ),
    Action(
        "Pause",
        "pause",
        (CampaignState.SCHEDULED, CampaignState.RUNNING),
        Permission.OPERATE_CAMPAIGN,
        "No further message goes out until it is resumed. Messages that were sent stay sent.",
        _pause,
    ),
    Action(
        "Resume",
        "play_arrow",
        (CampaignState.PAUSED,),
        Permission.OPERATE_CAMPAIGN,
        "Messages that are due go out again; those that are too late are left out.",
        _resume,
    ),
    Action(
        "Cancel campaign",
        "close",
        (
            CampaignState.DRAFT,
            CampaignState.AWAITING_APPROVAL,
            CampaignState.SCHEDULED,
            CampaignState.RUNNING,
            CampaignState.PAUSED,
        ),
        Permission.OPERATE_CAMPAIGN,
        "It ends for good: nothing more is sent and reserved coupons go back to stock. This cannot be undone.",
        _cancel,
        is_dangerous=True,
    ),
)


class CampaignActions:
    def __init__(self, viewer: Viewer, campaign: Campaign) -> None:
        self._viewer, self._campaign = viewer, campaign

    def draw(self) -> None:
        with block("line tight flow"):
            if self._campaign.launched_at is not None or self._campaign.is_imported:
                with ui.link(target=f"/reviews/{self._campaign.id}").classes("plain button-link"):
                    icon("insights")
                    text("Review", "", "span")
            if self._campaign.is_imported:
                return
            for action in ACTIONS:
                if self._campaign.state in action.states and self._viewer.actor.may(action.permission):
                    self._button(action)

    def _button(self, action: Action) -> None:
        async def press() -> None:
            title = f"{action.words}: {self._campaign.name}?"
            answer = await ask(title, action.question, yes=action.words, is_dangerous=action.is_dangerous)
            if answer is not None:
                await self._do(action.run)

        if action.is_dangerous:
            danger(action.words, press, symbol=action.symbol)
        elif action.states == (CampaignState.DRAFT,):
            primary(action.words, press, symbol=action.symbol)
        else:
            secondary(action.words, press, symbol=action.symbol)

    async def decide(self, approved: bool, note: str) -> None:  # noqa: FBT001 - the verdict itself
        def work(session: Session, campaign_id: int, actor: Actor, now: datetime) -> object:
            decision = service.approve if approved else service.reject
            return decision(session, campaign_id, actor=actor, now=now, note=note or None)

        await self._do(work)

    async def _do(self, run: Operate) -> None:
        """Do it and draw the page anew, which then shows the new state."""

        def work(session: Session, actor: Actor, now: datetime) -> bool:
            run(session, self._campaign.id, actor, now)
            return True

        if await attempt(self._viewer.write(work)):
            ui.navigate.reload()
