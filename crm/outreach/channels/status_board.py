"""How every channel stands: paused or not, in trouble or not, and what waits for it."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel, ConfigDict
from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from crm.channels import SENDABLE_CHANNELS, Channel
from crm.clock import SystemClock
from crm.members.dead_addresses import doubted_addresses
from crm.members.models import AddressSuppression
from crm.members.suppression import COMPLAINT, HARD_BOUNCE
from crm.outreach.channels.channel_status import conditions
from crm.outreach.channels.models import ChannelCondition
from crm.outreach.channels.pausing import channel_pauses
from crm.outreach.models import MAY_BE_DUE, Journey, JourneyState, Message, MessageState


class PauseView(BaseModel):
    model_config = ConfigDict(frozen=True)

    since: datetime
    by: str
    reason: str


class TroubleView(BaseModel):
    """Why the provider took no more when it was last asked. Moments are the machine's."""

    model_config = ConfigDict(frozen=True)

    words: str
    at: datetime
    rests_until: datetime | None
    """Until when no process asks it again; None where the next turn does."""


class ChannelStanding(BaseModel):
    model_config = ConfigDict(frozen=True)

    channel: str
    pause: PauseView | None
    trouble: TroubleView | None
    waiting: int
    """Messages of running journeys that are still to go, whenever they fall due."""
    due: int
    """Those of them that would go now."""
    given_up: int
    """Addresses that turned out not to exist: nothing is sent there any more."""
    complained: int
    """Addresses whose owner called a message spam: nothing is sent there any more."""
    doubted: int
    """Addresses that were refused for good once since something last arrived there, and are tried again."""


def channel_board(session: Session, now: datetime) -> Sequence[ChannelStanding]:
    """Every channel that can send, in a fixed order; `now` is the workspace's moment."""
    pauses, found = channel_pauses(session), conditions(session)
    waiting = (
        select(Message.channel, func.count(), func.sum(case((Message.due_at <= now, 1), else_=0)))
        .join(Journey, Journey.id == Message.journey_id)
        .where(
            MAY_BE_DUE,
            Message.state.in_((MessageState.PLANNED, MessageState.DEFERRED)),
            Journey.state == JourneyState.RUNNING,
        )
        .group_by(Message.channel)
    )
    counts: dict[Channel, tuple[int, int]] = {
        channel: (number, int(due)) for channel, number, due in session.execute(waiting)
    }
    stopped, doubted = _stopped(session), doubted_addresses(session)
    return [
        ChannelStanding(
            channel=channel.value,
            pause=PauseView(since=pause.since, by=pause.by, reason=pause.reason)
            if (pause := pauses.get(channel))
            else None,
            trouble=_trouble(found.get(channel)),
            waiting=counts.get(channel, (0, 0))[0],
            due=counts.get(channel, (0, 0))[1],
            given_up=stopped.get((channel, HARD_BOUNCE), 0),
            complained=stopped.get((channel, COMPLAINT), 0),
            doubted=doubted.get(channel, 0),
        )
        for channel in SENDABLE_CHANNELS
    ]


def _stopped(session: Session) -> dict[tuple[Channel, str], int]:
    """How many addresses nothing is sent to any more, by channel and reason."""
    columns = (AddressSuppression.channel, AddressSuppression.reason)
    counted = session.execute(select(*columns, func.count()).group_by(*columns))
    return {(channel, reason): number for channel, reason, number in counted}


def _trouble(condition: ChannelCondition | None) -> TroubleView | None:
    if condition is None or condition.trouble is None or condition.trouble_at is None:
        return None
    rests_until = condition.rests_until
    is_over = rests_until is None or rests_until <= SystemClock().now()
    return TroubleView(words=condition.trouble, at=condition.trouble_at, rests_until=None if is_over else rests_until)
