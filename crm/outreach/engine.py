"""The engine of journeys: does what is due at a moment, and says when something falls due next."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.database import Sessions
from crm.outreach.channels.adapter import ChannelAdapters
from crm.outreach.dispatch import dispatch_due
from crm.outreach.links import Links
from crm.outreach.models import MAY_BE_DUE, WAITING, Journey, JourneyState, Message, MessageState
from crm.outreach.sending import DispatchResult


def advance(
    sessions: Sessions,
    now: datetime,
    adapters: ChannelAdapters,
    *,
    links: Links | None = None,
    worker: str = "engine",
) -> DispatchResult:
    """Move every journey on to `now`. Idempotent, and safe to start again after a crash."""
    return dispatch_due(sessions, adapters, now=now, worker=worker, links=links)


def next_moment(session: Session, after: datetime) -> datetime | None:
    """When the next message falls due or the next lease runs out, strictly after a moment."""
    due = select(func.min(Message.due_at)).join(Journey, Journey.id == Message.journey_id)
    due = due.where(
        MAY_BE_DUE, Message.state.in_(WAITING), Message.due_at > after, Journey.state == JourneyState.ACTIVE
    )
    lapse = select(func.min(Message.lease_until)).where(
        MAY_BE_DUE, Message.state == MessageState.CLAIMED, Message.lease_until > after
    )
    moments = [moment for moment in (session.scalar(due), session.scalar(lapse)) if moment is not None]
    return min(moments, default=None)
