"""What a change touches: the person's own draft, or something that others rely on. One rule for whatever sends."""

from typing import Any

from sqlalchemy.orm import Session

from crm.access import confirmed as acts
from crm.access.actor import Actor
from crm.access.confirmed import Confirmed
from crm.access.models import Account
from crm.outreach.models import Journey, JourneyState


def is_own_draft(journey: Journey, actor: Actor) -> bool:
    return journey.state is JourneyState.DRAFT and journey.author_id == actor.account_id


def mark_of(journey: Journey, content: Any) -> str:
    """Of what was shown with a question; `content` is what people write: the brief, or the spec."""
    return acts.mark_of(f"{journey.version} {journey.state.value}", content)


def require_confirmed(
    session: Session, journey: Journey, content: Any, actor: Actor, confirmed: Confirmed | None
) -> None:
    """Only one's own draft changes without a confirmed act. Raises NotConfirmed, or Conflict for a stale yes."""
    if is_own_draft(journey, actor):
        return
    why = f"{journey.name} {_stands(session, journey)}"
    acts.require_confirmed(confirmed, mark=mark_of(journey, content), why=why, name=journey.name)


def _stands(session: Session, journey: Journey) -> str:
    if journey.state is JourneyState.AWAITING_APPROVAL:
        return "awaits approval, and a change makes that request void"
    if journey.state is JourneyState.SCHEDULED:
        is_timed = " and scheduled" if journey.starts_at is not None else ""
        return f"is approved{is_timed}, and a change makes the approval void"
    author = session.get(Account, journey.author_id)
    return f"is a draft of {author.display_name if author else 'somebody else'}"
