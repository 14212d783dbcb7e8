"""Channels and workers as the API, the command line and the page show them."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict
from sqlalchemy.orm import Session

from crm.channels import Channel
from crm.clock import SystemClock
from crm.outreach.channels.status_board import ChannelStanding, channel_board
from crm.settings import Settings
from crm.workers import list_workers


class ChannelView(ChannelStanding):
    """With what this process's settings say; workers should have the same."""

    way: str
    """How its messages leave: `outbox`, `smtp`, `smtps`, `webhook` or `apprise`."""
    per_second: float | None
    """The most messages in a second, of all processes together; null without a limit."""


class WorkerView(BaseModel):
    """A process that runs or ran the engine. Moments are the machine's."""

    model_config = ConfigDict(frozen=True)

    name: str
    state: str
    """`running`, `stopped` (in order) or `silent` (killed, or cut off from the database)."""
    host: str
    pid: int
    started_at: datetime
    seen_at: datetime


def channel_views(session: Session, settings: Settings, now: datetime) -> list[ChannelView]:
    return [
        ChannelView(
            **standing.model_dump(),
            way=_way(settings, Channel(standing.channel)),
            per_second=getattr(settings, f"rate_{standing.channel}"),
        )
        for standing in channel_board(session, now)
    ]


def worker_views(session: Session) -> list[WorkerView]:
    now = SystemClock().now()
    return [
        WorkerView(
            name=worker.name,
            state=worker.state_at(now),
            host=worker.host,
            pid=worker.pid,
            started_at=worker.started_at,
            seen_at=worker.seen_at,
        )
        for worker in list_workers(session)
    ]


def _way(settings: Settings, channel: Channel) -> str:
    """The scheme alone: the rest of the URL holds passwords."""
    url: str = getattr(settings, f"channel_{channel.value}").get_secret_value()
    return url.partition(":")[0].partition("+")[0]
