"""What saving a journey touches: the person's own draft, or a version that others rely on."""

from sqlalchemy.orm import Session

from crm.access import confirmed as acts
from crm.access.actor import Actor
from crm.access.confirmed import Confirmed
from crm.access.models import Account
from crm.outreach.models import Journey, JourneyState

_STANDS: dict[JourneyState, str] = {
    JourneyState.AWAITING_APPROVAL: "{name} awaits approval, and a change makes that request void",
    JourneyState.SCHEDULED: "{name} is approved, and a change makes the approval void",
}


def is_own_draft(journey: Journey, actor: Actor) -> bool:
    return journey.state is JourneyState.DRAFT and journey.author_id == actor.account_id


def mark_of(journey: Journey) -> str:
    return acts.mark_of(f"{journey.version} {journey.state.value}", journey.spec)


def require_confirmed(session: Session, journey: Journey, actor: Actor, confirmed: Confirmed | None) -> None:
    """A version that is not one's own draft is replaced by a confirmed act alone. Raises NotConfirmed, or Conflict
    when the version is not what was shown any more."""
    if is_own_draft(journey, actor):
        return
    words = _STANDS.get(journey.state)
    if words is None:
        author = session.get(Account, journey.author_id)
        words = f"{{name}} is a draft of {author.display_name if author else 'somebody else'}"
    acts.require_confirmed(confirmed, mark=mark_of(journey), why=words.format(name=journey.name), name=journey.name)
