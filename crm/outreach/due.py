"""How much there is to send now."""

from datetime import datetime

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from crm.outreach.channels.channel_status import resting_channels
from crm.outreach.channels.pausing import IS_PAUSED
from crm.outreach.holds import is_free
from crm.outreach.models import MAY_BE_DUE, Journey, JourneyState, Message, MessageState


def count_due(session: Session, now: datetime, *, most: int) -> int:
    """Messages that a sender would take up now, those of workers that did not come back included; up to `most`."""
    due = and_(
        Message.state.in_((MessageState.PLANNED, MessageState.DEFERRED)),
        Message.due_at <= now,
        Message.channel.not_in(resting_channels(session)),
        ~IS_PAUSED,
        Journey.state == JourneyState.RUNNING,
        is_free(now),
    )
    lapsed = and_(Message.state == MessageState.CLAIMED, Message.lease_until <= now)
    found = select(Message.id).join(Journey, Journey.id == Message.journey_id)
    found = found.where(MAY_BE_DUE, or_(due, lapsed)).limit(most)
    return session.scalar(select(func.count()).select_from(found.subquery())) or 0
