"""Pausing a channel by hand: its messages wait, whatever journey they belong to.

What waits too long is excluded as too late by the gate, as everything else. Sending looks here when it claims
messages and once more in the transaction that hands them over, so that a pause holds from the next batch on.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from crm.access import audit
from crm.access.actor import Actor, Permission, require
from crm.access.models import Account
from crm.channels import SENDABLE_CHANNELS, Channel
from crm.errors import Conflict, InvalidRequest
from crm.outreach.channels.models import ChannelPause
from crm.outreach.models import Message

MOST_REASON_CHARACTERS = 300

IS_PAUSED = exists().where(ChannelPause.channel == Message.channel, ChannelPause.resumed_at.is_(None))
"""Whether the channel of a row of the ledger is paused."""


@dataclass(frozen=True)
class Pause:
    """A pause that holds: since when, by whose hand, why."""

    since: datetime
    by: str
    """The person's display name."""
    reason: str


def named_channel(name: str) -> Channel:
    """The channel of that name. Raises InvalidRequest, naming all, for one that sends nothing."""
    channel = next((channel for channel in SENDABLE_CHANNELS if channel.value == name.strip().lower()), None)
    if channel is None:
        raise InvalidRequest(f"there is no channel {name!r}; there are: {', '.join(SENDABLE_CHANNELS)}")
    return channel


def pause_channel(session: Session, channel: Channel, *, reason: str, actor: Actor, now: datetime) -> None:
    """Hold back the channel's messages from the next batch on. One that is paused stays as it is.

    Raises InvalidRequest without a reason: somebody else will have to know whether it may go on.
    """
    require(actor, Permission.OPERATE_CHANNEL)
    reason = " ".join(reason.split())
    if not 0 < len(reason) <= MOST_REASON_CHARACTERS:
        raise InvalidRequest(f"say why the channel is paused, in 1 to {MOST_REASON_CHARACTERS} characters")
    if _open_pause(session, channel) is not None:
        return
    pause = ChannelPause(channel=channel, reason=reason, paused_at=now, paused_by=actor.account_id)
    try:
        with session.begin_nested():
            session.add(pause)
    except IntegrityError:
        return  # somebody else was faster
    audit.record(session, now=now, actor=actor, action="channel.paused", subject=_subject(channel), reason=reason)


def resume_channel(session: Session, channel: Channel, *, actor: Actor, now: datetime) -> None:
    """Let the channel's messages go on; what is due goes with the next turn. Raises Conflict when it is not paused."""
    require(actor, Permission.OPERATE_CHANNEL)
    pause = _open_pause(session, channel, lock=True)
    if pause is None:
        raise Conflict(f"{channel.value} is not paused")
    pause.resumed_at, pause.resumed_by = now, actor.account_id
    session.flush()
    audit.record(session, now=now, actor=actor, action="channel.resumed", subject=_subject(channel))


def channel_pauses(session: Session) -> Mapping[Channel, Pause]:
    """The channels that are paused."""
    query = (
        select(ChannelPause, Account.display_name)
        .join(Account, Account.id == ChannelPause.paused_by)
        .where(ChannelPause.resumed_at.is_(None))
    )
    return {pause.channel: Pause(pause.paused_at, name, pause.reason) for pause, name in session.execute(query)}


def _open_pause(session: Session, channel: Channel, *, lock: bool = False) -> ChannelPause | None:
    query = select(ChannelPause).where(ChannelPause.channel == channel, ChannelPause.resumed_at.is_(None))
    return session.scalar(query.with_for_update() if lock else query)


def _subject(channel: Channel) -> str:
    return f"channel:{channel.value}"
