"""What a person may do to a campaign now: the buttons, their questions, and the calls behind them."""

from datetime import datetime

from nicegui import ui
from sqlalchemy.orm import Session

from api.ui.components.actions import Action, ActionButtons
from api.ui.theme import block, icon, text
from api.ui.viewer import Viewer
from crm.access.actor import Actor, Permission
from crm.campaigns import service
from crm.campaigns.models import Campaign
from crm.catalog import CATALOG
from crm.journeys.lookup import NOT_STARTED, STARTED
from crm.outreach.models import JourneyState


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
        (JourneyState.DRAFT,),
        Permission.SUBMIT_CAMPAIGN,
        "A manager will see exactly this audience, copy, cost and schedule. Nothing is sent before the approval.",
        _submit,
        is_main=True,
    ),
    Action(
        "Pause",
        "pause",
        (JourneyState.SCHEDULED, JourneyState.RUNNING),
        Permission.OPERATE_CAMPAIGN,
        "No further message goes out until it is resumed. Messages that were sent stay sent.",
        _pause,
    ),
    Action(
        "Resume",
        "play_arrow",
        (JourneyState.PAUSED,),
        Permission.OPERATE_CAMPAIGN,
        "Messages that are due go out again; those that are too late are left out.",
        _resume,
    ),
    Action(
        "Cancel campaign",
        "close",
        (*NOT_STARTED, *STARTED),
        Permission.OPERATE_CAMPAIGN,
        "It ends for good: nothing more is sent and reserved coupons go back to stock. This cannot be undone.",
        _cancel,
        is_dangerous=True,
    ),
)


class CampaignActions:
    def __init__(self, viewer: Viewer, campaign: Campaign) -> None:
        self._campaign = campaign
        self._buttons = ActionButtons(viewer, campaign.id, campaign.name)

    def draw(self) -> None:
        with block("line tight flow"):
            if self._campaign.launched_at is not None or self._campaign.is_imported:
                with ui.link(target=f"/reviews/{self._campaign.id}").classes("plain button-link"):
                    icon("insights")
                    text("Review", "", "span")
            if not self._campaign.is_imported:
                self._buttons.draw(ACTIONS, self._campaign.state)

    async def decide(self, approved: bool, fingerprint: str, note: str) -> None:  # noqa: FBT001 - the verdict itself
        await self._buttons.decide(service.approve if approved else service.reject, fingerprint, note)
