"""Channels: how they stand, and holding one back by hand. Workers: who runs the engine."""

from fastapi import APIRouter
from pydantic import Field

from api.auth import SignedIn, TheNurture
from api.bodies import Body
from api.bootstrap import Nurture
from api.channel_views import ChannelView, WorkerView, channel_views, worker_views
from crm.channels import Channel
from crm.database import read_only, unit_of_work
from crm.outreach.channels.pausing import (
    MOST_REASON_CHARACTERS,
    named_channel,
    pause_channel,
    resume_channel,
)

router = APIRouter(prefix="/api", tags=["channels"])


class PauseRequest(Body):
    reason: str = Field(min_length=1, max_length=MOST_REASON_CHARACTERS, examples=["the gateway is being replaced"])


@router.get("/channels")
def list_channels(actor: SignedIn, nurture: TheNurture) -> list[ChannelView]:
    """Each channel: paused by whom and why, in what trouble, and how many messages wait for it."""
    now = nurture.clock.now()
    with read_only(nurture.sessions) as session:
        return channel_views(session, nurture.settings, now)


@router.post("/channels/{channel}/pause")
def pause(channel: str, request: PauseRequest, actor: SignedIn, nurture: TheNurture) -> ChannelView:
    """Hold back the channel's messages from the next batch on. A channel that is paused keeps its first reason."""
    named, now = named_channel(channel), nurture.clock.now()
    with unit_of_work(nurture.sessions) as session:
        pause_channel(session, named, reason=request.reason, actor=actor, now=now)
    return _view(nurture, named)


@router.post("/channels/{channel}/resume")
def resume(channel: str, actor: SignedIn, nurture: TheNurture) -> ChannelView:
    """Let the channel's messages go on; what is due goes with the engine's next turn."""
    named, now = named_channel(channel), nurture.clock.now()
    with unit_of_work(nurture.sessions) as session:
        resume_channel(session, named, actor=actor, now=now)
    return _view(nurture, named)


@router.get("/workers")
def list_workers(actor: SignedIn, nurture: TheNurture) -> list[WorkerView]:
    """Who runs the engine, with the last sign of life."""
    with read_only(nurture.sessions) as session:
        return worker_views(session)


def _view(nurture: Nurture, channel: Channel) -> ChannelView:
    now = nurture.clock.now()
    with read_only(nurture.sessions) as session:
        return next(view for view in channel_views(session, nurture.settings, now) if view.channel == channel)
