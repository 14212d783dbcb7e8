"""The engine of journeys: does what is due at a moment, and says when something falls due next."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.database import Sessions
from crm.fields import Catalog
from crm.isolation import Stages
from crm.journeys.schedulers.stepwise.advance import Moved, advance_due, next_wake
from crm.outreach.channels.adapter import ChannelAdapters
from crm.outreach.dispatch import dispatch_due
from crm.outreach.links import Links
from crm.outreach.models import MAY_BE_DUE, WAITING, Journey, JourneyState, Message, MessageState
from crm.outreach.sending import DispatchResult


@dataclass(frozen=True)
class Advanced:
    walked: Moved
    dispatched: DispatchResult


def advance(
    sessions: Sessions,
    now: datetime,
    adapters: ChannelAdapters,
    *,
    catalog: Catalog,
    links: Links | None = None,
    worker: str = "engine",
) -> Advanced:
    """Move every journey on to `now`. Idempotent, and safe to start again after a crash."""
    stages, walked, dispatched = Stages(), Moved(), DispatchResult()
    with stages.stage("walk"):
        walked = advance_due(sessions, now, catalog)
    with stages.stage("send"):
        dispatched = dispatch_due(sessions, adapters, now=now, worker=worker, links=links)
    stages.finish()
    return Advanced(walked, dispatched)


def next_moment(session: Session, after: datetime, *, catalog: Catalog) -> datetime | None:
    """When something falls due next, after a moment: a message, a member under way, a lease or hold that ends."""
    due = select(func.min(Message.due_at)).join(Journey, Journey.id == Message.journey_id)
    due = due.where(
        MAY_BE_DUE, Message.state.in_(WAITING), Message.due_at > after, Journey.state == JourneyState.RUNNING
    )
    lapse = select(func.min(Message.lease_until)).where(
        MAY_BE_DUE, Message.state == MessageState.CLAIMED, Message.lease_until > after
    )
    moments = (session.scalar(due), session.scalar(lapse), next_wake(session, after, catalog))
    return min((moment for moment in moments if moment is not None), default=None)
