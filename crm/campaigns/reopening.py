"""What a change of a campaign touches: the person's own draft, or something that others rely on."""

from sqlalchemy.orm import Session

from crm.access import confirmed as acts
from crm.access.actor import Actor
from crm.access.confirmed import Confirmed
from crm.access.models import Account
from crm.campaigns.models import Campaign
from crm.outreach.models import JourneyState

_STANDS: dict[JourneyState, str] = {
    JourneyState.AWAITING_APPROVAL: "{name} awaits approval, and a change makes that request void",
    JourneyState.SCHEDULED: "{name} is approved and scheduled, and a change makes the approval void",
}


def is_own_draft(campaign: Campaign, actor: Actor) -> bool:
    return campaign.state is JourneyState.DRAFT and campaign.author_id == actor.account_id


def mark_of(campaign: Campaign) -> str:
    return acts.mark_of(campaign.state.value, campaign.brief)


def require_confirmed(session: Session, campaign: Campaign, actor: Actor, confirmed: Confirmed | None) -> None:
    """Only one's own draft changes without a confirmed act. Raises NotConfirmed, or Conflict for a stale yes."""
    if is_own_draft(campaign, actor):
        return
    words = _STANDS.get(campaign.state)
    if words is None:
        words = f"{{name}} is a draft of {session.get_one(Account, campaign.author_id).display_name}"
    why = words.format(name=campaign.name)
    acts.require_confirmed(confirmed, mark=mark_of(campaign), why=why, name=campaign.name)
